import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../kernel/errors.ts';

/** What jobs are ranked by. */
export interface Metric {
  readonly name: string;
  readonly goal: 'min' | 'max';
}

const LARGEST_BYTES = 1 << 20;

/** Reads `mae:min`. @throws UsageError */
export function parseMetric(text: string): Metric {
  const [, name, goal] = /^(.+):(min|max)$/.exec(text) ?? [];
  if (name === undefined || (goal !== 'min' && goal !== 'max'))
    throw new UsageError(`--metric ${text} does not say what is better.`, {
      hint: 'For example: --metric mae:min or --metric accuracy:max',
    });
  return { name, goal };
}

/**
 * The numbers that a job reported: in `metrics.json` among its results, else in the last line of its log that is a JSON
 * object. Null: none.
 */
export function jobMetrics(
  root: string,
  job: { readonly id: string; readonly output: string },
  started_at: string | null,
): Record<string, number> | null {
  const since = started_at === null ? 0 : Date.parse(started_at);
  return (
    numbers(readSmall(join(root, 'results', job.output, 'metrics.json'), since)) ??
    readTail(join(root, 'logs', `${job.id}.log`))
      .split('\n')
      .toReversed()
      .map((line) => (line.trim().startsWith('{') ? numbers(line) : null))
      .find((found) => found !== null) ??
    null
  );
}

function numbers(text: string): Record<string, number> | null {
  try {
    // Python writes NaN and Infinity, which JSON does not know; they are no numbers to rank by.
    const json = text.replaceAll(/"(?:[^"\\]|\\.)*"|-?(?:NaN|Infinity)/g, (token) =>
      token.startsWith('"') ? token : 'null',
    );
    const value: unknown = JSON.parse(json);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    const found = Object.entries(value).filter(
      (entry): entry is [string, number] => typeof entry[1] === 'number' && Number.isFinite(entry[1]),
    );
    return found.length === 0 ? null : Object.fromEntries(found);
  } catch {
    return null;
  }
}

/** Nothing where the file is older than the job: an earlier run left it. File systems keep times to the second at worst. */
function readSmall(path: string, since_ms: number): string {
  try {
    const { size, mtimeMs } = statSync(path);
    return size > LARGEST_BYTES || mtimeMs < since_ms - 1000 ? '' : readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The end of a file that may be large. */
function readTail(path: string): string {
  try {
    const file = openSync(path, 'r');
    try {
      const from = Math.max(0, fstatSync(file).size - LARGEST_BYTES);
      const data = Buffer.alloc(LARGEST_BYTES);
      return data.subarray(0, readSync(file, data, 0, LARGEST_BYTES, from)).toString('utf8');
    } finally {
      closeSync(file);
    }
  } catch {
    return '';
  }
}

/** Best first; jobs without the metric are left out. */
export function rank(
  jobs: readonly { readonly id: string; readonly metrics: Readonly<Record<string, number>> | null }[],
  { name, goal }: Metric,
): { id: string; value: number }[] {
  return jobs
    .flatMap(({ id, metrics }) => {
      const value = metrics?.[name];
      return value === undefined ? [] : [{ id, value }];
    })
    .toSorted((a, b) => (goal === 'min' ? a.value - b.value : b.value - a.value));
}
