import { approvedAt, turnDown } from '../../gates/index.ts';
import type { Actor } from '../../gates/index.ts';
import type { Tx } from '../../store/index.ts';
import type { World } from '../pipeline.ts';
import { wakeRun } from '../run-store.ts';
import type { Run } from '../run-store.ts';
import { RETRY_STAGE, boundJob, namesRetried } from './failed-circuits.ts';
import { gateRules } from './gate.ts';

/**
 * Circuits whose retry was approved and is not written down yet are not trained again: that is a verdict at the gate and
 * needs its rights. `mayVote` throws where the caller may give none. Returns how many.
 */
export async function takeBackRetries(
  tx: Tx,
  { clock, config }: Pick<World, 'clock' | 'config'>,
  run: Pick<Run, 'id'>,
  circuits: readonly string[],
  { actor, mayVote }: { readonly actor: Actor; readonly mayVote: () => void },
): Promise<number> {
  const wanted = new Set(circuits);
  const approved = (await approvedAt(tx, run.id, RETRY_STAGE)).flatMap(({ binding, ...each }) => {
    const job = boundJob(binding);
    return job !== null && wanted.has(each.subject) ? [{ ...each, job }] : [];
  });
  const begun = await namesRetried(
    tx,
    approved.map(({ job }) => job),
  );
  const open = approved.filter(({ job }) => !begun.has(job));
  if (open.length === 0) return 0;
  mayVote();
  const now = clock.now();
  for (const [approval_id, some] of Map.groupBy(open, (each) => each.approval_id))
    await turnDown(tx, now, {
      approval_id,
      actor,
      subjects: some.map(({ subject }) => subject),
      comment: 'canceled',
      rules: gateRules(config, 'training-retry'),
    });
  await wakeRun(tx, now, run.id);
  return open.length;
}
