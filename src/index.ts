/**
 * What programs may rely on: exit codes and errors of the command line, the shapes of the files a run writes and of
 * the circuits in `plan --json`, and the port that a provider implements. Fleets are run with the command line.
 */
export { CAUSES } from './fleet/index.ts';
export type { Cause, FieldChange, PlannedCircuit } from './fleet/index.ts';
export type * from './jobs/compute.ts';
export { FAILURE_REASONS, JobStatus } from './jobs/index.ts';
export { EXIT, TrainyardError } from './kernel/errors.ts';
export type { ErrorCode, Problem } from './kernel/errors.ts';
export { ARTIFACTS, RunStatus, StageStatus } from './pipelines/index.ts';
export type { ArtifactName } from './pipelines/index.ts';
export type * from './registry/registry.ts';
