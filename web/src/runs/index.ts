/** Runs as several pages show them. */
export { runQuery } from './run-query.ts';
export { brought, countsOf } from './shown-run.ts';
export type { ShownRun } from './shown-run.ts';
