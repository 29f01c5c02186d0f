export { collectJobs } from './collect-jobs.ts';
export type { Collected, CollectOptions } from './collect-jobs.ts';
export { jobCommand, shellText } from './job-command.ts';
export type { JobSettings } from './job-command.ts';
export type { ScriptJob } from './script-job.ts';
export { splitWords } from './split-words.ts';
export { TrainingSummary, compareSummaries, summaryJunit, summaryMarkdown } from './summary.ts';
export type { JobSummary } from './summary.ts';
export { digestOf as scriptDigest } from './discover.ts';
