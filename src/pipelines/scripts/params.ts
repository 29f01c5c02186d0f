import { z } from 'zod';
import type { Run } from '../run-store.ts';

/** One script's training as it was decided: frozen in the run. Paths are relative to the project, with `/`. */
const ScriptJobParams = z.object({
  id: z.string(),
  name: z.string(),
  script: z.string(),
  /** Its folder below `results/`. */
  output: z.string(),
  optional: z.boolean(),
  /** Program and arguments. */
  command: z.array(z.string()),
  /** sha256 of the script's content. */
  sha256: z.string(),
  reason: z.string(),
  copies: z.array(z.string()),
  /** What it is given, by name: what tells it from the other jobs of a sweep. */
  parameters: z.record(z.string(), z.string()).default({}),
});
export type ScriptJobParams = z.infer<typeof ScriptJobParams>;

/** What a run of scripts was started with. */
export const ScriptParams = z.object({
  /** In the order in which they are started. */
  jobs: z.array(ScriptJobParams),
  retries: z.int(),
  timeout_s: z.number().nullable(),
  memory_limit_mib: z.number().nullable(),
  gpus_per_job: z.int(),
  /** How many run at once, and which GPUs they share: for a process that drives the run without its flags. */
  max_workers: z.int().default(1),
  gpus: z.array(z.string()).default([]),
  allow_partial_success: z.boolean(),
  /** Left to the process that serves the project; else whoever typed the command drives it. */
  served: z.boolean().default(false),
  /** `<id> <hash>` of jobs that an interrupted run had finished, and that this one leaves out. */
  resumed: z.array(z.string()),
  /** As it was typed. */
  arguments: z.array(z.string()),
});
export type ScriptParams = z.infer<typeof ScriptParams>;

export const scriptParams = (run: Pick<Run, 'params'>): ScriptParams => ScriptParams.parse(run.params);
