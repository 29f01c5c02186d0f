import type { Project } from '../app.ts';
import { getApproval, subjectsWith, vote } from '../gates/index.ts';
import type { Actor, Approval, Verdict } from '../gates/index.ts';
import { gateRules, getRun, registriesOf, wakeRun } from '../pipelines/index.ts';
import { parseRef } from '../registry/index.ts';

export interface Ballot {
  readonly approval_id: string;
  readonly actor: Actor;
  readonly verdict: Exclude<Verdict, 'pending'>;
  readonly comment: string | null;
  /** Null: all that are open. */
  readonly subjects: readonly string[] | null;
  /** Rejected models are taken out of use, so that their circuits are owed. */
  readonly retrain: boolean;
}

/** Records a verdict and wakes the run that waits for it; whoever holds the project goes on with it. */
export async function decide(project: Project, ballot: Ballot): Promise<Approval> {
  const { store, clock, config } = project;
  const before = await getApproval(store.db, ballot.approval_id);
  const after = await store.tx(async (tx) => {
    const voted = await vote(tx, clock.now(), { ...ballot, rules: gateRules(config, before.gate) });
    await wakeRun(tx, clock.now(), voted.run_id);
    return voted;
  });
  if (ballot.retrain) await withdrawRejected(project, after, ballot);
  return after;
}

/** A rejected model alone does not make its circuit owed; without a good model it is. */
async function withdrawRejected(
  project: Project,
  approval: Approval,
  { actor, comment }: Ballot,
): Promise<void> {
  const { db } = project.store;
  const registry = registriesOf(project.world, await getRun(db, approval.run_id)).dev;
  for (const subject of await subjectsWith(db, approval.id, 'reject')) {
    const ref = parseRef(subject);
    if (ref !== null && (await registry.get(ref.model_name, ref.version)) !== null)
      await registry.withdraw(ref.model_name, ref.version, actor, comment ?? 'rejected, to be trained again');
  }
}
