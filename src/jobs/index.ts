export type * from './compute.ts';
export { FAILURE_REASONS } from './compute.ts';
export { attemptKey, baseJobName, freeJobName, retryJobName } from './job-names.ts';
export {
  NOT_BEGUN,
  cancelPending,
  countJobs,
  countMandatoryFailures,
  eachJob,
  earliestRetry,
  earliestRunning,
  findJob,
  insertJobs,
  jobsByName,
  jobsOfStage,
  lastJobs,
  listJobs,
  takenNames,
  usualDurations,
} from './job-store.ts';
export type { Job, LastJob } from './job-store.ts';
export type { JobWorld } from './job-world.ts';
export { WatchedJobs, jobsNamed, recentJobNames } from './named-jobs.ts';
export type { NamedJob } from './named-jobs.ts';
export { markLost, observeJobs, timeOutJobs } from './observe-jobs.ts';
export { JobStatus, OPEN_STATUSES, isOver, openCount } from './status.ts';
export type { JobCounts } from './status.ts';
export { resubmitUnknown, submitPending } from './submit-jobs.ts';
