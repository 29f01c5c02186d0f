/** What people and schedules do to a project. The command line, the API and the web UI call the same functions. */
export { planProject } from './plan-project.ts';
export type { Planned } from './plan-project.ts';
export { isRehearsal, startRun } from './start-run.ts';
