import { sql } from 'kysely';
import { z } from 'zod';
import { containsPattern } from '../kernel/contains.ts';
import type { Db } from '../store/index.ts';

/** What the plan of a run says of a circuit. */
export const PlanCircuitRow = z
  .object({
    circuit_id: z.string(),
    action: z.string().meta({ description: '`train` or `skip`.' }),
    cause: z.string(),
    reason: z.string(),
    training_hash: z.string(),
    inputs_digest: z.string(),
    previous_hash: z.string().nullable(),
    changes: z.array(z.unknown()).meta({ description: 'What differs from its good model.' }),
  })
  .meta({ id: 'PlanCircuit' });
export type PlanCircuitRow = z.infer<typeof PlanCircuitRow>;

const Changes = z.array(z.unknown());

/** In order of the circuits; keyset paged by `after` (a circuit). */
export async function pageOfPlanCircuits(
  db: Db,
  run_id: string,
  query: {
    readonly action?: 'train' | 'skip' | undefined;
    readonly cause?: string | undefined;
    readonly q?: string | undefined;
    readonly after?: string | undefined;
    readonly limit: number;
  },
): Promise<{ items: PlanCircuitRow[]; next: string | null }> {
  let select = db
    .selectFrom('plan_circuits')
    .select([
      'circuit_id',
      'action',
      'cause',
      'reason',
      'training_hash',
      'inputs_digest',
      'previous_hash',
      'changes',
    ])
    .where('run_id', '=', run_id)
    .orderBy('circuit_id')
    .limit(query.limit + 1);
  if (query.action !== undefined) select = select.where('action', '=', query.action);
  if (query.cause !== undefined) select = select.where('cause', '=', query.cause);
  if (query.q !== undefined)
    select = select.where(sql<boolean>`lower(circuit_id) like ${containsPattern(query.q)} escape '\\'`);
  if (query.after !== undefined) select = select.where('circuit_id', '>', query.after);
  const rows = await select.execute();
  const items = rows
    .slice(0, query.limit)
    .map((row) => ({ ...row, changes: Changes.parse(JSON.parse(row.changes)) }));
  return { items, next: rows.length > query.limit ? (items.at(-1)?.circuit_id ?? null) : null };
}
