/** Model versions: registering, withdrawing, sharing, and which one of a circuit is good. */
export { accept, wasTrainedOn } from './accept.ts';
export type { Acceptance } from './accept.ts';
export { metricsOf, versionsOfCircuits } from './circuit-versions.ts';
export type { CircuitVersionRow } from './circuit-versions.ts';
export { embeddedRegistry } from './embedded.ts';
export { goodModel, goodModels, goodSettings } from './good-models.ts';
export type { Accepted, GoodModel } from './good-models.ts';
export { lineage } from './lineage.ts';
export type { Lineage } from './lineage.ts';
export { ModelRef, ModelVersion, RegistryName, parseRef, refText } from './model-version.ts';
export type { StoredFile } from './model-version.ts';
export type { ModelVersionDetail } from './model-version.ts';
export { ModelState, pageOfVersions, sharedOf } from './page-of-versions.ts';
export type { VersionsQuery } from './page-of-versions.ts';
export {
  ModelStanding,
  lastVersions,
  modelNames,
  ownersOf,
  pageOfModels,
  versionCounts,
} from './page-of-models.ts';
export type { ModelsQuery, ReportedVersion, StandingModel } from './page-of-models.ts';
export { countVersions, metricsOfModel, statedVersions } from './rows-of-versions.ts';
export type { StatedVersion } from './rows-of-versions.ts';
export { pruneVersions } from './prune-versions.ts';
export type { OldVersion } from './prune-versions.ts';
export type { RemovedObjects } from './sweep-objects.ts';
export { checkQuality } from './quality.ts';
export type { QualityOp, QualityResult, QualityRule } from './quality.ts';
export type * from './registry.ts';
