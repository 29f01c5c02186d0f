/** What people and schedules do to a project. The command line, the API and the web UI call the same functions. */
export { acceptModels, acceptOptions } from './accept-models.ts';
export type { AcceptedModel } from './accept-models.ts';
export { cancelCircuits, cancelNamedJobs, cancelRun, cancelStage } from './cancel.ts';
export type { Canceled } from './cancel.ts';
export { decide } from './decide.ts';
export { decideMatching } from './decide-matching.ts';
export { fleetStates } from './fleet-states.ts';
export type { KnownDebt } from './fleet-states.ts';
export { planProject } from './plan-project.ts';
export type { Planned } from './plan-project.ts';
export { reopen } from './reopen.ts';
export { resumeRun } from './resume.ts';
export { acceptPartial, acceptingNeedsApprover } from './accept-partial.ts';
export { prepareRetry, retry, retryNeedsApprover } from './retry.ts';
export { chooseScripts, makeScriptFolders, scriptCommands, scriptResources } from './choose-scripts.ts';
export type { ScriptResources, ScriptSettings } from './choose-scripts.ts';
export { refuseUnknownFailures } from './chosen-failures.ts';
export { fireSchedule } from './fire-schedule.ts';
export type { Fired } from './fire-schedule.ts';
export { hooksTicker } from './hooks-ticker.ts';
export { hookNamed, secretOf, takeDelivery } from './take-delivery.ts';
export { retryDeliveries } from './retry-deliveries.ts';
export type { Taken } from './take-delivery.ts';
export { prune } from './prune.ts';
export { pruneTicker } from './prune-ticker.ts';
export { schedulesTicker } from './schedules-ticker.ts';
export { tellEvents } from './tell-events.ts';
export { SettingsWatch } from './settings-watch.ts';
export { servedScriptRuns } from './served-script-runs.ts';
export { prepareServedScripts, refuseIfScriptsRun, servedScriptJobs } from './serve-scripts.ts';
export type { ServedScripts } from './serve-scripts.ts';
export { servedSummary, writeReports, writeSummary } from './script-summary.ts';
export type { Report } from './script-summary.ts';
export { prepareScripts } from './start-scripts.ts';
export { isRehearsal, prepareRun, startRun } from './start-run.ts';
export { withdrawModel } from './withdraw-model.ts';
export {
  pause as pauseSchedule,
  resume as resumeSchedule,
  runSchedule,
  scheduleNamed,
} from './change-schedule.ts';
export { channelNamed, sendWaiting, testChannel } from './channels.ts';
