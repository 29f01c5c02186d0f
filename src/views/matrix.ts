import { z } from 'zod';
import type { Project } from '../app.ts';
import { JobStatus } from '../jobs/index.ts';
import { toIso } from '../kernel/clock.ts';
import { getStages, stageIsOver } from '../pipelines/index.ts';
import type { Run } from '../pipelines/index.ts';
import { Time } from './fields.ts';

const Cell = z.tuple([
  z.string().meta({ description: 'circuit_id' }),
  z.string().nullable().meta({ description: 'Name of the job; null: planned, not written down yet.' }),
  z.int().meta({ description: 'Place in `statuses`.' }),
  z.int().meta({ description: 'attempt' }),
  z.union([z.literal(0), z.literal(1)]).meta({ description: '1: a retry.' }),
  z.string().nullable().meta({ description: 'reason' }),
]);
export type Cell = z.infer<typeof Cell>;

/** All jobs of a run at once, as small as they can be told. A circuit that was retried has two rows, the retry last. */
export const MatrixView = z
  .object({ run: z.int(), statuses: z.array(JobStatus), circuits: z.array(Cell), at: Time })
  .meta({ id: 'Matrix', description: 'All jobs of a run, compactly, in order of their circuits.' });
export type MatrixView = z.infer<typeof MatrixView>;

const CODES = new Map<string, number>(JobStatus.options.map((status, code) => [status, code]));

export async function matrixView(
  { store: { db }, clock }: Pick<Project, 'store' | 'clock'>,
  run: Run,
): Promise<MatrixView> {
  const rows = await db
    .selectFrom('jobs')
    .select(['circuit_id', 'name', 'status', 'attempt', 'retry', 'reason'])
    .where('run_id', '=', run.id)
    .orderBy('circuit_id')
    .orderBy('id')
    .execute();
  const cells = rows.map((r): Cell => [
    r.circuit_id,
    r.name,
    CODES.get(r.status) ?? 0,
    r.attempt,
    r.retry === 1 ? 1 : 0,
    r.reason,
  ]);
  return {
    run: run.number,
    statuses: JobStatus.options,
    circuits: (await isSubmitting({ db }, run)) ? await withPlanned({ db }, run, cells) : cells,
    at: toIso(clock.now()),
  };
}

/** Later on, everything that is trained has a job. */
async function isSubmitting({ db }: Pick<Project['store'], 'db'>, run: Run): Promise<boolean> {
  if (run.pipeline !== 'train' || run.ended_at !== null) return false;
  const submit = (await getStages(db, run.id)).find((s) => s.name === 'SubmitTraining');
  return submit !== undefined && !stageIsOver(submit.status);
}

async function withPlanned(
  { db }: Pick<Project['store'], 'db'>,
  run: Run,
  cells: readonly Cell[],
): Promise<Cell[]> {
  const there = new Set(cells.map(([circuit_id]) => circuit_id));
  const planned = await db
    .selectFrom('plan_circuits')
    .select('circuit_id')
    .where('run_id', '=', run.id)
    .where('action', '=', 'train')
    .execute();
  const open = planned
    .filter((p) => !there.has(p.circuit_id))
    .map((p): Cell => [p.circuit_id, null, 0, 0, 0, null]);
  return [...cells, ...open].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
