import { z } from 'zod';
import type { FailureReason } from '../compute.ts';

/** What kind of help a failure needs; `adviceFor` says it in a sentence. */
export const FAILURE_CLASSES = ['transient', 'code', 'data', 'config', 'capacity', 'unknown'] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];

/** What is known of a failed attempt: the job row's reason and message, and the end of its log (secrets already gone). */
export interface FailureFacts {
  readonly reason: FailureReason | string | null;
  readonly message: string | null;
  readonly exit_code: number | null;
  readonly log_tail: string;
  /** Names that are this job's alone (circuit, job, run, model), so that they tell no two causes apart. Whole names only. */
  readonly own_names?: readonly string[];
}

export const MOST_TITLE = 200;
export const MOST_SAMPLE = 8;

/** Why an attempt failed, fit to be stored and shown. */
export const Failure = z.object({
  class: z.enum(FAILURE_CLASSES),
  signature: z
    .string()
    .regex(/^[0-9a-f]{12}$/)
    .describe('Over class and cause without paths, numbers and ids: equal causes, equal signature.'),
  title: z.string().min(1).max(MOST_TITLE).describe('One line for people, from the real text.'),
  sample: z.array(z.string()).max(MOST_SAMPLE).readonly().describe('Log lines around the cause, as printed.'),
});
export type Failure = Readonly<z.infer<typeof Failure>>;
