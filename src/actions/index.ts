/** What people and schedules do to a project. The command line, the API and the web UI call the same functions. */
export { cancelCircuits, cancelJobs, cancelRun, cancelStage } from './cancel.ts';
export type { Canceled } from './cancel.ts';
export { decide } from './decide.ts';
export { planProject } from './plan-project.ts';
export type { Planned } from './plan-project.ts';
export { reopen } from './reopen.ts';
export { chooseScripts, makeScriptFolders, scriptCommands, scriptResources } from './choose-scripts.ts';
export type { ScriptResources, ScriptSettings } from './choose-scripts.ts';
export { fireSchedule } from './fire-schedule.ts';
export type { Fired } from './fire-schedule.ts';
export { schedulesTicker } from './schedules-ticker.ts';
export { scheduledScripts } from './scripts-ticker.ts';
export { writeSummary } from './script-summary.ts';
export type { Report } from './script-summary.ts';
export { prepareScripts } from './start-scripts.ts';
export { isRehearsal, startRun } from './start-run.ts';
