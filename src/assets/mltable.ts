import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../kernel/errors.ts';
import { confine, writeFileWhole } from '../kernel/files.ts';
import { parseTime } from './delta/request.ts';

const DAY_MS = 86_400_000;

/** What one circuit's table shows of a Delta table. Null: not set, so nothing is filtered by it. */
export interface MltableRequest {
  readonly plant_id: string | number;
  readonly circuit_id: string | number;
  /** As the file is to hold it: a URI, or a path relative to the folder of the MLTable file. */
  readonly table: string;
  /** A version number, or a time in ISO-8601. */
  readonly delta_version: string | number;
  readonly cutoff_date: string | null;
  readonly training_days: number | null;
  readonly features: readonly string[] | null;
  /** One expression or several that must all hold, in the language of MLTable filters. */
  readonly filter: string | readonly string[] | null;
  readonly plant_column: string | null;
  readonly circuit_column: string | null;
  readonly time_column: string | null;
}

/**
 * The text of an `MLTable` file: the Delta table at its version, the circuit's rows, its training window
 * (cutoff_date - training_days, cutoff_date], its columns. A cutoff without a time of day means that whole day.
 * @throws UsageError for a version or date that cannot be read
 */
export function mltableFor(request: MltableRequest): string {
  const key = deltaKey(request.delta_version);
  const lines = [
    '$schema: https://azuremlschemas.azureedge.net/latest/MLTable.schema.json',
    'type: mltable',
    'paths:',
    `  - folder: ${quoted(request.table)}`,
    'transformations:',
    '  - read_delta_lake:',
    `      ${key.name}: ${key.value}`,
    ...filters(request).map((expression) => `  - filter: ${quoted(expression)}`),
  ];
  const columns = keptColumns(request);
  if (columns.length > 0)
    lines.push('  - keep_columns:', ...columns.map((column) => `      - ${quoted(column)}`));
  return `${lines.join('\n')}\n`;
}

/** Where a circuit's MLTable file lies; both ids must be plain names. */
export function mltableFolder(
  projectRoot: string,
  plantId: string | number,
  circuitId: string | number,
): string {
  for (const part of [String(plantId), String(circuitId)]) {
    if (part === '' || part === '.' || part === '..' || /[/\\\0]/.test(part)) {
      throw new UsageError(`${JSON.stringify(part)} cannot name a folder.`, {
        hint: 'Use letters, digits, dashes and underscores in ids.',
      });
    }
  }
  return confine(projectRoot, join('data', 'mltables', String(plantId), String(circuitId)));
}

/** Writes `data/mltables/<plant>/<circuit>/MLTable` where its content differs. Returns its folder and whether it was written. */
export async function writeMltable(
  projectRoot: string,
  plantId: string | number,
  circuitId: string | number,
  text: string,
): Promise<{ readonly folder: string; readonly written: boolean }> {
  const folder = mltableFolder(projectRoot, plantId, circuitId);
  const file = join(folder, 'MLTable');
  const before = await readFile(file, 'utf8').catch(() => null);
  if (before === text) return { folder, written: false };
  await writeFileWhole(file, text);
  return { folder, written: true };
}

function deltaKey(version: string | number): { readonly name: string; readonly value: string } {
  const text = String(version);
  if (/^\d{1,15}$/.test(text)) return { name: 'version_as_of', value: String(Number(text)) };
  const time = instant(text);
  if (time !== null)
    return { name: 'timestamp_as_of', value: quoted(time.toISOString().replace('.000Z', 'Z')) };
  throw new UsageError(`${JSON.stringify(text)} is no version of a Delta table.`, {
    hint: 'Use a version number or a time such as 2026-01-31T00:00:00Z; `latest` is resolved before.',
  });
}

function filters(request: MltableRequest): string[] {
  const { plant_column, circuit_column, time_column, cutoff_date, training_days } = request;
  const found: string[] = [];
  if (plant_column !== null) found.push(`${column(plant_column)} == ${literal(request.plant_id)}`);
  if (circuit_column !== null) found.push(`${column(circuit_column)} == ${literal(request.circuit_id)}`);
  if (time_column !== null && cutoff_date !== null) {
    const end = instant(cutoff_date);
    if (end === null)
      throw new UsageError(`${JSON.stringify(cutoff_date)} is no date.`, {
        hint: 'Write cutoff_date as 2026-01-31.',
      });
    // A date is its whole day: readings of the cutoff's evening belong to it, those of the first day left out do not.
    const whole = /^\d{4}-\d{2}-\d{2}$/.test(cutoff_date) ? DAY_MS : 0;
    if (training_days !== null) {
      const start = new Date(end.getTime() - training_days * DAY_MS + whole);
      found.push(`${column(time_column)} ${whole > 0 ? '>=' : '>'} ${datetime(start)}`);
    }
    found.push(
      `${column(time_column)} ${whole > 0 ? '<' : '<='} ${datetime(new Date(end.getTime() + whole))}`,
    );
  }
  const own =
    request.filter === null ? [] : typeof request.filter === 'string' ? [request.filter] : request.filter;
  return [...found, ...own];
}

function keptColumns({
  plant_column,
  circuit_column,
  time_column,
  features,
}: MltableRequest): readonly string[] {
  if (features === null || features.length === 0) return [];
  const keys = [plant_column, circuit_column, time_column].filter((name) => name !== null);
  return [...new Set([...keys, ...features])];
}

/** A date alone is its first moment in UTC. Null: no date that exists. */
function instant(text: string): Date | null {
  const time = parseTime(text);
  return time === null ? null : new Date(time);
}

/** Filter expressions are written as Python writes them. */
const datetime = (time: Date): string => {
  const parts = [time.getUTCFullYear(), time.getUTCMonth() + 1, time.getUTCDate()];
  const clock = [time.getUTCHours(), time.getUTCMinutes(), time.getUTCSeconds()];
  return `datetime(${[...parts, ...(clock.some((n) => n > 0) ? clock : [])].join(', ')})`;
};

const column = (name: string): string => `col(${JSON.stringify(name)})`;
const literal = (value: string | number): string =>
  typeof value === 'number' ? String(value) : JSON.stringify(value);

/** A double-quoted YAML scalar: JSON, with what YAML does not print escaped as well. */
const quoted = (text: string): string =>
  JSON.stringify(text).replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
