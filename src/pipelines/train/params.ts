import { z } from 'zod';
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
  /** The work tree differed from the commit. */
  git_dirty: z.boolean(),
  summary: z.object({ train: z.number(), skip: z.number() }),
});
export type TrainParams = z.infer<typeof TrainParams>;

export const trainParams = (run: Run): TrainParams => TrainParams.parse(run.params);
