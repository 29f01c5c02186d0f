/** Model versions as several pages show them. */
export { fetchModels, fetchVersions, metricsQuery, registeredQuery, versionQuery } from './data.ts';
export type { RegisteredModelRow, VersionRow, VersionView } from './data.ts';
export { ModelLink, VersionLink, searchOf, useRegistry } from './links.tsx';
export type { Registry } from './links.tsx';
export { circuitOf } from './frozen-circuit.ts';
export { Withdraw } from './withdraw.tsx';
