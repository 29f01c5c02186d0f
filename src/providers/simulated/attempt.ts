import { z } from 'zod';
import type { AssetType } from '../../assets/index.ts';
import { FAILURE_REASONS } from '../../jobs/compute.ts';

const OUTPUT_TYPES = [
  'uri_file',
  'uri_folder',
  'mltable',
  'custom_model',
  'mlflow_model',
  'triton_model',
] as const satisfies readonly AssetType[];

/** A line of the ledger: an attempt as it was taken over, its whole fate already decided. Times are milliseconds since 1970. */
export const Accepted = z.object({
  kind: z.literal('accepted'),
  key: z.string(),
  job_name: z.string(),
  circuit_id: z.string(),
  attempt: z.number().int(),
  at: z.number(),
  /** Virtual seconds per real second. */
  speed: z.number().positive(),
  /** How many attempts of the run may hold a slot at once. */
  slots: z.number().int().nullable(),
  /** Virtual seconds per phase. Waiting for a slot comes on top of `queue_s`; `run_s` is null where it never runs. */
  queue_s: z.number(),
  prepare_s: z.number(),
  run_s: z.number().nullable(),
  failure: z
    .object({ reason: z.enum(FAILURE_REASONS), message: z.string(), exit_code: z.number().int().nullable() })
    .nullable(),
  /** What metrics, usage and log lines grow from. */
  draw: z.number().int(),
  /** The component's outputs by name. */
  outputs: z.record(z.string(), z.enum(OUTPUT_TYPES)),
  /** Scripted, where there; else they grow from `draw`. */
  metrics: z.record(z.string(), z.number()).nullable().optional(),
  log: z.string().optional(),
});
export type Accepted = z.infer<typeof Accepted>;

/** A line of the ledger: somebody asked for the attempt's end, or its machine went away. */
export const Cut = z.object({ kind: z.enum(['canceled', 'lost']), key: z.string(), at: z.number() });
export type Cut = z.infer<typeof Cut>;

export const LedgerLine = z.discriminatedUnion('kind', [Accepted, Cut]);
export type LedgerLine = z.infer<typeof LedgerLine>;

/** An attempt with what the rest of the ledger says of it. */
export interface Attempt {
  readonly accepted: Accepted;
  /** When its queueing is over and it holds a slot; milliseconds since 1970. */
  readonly starts_at: number;
  /** What ended it before its time; it counts for nothing if that came too late. */
  readonly cut: Cut | null;
}
