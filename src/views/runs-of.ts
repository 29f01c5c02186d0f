import { batches } from '../store/index.ts';
import type { Db } from '../store/index.ts';

/** The runs that some things belong to, by the runs' ids. */
export async function runsOf(
  db: Db,
  of: readonly { readonly run_id: string }[],
): Promise<Map<string, { readonly number: number; readonly rehearsal: boolean }>> {
  const runs = new Map<string, { readonly number: number; readonly rehearsal: boolean }>();
  for (const some of batches([...new Set(of.map((each) => each.run_id))])) {
    const rows = await db
      .selectFrom('runs')
      .select(['id', 'number', 'rehearsal'])
      .where('id', 'in', some)
      .execute();
    for (const { id, number, rehearsal } of rows) runs.set(id, { number, rehearsal: rehearsal === 1 });
  }
  return runs;
}
