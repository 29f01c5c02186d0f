/** What people and schedules do to a project. The command line, the API and the web UI call the same functions. */
export { cancelCircuits, cancelJobs, cancelRun, cancelStage } from './cancel.ts';
export type { Canceled } from './cancel.ts';
export { decide } from './decide.ts';
export { planProject } from './plan-project.ts';
export type { Planned } from './plan-project.ts';
export { reopen } from './reopen.ts';
export { isRehearsal, startRun } from './start-run.ts';
