export type { DeltaColumn } from './actions.ts';
export type { DeltaRequest } from './request.ts';
export { parseDeltaVersion } from './request.ts';
export type { DeltaResolver, DeltaResolverOptions, ResolvedDelta } from './resolve.ts';
export { checkColumns, deltaResolver } from './resolve.ts';
export type { StoredFile, TableStorage } from './storage.ts';
export type { DeltaTable } from './table.ts';
