import { z } from 'zod';
import type { Db } from '../../store/index.ts';
import type { Run } from '../run-store.ts';

/** What a training run was started with; frozen in its row. */
export const TrainParams = z.object({
  provider: z.string(),
  detection: z.object({
    mode: z.enum(['git', 'hash']),
    base_ref: z.string().nullable(),
    base_commit: z.string().nullable(),
  }),
  selected: z.array(z.string()).nullable(),
  component: z.object({ name: z.string(), version: z.string(), digest: z.string() }),
  environments: z.array(z.object({ name: z.string(), version: z.string(), digest: z.string() })),
  /** Gates approved in advance with `run --approve`, by whom. */
  approved_gates: z.array(z.string()),
  allow_wide: z.string().nullable(),
  /** What whoever started it had to say. */
  comment: z.string().optional(),
  /** The work tree differed from the commit. */
  git_dirty: z.boolean(),
  summary: z.object({ train: z.number(), skip: z.number() }),
  /** How the simulated provider plays this run, whichever process goes on with it; null on any other provider. */
  simulation: z
    .object({
      duration_s: z.number(),
      duration_spread: z.number(),
      queue_s: z.number(),
      prepare_s: z.number(),
      seed: z.number(),
      fail_rate: z.number(),
      fail: z.array(z.string()),
      speed: z.number(),
      max_parallel: z.number().nullable(),
    })
    .nullable()
    .default(null),
});
export type TrainParams = z.infer<typeof TrainParams>;

export const trainParams = (run: Pick<Run, 'params'>): TrainParams => TrainParams.parse(run.params);

/** A run's own simulation, or null where none was frozen. */
export async function simulationOf(db: Db, run_id: string): Promise<TrainParams['simulation']> {
  const row = await db.selectFrom('runs').select('params').where('id', '=', run_id).executeTakeFirst();
  const params = row === undefined ? null : TrainParams.safeParse(JSON.parse(row.params));
  return params?.success === true ? params.data.simulation : null;
}
