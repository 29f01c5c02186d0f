export type * from './compute.ts';
export { FAILURE_REASONS } from './compute.ts';
export { adviceFor } from './failures/advice.ts';
export { analyzeFailure } from './failures/analyze-failure.ts';
export { FAILURE_CLASSES, Failure } from './failures/failure.ts';
export type { FailureClass, FailureFacts } from './failures/failure.ts';
export { groupFailures } from './failures/group-failures.ts';
export type { FailureGroup } from './failures/group-failures.ts';
export { circuitsInTraining, firstTried, newestJobs } from './circuit-jobs.ts';
export type { NewestJob } from './circuit-jobs.ts';
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
  jobsById,
  jobsByName,
  jobsOfStage,
  lastJobs,
  metricsOf,
  takenNames,
  usualDurations,
} from './job-store.ts';
export type { Job, LastJob } from './job-store.ts';
export { listJobs, pageOfJobs } from './page-of-jobs.ts';
export type { JobFilter } from './page-of-jobs.ts';
export type { JobWorld } from './job-world.ts';
export { WatchedJobs, jobsNamed, recentJobNames } from './named-jobs.ts';
export type { NamedJob } from './named-jobs.ts';
export { markLost, observeJobs, timeOutJobs } from './observe-jobs.ts';
export { JobStatus, NO_JOBS, OPEN_STATUSES, isOver, openCount } from './status.ts';
export type { JobCounts } from './status.ts';
export { resubmitUnknown, submitPending } from './submit-jobs.ts';
