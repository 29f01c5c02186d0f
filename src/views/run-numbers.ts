import { batches } from '../store/index.ts';
import type { Db } from '../store/index.ts';

/** Numbers of the runs that some things belong to, by the runs' ids. */
export async function runNumbers(
  db: Db,
  of: readonly { readonly run_id: string }[],
): Promise<Map<string, number>> {
  const numbers = new Map<string, number>();
  for (const some of batches([...new Set(of.map((each) => each.run_id))])) {
    const rows = await db.selectFrom('runs').select(['id', 'number']).where('id', 'in', some).execute();
    for (const row of rows) numbers.set(row.id, row.number);
  }
  return numbers;
}
