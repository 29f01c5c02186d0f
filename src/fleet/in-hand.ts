import { batches } from '../store/index.ts';
import type { Db } from '../store/index.ts';

/** An open run that has a circuit on its list: it will train it, or offers it at its retry gate. */
export interface InHand {
  readonly run_number: number;
  readonly action: 'train' | 'offer';
  readonly training_hash: string;
  readonly inputs_digest: string;
}

/** What runs that are not over have on their lists of these circuits, pull requests aside; the newest run counts. */
export async function circuitsInHand(db: Db, circuit_ids: readonly string[]): Promise<Map<string, InHand>> {
  const found = new Map<string, InHand>();
  for (const some of batches(circuit_ids)) {
    const rows = await db
      .selectFrom('plan_circuits')
      .innerJoin('runs', 'runs.id', 'plan_circuits.run_id')
      // A run that could not submit is open for its other gates, and trains nothing any more.
      .leftJoin('stages', (join) =>
        join.onRef('stages.run_id', '=', 'runs.id').on('stages.name', '=', 'SubmitTraining'),
      )
      .where((e) =>
        e.or([
          e('stages.status', 'is', null),
          e('stages.status', 'not in', ['failed', 'skipped', 'canceled']),
        ]),
      )
      .select([
        'plan_circuits.circuit_id',
        'plan_circuits.action',
        'plan_circuits.training_hash',
        'plan_circuits.inputs_digest',
        'runs.number as run_number',
      ])
      .where('plan_circuits.circuit_id', 'in', some)
      .where('runs.ended_at', 'is', null)
      // What was taken out of a run again is in nobody's hand.
      .where((e) =>
        e.or([e('plan_circuits.action', '=', 'train'), e('plan_circuits.cause', '=', 'owed_failed')]),
      )
      .where('runs.pr', '=', 0)
      .where('runs.rehearsal', '=', 0)
      .orderBy('runs.number')
      .execute();
    for (const { circuit_id, action, ...row } of rows)
      found.set(circuit_id, { ...row, action: action === 'train' ? 'train' : 'offer' });
  }
  return found;
}
