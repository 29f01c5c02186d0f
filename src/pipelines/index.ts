export { countsText } from './advance.ts';
export { ARTIFACTS } from './artifacts.ts';
export type { ArtifactName } from './artifacts.ts';
export { driveRuns, scriptsDriver } from './drive.ts';
export { currentHolder, holdProject, holdUnlessServed } from './hold.ts';
export type { Hold, HolderKind } from './hold.ts';
export type { Ticker } from './loop.ts';
export { oldRuns } from './old-runs.ts';
export { dataOfRuns, halfRemovedRuns, removeRun } from './remove-run.ts';
export { versionsInHand } from './versions-in-hand.ts';
export {
  knownNumbers,
  noteLogsRemoved,
  overFor,
  registersAssets,
  removedLogs,
  runsForLogs,
} from './run-retention.ts';
export { registriesOf } from './pipeline.ts';
export type { Pipeline, StageDefinition, World } from './pipeline.ts';
export { getRun, getStages, listRuns, openRuns, requestCancel, wakeRun } from './run-store.ts';
export type { Run, Stage } from './run-store.ts';
export { RunStatus, StageStatus, runIsOver } from './status.ts';
export { simulationOf } from './train/params.ts';
export { parseReference } from './train/run-assets.ts';
export { scriptParams } from './scripts/params.ts';
export type { ScriptJobParams, ScriptParams } from './scripts/params.ts';
export { createScriptsRun, doneBefore, lastDurations } from './scripts/runs.ts';
export { scriptHash } from './scripts/submit-scripts.ts';
export { acceptPartial, createTrainingRun, reviveRun } from './train/runs.ts';
export { failedCircuits, trainPipeline } from './train.ts';
