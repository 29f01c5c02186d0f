import type { ApprovalView, SubjectRow } from './approval-data.ts';

/** What the retry stage shows of a failed circuit. Each part may be missing: a request keeps what its release wrote. */
export interface Failed {
  readonly job: string | null;
  readonly attempts: number | null;
  readonly message: string | null;
  readonly url: string | null;
  /** It failed in an earlier run. */
  readonly owed: boolean;
  readonly log_tail: readonly string[];
  readonly cause: string | null;
  readonly kind: string | null;
}

export function failedOf({ detail }: SubjectRow): Failed {
  const failure = record(detail['failure']);
  return {
    job: text(detail['job']),
    attempts: number(detail['attempts']),
    message: text(detail['message']),
    url: text(detail['url']),
    owed: detail['owed'] === true,
    log_tail: texts(detail['log_tail']),
    cause: text(failure['title']),
    kind: text(failure['class']),
  };
}

/** Failures of one cause, as they stood when the request was opened. */
export interface FailureGroup {
  readonly number: number;
  readonly kind: string;
  readonly title: string;
  readonly advice: string;
  readonly circuits: readonly string[];
  readonly sample: readonly string[];
  readonly systematic: boolean;
}

/** How things stood when a retry was asked for. */
export interface RetryFacts {
  readonly groups: readonly FailureGroup[];
  readonly capacity: string | null;
  readonly estimate: { readonly retry_s: number; readonly known: number; readonly of: number } | null;
}

export function retryFacts({ context }: ApprovalView): RetryFacts {
  const groups = Array.isArray(context['groups']) ? context['groups'].map(record) : [];
  const estimate = record(context['estimate']);
  const retry_s = number(estimate['retry_s']);
  return {
    groups: groups.map((group, i) => ({
      number: number(group['number']) ?? i + 1,
      kind: text(group['class']) ?? 'unknown',
      title: text(group['title']) ?? 'unknown cause',
      advice: text(group['advice']) ?? '',
      circuits: texts(group['circuits']),
      sample: texts(group['sample']),
      systematic: group['systematic'] === true,
    })),
    capacity: text(record(context['capacity'])['message']),
    estimate:
      retry_s === null
        ? null
        : { retry_s, known: number(estimate['known']) ?? 0, of: number(estimate['of']) ?? 0 },
  };
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
