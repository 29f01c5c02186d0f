/** What people and schedules do to a project. The command line, the API and the web UI call the same functions. */
export { planProject } from './plan-project.ts';
export type { Planned } from './plan-project.ts';
export { chooseScripts, makeScriptFolders, scriptCommands, scriptResources } from './choose-scripts.ts';
export type { ScriptResources, ScriptSettings } from './choose-scripts.ts';
export { fireSchedule } from './fire-schedule.ts';
export type { Fired } from './fire-schedule.ts';
export { prune } from './prune.ts';
export type { PruneItem, PruneReport } from './prune-report.ts';
export { pruneTicker } from './prune-ticker.ts';
export { schedulesTicker } from './schedules-ticker.ts';
export { scheduledScripts } from './scheduled-scripts.ts';
export { writeSummary } from './script-summary.ts';
export type { Report } from './script-summary.ts';
export { prepareScripts } from './start-scripts.ts';
export { isRehearsal, startRun } from './start-run.ts';
