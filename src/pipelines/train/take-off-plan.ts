import type { Actor } from '../../kernel/actor.ts';
import { appendEvents, batches } from '../../store/index.ts';
import type { Tx } from '../../store/index.ts';
import type { Run } from '../run-store.ts';

/** Circuits that a run plans to train and has no job for yet are not trained by it; they stay owed. Returns how many. */
export async function takeOffPlan(
  tx: Tx,
  now: number,
  run: Pick<Run, 'id' | 'number'>,
  circuits: readonly string[],
  actor: Actor,
): Promise<number> {
  const taken: string[] = [];
  for (const some of batches(circuits)) {
    const rows = await tx
      .updateTable('plan_circuits')
      .set({ action: 'skip', cause: 'owed_unfinished', reason: `taken out of the run by ${actor.name}` })
      .where('run_id', '=', run.id)
      .where('action', '=', 'train')
      .where('circuit_id', 'in', some)
      .where((e) =>
        e.not(
          e.exists(
            e
              .selectFrom('jobs')
              .select('jobs.id')
              .where('jobs.run_id', '=', run.id)
              .whereRef('jobs.circuit_id', '=', 'plan_circuits.circuit_id'),
          ),
        ),
      )
      .returning('circuit_id')
      .execute();
    taken.push(...rows.map((r) => r.circuit_id));
  }
  if (taken.length > 0)
    await appendEvents(tx, now, [
      {
        type: 'run.circuits_taken_out',
        severity: 'warning',
        run_id: run.id,
        actor,
        message: `${actor.name} took ${taken.length === 1 ? taken[0] : `${taken.length} circuits`} out of run ${run.number} before they were submitted`,
        data: { circuits: taken },
      },
    ]);
  return taken.length;
}
