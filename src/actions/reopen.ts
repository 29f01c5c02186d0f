import type { Project } from '../app.ts';
import { mayNotVote, reopenApproval } from '../gates/index.ts';
import type { Actor, Approval } from '../gates/index.ts';
import { UsageError } from '../kernel/errors.ts';
import { gateRules, getRun, requestNow, reviveAt } from '../pipelines/index.ts';

/**
 * Asks again what nobody decided in time or what was held, for as long as the gate says or as told. Whoever may decide at
 * the gate may reopen, and whoever started the run.
 * @throws NotAllowedError, ConflictError when there is nothing left to ask
 */
export async function reopen(
  project: Project,
  request: {
    readonly approval_id: string;
    readonly actor: Actor;
    readonly expires_s: number | null;
    readonly comment: string | null;
  },
): Promise<Approval> {
  const { store, clock, config } = project;
  const approval = await requestNow(project.world, request.approval_id);
  const { actor, comment } = request;
  if (request.expires_s !== null && request.expires_s <= 0)
    throw new UsageError('A request that is open for no time cannot be decided.', {
      hint: 'Say for how long: --expires 4h.',
    });
  const refusal = mayNotVote(approval, actor, gateRules(config, approval.gate));
  if (refusal !== null && actor.name.toLowerCase() !== approval.requested_by.toLowerCase()) throw refusal;
  const expires_s = request.expires_s ?? config.gates[approval.gate]?.expires_s ?? DAY_S;
  return store.tx(async (tx) => {
    const opened = await reopenApproval(tx, clock.now(), approval.id, { actor, expires_s, comment });
    await reviveAt(tx, clock.now(), await getRun(tx, approval.run_id), approval.stage);
    return opened;
  });
}

const DAY_S = 86_400;
