import type { FailureReason, Observation } from './compute.ts';
import { canMove } from './status.ts';
import type { JobStatus } from './status.ts';

/** What deciding about a job needs to know of it. */
export interface JobFacts {
  readonly status: JobStatus;
  readonly attempt: number;
  readonly max_attempts: number;
}

/** What shall become of a job: nothing, another status, or another attempt under the next number. */
export type JobMove =
  | { readonly kind: 'stay' }
  | { readonly kind: 'move'; readonly status: 'queued' | 'preparing' | 'running' }
  | { readonly kind: 'succeed' }
  | { readonly kind: 'fail'; readonly reason: FailureReason; readonly message: string }
  | { readonly kind: 'try_again'; readonly reason: FailureReason; readonly message: string }
  | { readonly kind: 'cancel' };

/**
 * Decides from what a provider says of a job's present attempt. Pure: the same facts give the same move, so it may be
 * asked any number of times. What a job wrote decides too: an attempt that ended well without a model has failed.
 */
export function nextJob(job: JobFacts, seen: Observation, wrote_model: boolean): JobMove {
  switch (seen.state) {
    case 'queued':
    case 'preparing':
    case 'running':
      return seen.state !== job.status && canMove(job.status, seen.state)
        ? { kind: 'move', status: seen.state }
        : { kind: 'stay' };
    case 'succeeded':
      if (!canMove(job.status, 'succeeded')) return { kind: 'stay' };
      return wrote_model
        ? { kind: 'succeed' }
        : failure(job, 'no_model', 'the job ended well but wrote no model into its model output');
    case 'failed':
      return failure(job, seen.reason, seen.message);
    case 'canceled':
      return canMove(job.status, 'canceled') ? { kind: 'cancel' } : { kind: 'stay' };
    default:
      return seen satisfies never;
  }
}

function failure(job: JobFacts, reason: FailureReason, message: string): JobMove {
  if (!canMove(job.status, 'failed')) return { kind: 'stay' };
  return job.attempt < job.max_attempts
    ? { kind: 'try_again', reason, message }
    : { kind: 'fail', reason, message };
}
