/** Scripts and their runs as several pages show them. */
export {
  allScriptsQuery,
  fetchResults,
  fetchScripts,
  previewQuery,
  resultsQuery,
  startScripts,
} from './data.ts';
export type { Preview, ResultFilter, ResultRow, Results, ScriptRow, ScriptsRequest } from './data.ts';
