import type { Clock } from '../kernel/clock.ts';
import type { Db, Tx } from '../store/index.ts';
import type { Compute, Submission } from './compute.ts';
import type { Job } from './job-store.ts';

/** What moving a run's jobs needs: the rows, the provider, the clock, and the way from a row to a submission. */
export interface JobWorld {
  readonly run_id: string;
  readonly db: Db;
  readonly clock: Clock;
  readonly compute: Compute;
  readonly signal: AbortSignal;
  /** A transaction that fails when this process no longer holds the run. */
  tx<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  submissionOf(job: Job): Promise<Submission>;
  /** Name of the component's output that must hold a model in the end; null where none has to. */
  modelOutputOf(job: Job): Promise<string | null>;
  /** Numbers that a job reported past its provider, where it may; looked at once it has succeeded. */
  metricsOf?(job: Job, running_at: string | null): Promise<Readonly<Record<string, number>> | null>;
  /** Seconds between an attempt that failed and the next. */
  readonly retry_delay_s: number;
  /** Does nothing outside crash tests. */
  faultPoint(name: string): void;
}
