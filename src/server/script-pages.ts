import { z } from 'zod';
import type { JobStatus } from '../jobs/index.ts';
import type { ScriptResult, ScriptTable } from '../views/index.ts';
import { readCursor, writeCursor } from './cursor.ts';

export interface ScriptQuery {
  readonly status?: JobStatus | undefined;
  readonly q?: string | undefined;
  /** `position`, `duration_s` or `metrics.` and a name; descending with `-` before it. */
  readonly sort: string;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export const SCRIPT_SORT = /^-?(?:position|duration_s|metrics\..{1,200})$/;

/** What a page ended with: its number in the order, then its position. */
const Place = z.tuple([z.number().nullable(), z.int()]);
type At = z.infer<typeof Place>;

/** A page of a run's scripts in any order; what lacks the number comes last, whichever way round. */
export function pageOfScripts(
  { rows }: ScriptTable,
  query: ScriptQuery,
): { readonly items: readonly ScriptResult[]; readonly next: string | null; readonly total: number } {
  const after = query.cursor === undefined ? null : readCursor(Place, query.cursor);
  const down = query.sort.startsWith('-');
  const numberOf = numberNamed(down ? query.sort.slice(1) : query.sort);
  const compare = ([a, a_at]: At, [b, b_at]: At): number => {
    if (a === b) return a_at - b_at;
    if (a === null || b === null) return a === null ? 1 : -1;
    return down ? b - a : a - b;
  };
  const found = rows
    .filter(filterOf(query))
    .map((row): readonly [At, ScriptResult] => [[numberOf(row), row.position], row])
    .toSorted(([a], [b]) => compare(a, b));
  const from = after === null ? 0 : found.findIndex(([at]) => compare(at, after) > 0);
  const shown = from < 0 ? [] : found.slice(from, from + query.limit);
  const last = shown.at(-1);
  const more = from >= 0 && found.length > from + query.limit;
  return {
    items: shown.map(([, row]) => row),
    next: more && last !== undefined ? writeCursor(last[0]) : null,
    total: found.length,
  };
}

function numberNamed(name: string): (row: ScriptResult) => number | null {
  if (name === 'position') return (row) => row.position;
  if (name === 'duration_s') return (row) => row.duration_s;
  const metric = name.slice('metrics.'.length);
  return ({ metrics }) =>
    metrics !== null && Object.hasOwn(metrics, metric) ? (metrics[metric] ?? null) : null;
}

function filterOf({ status, q }: ScriptQuery): (row: ScriptResult) => boolean {
  const part = q?.toLowerCase() ?? '';
  return (row) =>
    (status === undefined || row.status === status) &&
    (part === '' || row.id.toLowerCase().includes(part) || row.script.toLowerCase().includes(part));
}
