/** What people and programs see of things: one document for each, the same in `--json`, the API and the web UI. */
export { AcceptedModel } from './accepted-model.ts';
export {
  ApprovalRow,
  ApprovalView,
  SubjectRow,
  approvalRow,
  approvalRows,
  approvalView,
  subjectRow,
} from './approval.ts';
export { ArtifactRow, artifactNamed, artifactRow, artifactsOf } from './artifact.ts';
export { Time } from './fields.ts';
export { FailuresView, failuresView } from './failures.ts';
export { JobRow, JobView, jobRows, jobView } from './job.ts';
export { MOST_LOG_BYTES, readJobLog } from './job-log.ts';
export type { LogPiece } from './job-log.ts';
export { NamedJobView, NamedJobs, namedJobViews, namedJobs } from './named-job.ts';
export { MatrixView, matrixView } from './matrix.ts';
export { PlanCircuitRow, pageOfPlanCircuits } from './plan-circuit.ts';
export {
  ModelMetrics,
  ModelPage,
  ModelRow,
  ModelVersionView,
  modelRow,
  modelVersionView,
  registryNamed,
} from './model.ts';
export { RegisteredModel, registeredModels } from './registered-model.ts';
export { PlanView, PlannedCircuitView, planParts, planView } from './plan.ts';
export { WhyView, whyView } from './why.ts';
export { MOST_BUCKETS, TimelineView, timelineView } from './timeline.ts';
export { PrunePreview, RetentionView, retentionView } from './retention.ts';
export { RunReport, runReport, stageDetail, tookOf } from './run-report.ts';
export { RunRow, RunView, runRow, runView, ListedRun, listedRuns } from './run.ts';
export { CircuitPage, CircuitView, FleetBoard, FleetProblem, circuitRows, circuitView } from './circuit.ts';
export {
  ScriptResult,
  ScriptView,
  scriptResults,
  scriptView,
  ScriptPreview,
  scriptPreview,
} from './script.ts';
export type { ScriptTable } from './script.ts';
export { TokenRow, tokenRow } from './token.ts';
export { EventView, SeverityField, eventView } from './event.ts';
export { DoctorView, diagnose } from './doctor.ts';
export { SystemView, providerView, systemView } from './system.ts';
export type { ServingFacts } from './system.ts';
export { AuditEntryView, AuditVerdictView, auditEntryView, auditVerdictView } from './audit.ts';
export {
  ChannelView,
  NotificationState,
  NotificationView,
  channelViews,
  notificationView,
} from './notification.ts';
export { FiringView, ScheduleView, isServed, scheduleRows, scheduleView, timeLine } from './schedule.ts';
export type { ScheduleRow } from './schedule.ts';
export { DeliveryView, HookView, hookView, hookViews } from './hook.ts';
