/** What a build is told of a run: plain facts, whichever rows or services they come from. */
export interface RunReport {
  readonly number: number;
  readonly status: string;
  readonly reason: string | null;
  readonly pr: boolean;
  readonly rehearsal: boolean;
  readonly requested_by: string;
  readonly git_commit: string | null;
  /** Null while it goes on. */
  readonly took_s: number | null;
  readonly stages: readonly StageReport[];
  /** Jobs by status, those of retries included. */
  readonly jobs: Readonly<Record<string, number>>;
  /** A job failed before any retry. */
  readonly has_training_failures: boolean;
  readonly new_env_registered: boolean;
  /** Somebody lets the run do without the circuits that failed. */
  readonly accepted: boolean;
  /** Circuits whose newest job in the run failed. */
  readonly failures: readonly Failure[];
  readonly approvals: readonly OpenRequest[];
  /** `path`: absolute; null where it does not lie on this machine. */
  readonly artifacts: readonly {
    readonly name: string;
    readonly size: number;
    readonly path: string | null;
  }[];
  /** What to type next and what it does, where one thing stands out. */
  readonly next: { readonly command: string; readonly purpose: string } | null;
}

export interface StageReport {
  readonly name: string;
  readonly status: string;
  /** Counts and reasons in words. */
  readonly detail: string;
  readonly took_s: number | null;
}

export interface Failure {
  readonly circuit: string;
  readonly job: string;
  readonly attempts: number;
  readonly message: string | null;
  /** Why it failed, in a line; jobs of one signature failed for the same cause. */
  readonly cause: string;
  readonly signature: string;
  readonly optional: boolean;
}

export interface OpenRequest {
  readonly id: string;
  readonly gate: string;
  readonly title: string;
  readonly expires_at: string;
}

export interface FailureGroup {
  readonly cause: string;
  readonly failures: readonly Failure[];
}

/** Failures of one cause together, the largest group first. */
export function groupFailures(failures: readonly Failure[]): FailureGroup[] {
  const groups = new Map<string, Failure[]>();
  for (const failure of failures) {
    const known = groups.get(failure.signature);
    if (known === undefined) groups.set(failure.signature, [failure]);
    else known.push(failure);
  }
  return [...groups]
    .map(([, members]) => ({ cause: members[0]?.cause ?? 'failed', failures: members }))
    .toSorted((a, b) => b.failures.length - a.failures.length);
}
