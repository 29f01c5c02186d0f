export { countsText } from './advance.ts';
export { ARTIFACTS } from './artifacts.ts';
export type { ArtifactName } from './artifacts.ts';
export { failuresOfRun } from './failures-of-run.ts';
export { driveRuns, scriptsDriver } from './drive.ts';
export { currentHolder, holdIfFree, holdProject, holdUnlessServed } from './hold.ts';
export type { Hold, HolderKind } from './hold.ts';
export { failureOf } from './note-failures.ts';
export type { Ticker } from './loop.ts';
export { oldRuns } from './old-runs.ts';
export {
  LastPrune,
  PRUNE_KINDS,
  PruneItem,
  PruneReport,
  PruneRequest,
  askForPrune,
  lastPrune,
  notePrune,
  prunesDue,
  settlePrune,
} from './prune-record.ts';
export type { PruneKind } from './prune-record.ts';
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
export {
  getRun,
  getStages,
  listRuns,
  openRuns,
  requestCancel,
  requestJobsCancel,
  requestStageCancel,
  wakeRun,
} from './run-store.ts';
export type { Run, Stage } from './run-store.ts';
export { RunStatus, StageStatus, runIsOver, stageIsOver } from './status.ts';
export { stepsOfJob } from './steps-of-job.ts';
export { simulationOf } from './train/params.ts';
export { parseReference } from './train/run-assets.ts';
export { scriptParams } from './scripts/params.ts';
export type { ScriptJobParams, ScriptParams } from './scripts/params.ts';
export { createScriptsRun, doneBefore, lastDurations } from './scripts/runs.ts';
export { scriptHash } from './scripts/submit-scripts.ts';
export { acceptPartial, createTrainingRun, reviveRun } from './train/runs.ts';
export { circuitsStillFailed } from './train/failed-circuits.ts';
export { approvedInAdvance, gateConfig, gateRules, requestNow } from './train/gate.ts';
export { RetryContext } from './train/retry-request.ts';
export { prepareRetry, retryRun, retryableNow } from './train/retry-run.ts';
export { reviveAt } from './train/revive.ts';
export { takeBackRetries } from './train/take-back-retries.ts';
export { takeOffPlan } from './train/take-off-plan.ts';
export { trainPipeline } from './train.ts';
