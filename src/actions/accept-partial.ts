import type { Project } from '../app.ts';
import { mayNotVote } from '../gates/index.ts';
import type { Actor } from '../gates/index.ts';
import {
  acceptPartial as accept,
  approvedInAdvance,
  gateConfig,
  gateRules,
  getRun,
} from '../pipelines/index.ts';
import type { Run } from '../pipelines/index.ts';

/**
 * Lets promotion go on although circuits failed again, on record.
 * @throws NotAllowedError for whoever may not decide at the gates that this speaks for
 * @throws ConflictError when there is no such loss
 */
export async function acceptPartial(
  project: Project,
  run: Run,
  actor: Actor,
  comment: string | null,
): Promise<Run> {
  const { store, clock, config } = project;
  for (const gate of gatesOf(run)) {
    const asked = { ...gateConfig(project, gate), gate, requested_by: run.requested_by };
    const refusal = mayNotVote(asked, actor, gateRules(config, gate));
    if (refusal !== null) throw refusal;
  }
  return store.tx(async (tx) => {
    // A retry may have been asked for meanwhile: what comes of that was seen by nobody yet.
    await accept(tx, clock.now(), await getRun(tx, run.id), actor, comment);
    return getRun(tx, run.id);
  });
}

/** Whether that is a decision of chosen people: one of these gates names approvers or wants more than one yes. */
export const acceptingNeedsApprover = (project: Project, run: Run): boolean =>
  gatesOf(run).some((gate) => {
    const { approvers, required } = gateConfig(project, gate);
    return approvers.length > 0 || required > 1;
  });

/**
 * It answers the question about the failed circuits, as turning their retry down does. Promotion asks for itself; only
 * where it was approved in advance, before anybody knew what would be missing, nobody is asked any more.
 */
const gatesOf = (run: Run): readonly string[] =>
  approvedInAdvance(run, PROMOTION) ? ['training-retry', PROMOTION] : ['training-retry'];

const PROMOTION = 'registry-promotion';
