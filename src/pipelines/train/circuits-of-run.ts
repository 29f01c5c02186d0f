import { thaw } from '../../fleet/index.ts';
import type { Circuit } from '../../fleet/index.ts';
import { batches } from '../../store/index.ts';
import type { Db, PlanCircuitsTable, Tx } from '../../store/index.ts';
import { z } from 'zod';

/** What RegisterMLTables noted for a circuit: the registered data asset its job reads. */
export const DataAssetRef = z.object({
  name: z.string(),
  version: z.string(),
  type: z.enum(['uri_file', 'uri_folder', 'mltable']),
  path: z.string(),
});
export type DataAssetRef = z.infer<typeof DataAssetRef>;

export interface RunCircuit {
  readonly row: PlanCircuitsTable;
  readonly circuit: Circuit;
  /** sha256 of what lay at `data_path` when the plan was made. */
  readonly data_content: string | null;
  readonly data_asset: DataAssetRef | null;
}

/** The circuits of a run's plan as they were frozen, page by page, in order of their ids. */
export async function* eachRunCircuit(
  db: Db,
  run_id: string,
  filter: { readonly action?: 'train' | 'skip'; readonly cause?: string } = {},
): AsyncGenerator<readonly RunCircuit[]> {
  let after = '';
  for (;;) {
    let select = db
      .selectFrom('plan_circuits')
      .selectAll()
      .where('run_id', '=', run_id)
      .where('circuit_id', '>', after)
      .orderBy('circuit_id')
      .limit(500);
    if (filter.action !== undefined) select = select.where('action', '=', filter.action);
    if (filter.cause !== undefined) select = select.where('cause', '=', filter.cause);
    const rows = await select.execute();
    if (rows.length > 0) {
      yield rows.map((row) => ({
        row,
        ...thaw(row.settings),
        data_asset: row.data_asset === null ? null : DataAssetRef.parse(JSON.parse(row.data_asset)),
      }));
    }
    if (rows.length < 500) return;
    after = rows.at(-1)?.circuit_id ?? '';
  }
}

export async function noteDataAssets(
  tx: Tx,
  run_id: string,
  refs: ReadonlyMap<string, DataAssetRef>,
): Promise<void> {
  for (const some of batches([...refs])) {
    for (const [circuit_id, ref] of some) {
      await tx
        .updateTable('plan_circuits')
        .set({ data_asset: JSON.stringify(ref) })
        .where('run_id', '=', run_id)
        .where('circuit_id', '=', circuit_id)
        .execute();
    }
  }
}
