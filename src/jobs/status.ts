import { z } from 'zod';

/** Where a job stands. `pending`: written down, not handed over yet (also between two attempts). */
export const JobStatus = z.enum([
  'pending',
  'queued',
  'preparing',
  'running',
  'succeeded',
  'failed',
  'canceled',
]);
export type JobStatus = z.infer<typeof JobStatus>;

/** The moves a job may make; the docs and the tests read this very table. */
export const JOB_MOVES = {
  pending: ['queued', 'preparing', 'running', 'succeeded', 'failed', 'canceled'],
  queued: ['pending', 'preparing', 'running', 'succeeded', 'failed', 'canceled'],
  preparing: ['pending', 'queued', 'running', 'succeeded', 'failed', 'canceled'],
  running: ['pending', 'succeeded', 'failed', 'canceled'],
  succeeded: [],
  failed: [],
  canceled: [],
} as const satisfies Record<JobStatus, readonly JobStatus[]>;

export const isOver = (status: JobStatus): boolean => JOB_MOVES[status].length === 0;
export const canMove = (from: JobStatus, to: JobStatus): boolean =>
  (JOB_MOVES[from] as readonly JobStatus[]).includes(to);

/** Statuses of jobs that something still has to happen to. */
export const OPEN_STATUSES = JobStatus.options.filter((s) => !isOver(s));

export type JobCounts = Readonly<Record<JobStatus, number>>;
export const NO_JOBS: JobCounts = {
  pending: 0,
  queued: 0,
  preparing: 0,
  running: 0,
  succeeded: 0,
  failed: 0,
  canceled: 0,
};
export const openCount = (counts: JobCounts): number => OPEN_STATUSES.reduce((sum, s) => sum + counts[s], 0);
