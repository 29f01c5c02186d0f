import { z } from 'zod';
import { asWritten, isMap } from '../kernel/findings.ts';
import { pythonFloat } from '../kernel/python-json.ts';
import { WholeFloat } from '../kernel/yaml.ts';
import type { Circuit, PythonScalar } from './circuit.ts';

/**
 * A circuit as plain JSON that can be restored exactly. What JSON cannot tell apart is tagged: `{"$float": "1.0"}`,
 * `{"$int": "123456789012345678901234567890"}`; a map that could be taken for such a tag is wrapped in `$map`.
 */
export type CircuitSettings = {
  readonly [K in keyof Circuit]: K extends 'hyperparameters' | 'pipeline_component_version'
    ? unknown
    : Circuit[K];
};

export function settingsOf(circuit: Circuit): CircuitSettings {
  return {
    ...circuit,
    hyperparameters: freezeMap(circuit.hyperparameters),
    pipeline_component_version: freezeValue(circuit.pipeline_component_version),
  };
}

/**
 * The circuit of a snapshot.
 * @throws when the value is no snapshot; the caller knows which row it came from
 */
export function circuitFromSettings(json: unknown): Circuit {
  const settings = Settings.parse(json);
  const hyperparameters = restore(settings.hyperparameters);
  const version = restore(settings.pipeline_component_version);
  if (!isMap(hyperparameters) || !isPythonScalar(version))
    throw new TypeError('The settings hold a value that no circuit has.');
  return { ...settings, hyperparameters, pipeline_component_version: version };
}

/** One setting that differs, dotted (`hyperparameters.lr`); null: not there. Values are plain JSON, `1.0` as text. */
export interface FieldChange {
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Setting by setting, what differs between two snapshots. Where a circuit stands in the file does not count. */
export function diffSettings(before: CircuitSettings, after: CircuitSettings): FieldChange[] {
  const a = circuitFromSettings(before);
  const b = circuitFromSettings(after);
  const changes: FieldChange[] = [];
  for (const field of FIELDS) diffValues(field, a[field], b[field], changes);
  // 1.1 and 1.10 without quotes are the same number, but not the same version.
  if (
    a.component_version !== b.component_version &&
    !changes.some((c) => c.field === 'pipeline_component_version')
  ) {
    changes.push({
      field: 'pipeline_component_version',
      before: a.component_version,
      after: b.component_version,
    });
  }
  return changes;
}

const FIELDS = [
  'plant_id',
  'circuit_id',
  'model_name',
  'cutoff_date',
  'training_days',
  'delta_version',
  'delta_table_path',
  'data_path',
  'features',
  'filter',
  'hyperparameters',
  'pipeline_component_version',
  'environment_version',
  'tags',
  'optional',
  'plant_column',
  'circuit_column',
  'time_column',
] as const satisfies readonly (keyof Circuit)[];

function diffValues(field: string, before: unknown, after: unknown, changes: FieldChange[]): void {
  if (isMap(before) && isMap(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      diffValues(`${field}.${key}`, ownValue(before, key), ownValue(after, key), changes);
    }
    return;
  }
  if (identity(before) === identity(after)) return;
  const told = [shown(before), shown(after)] as const;
  // `5.0` and `"5.0"` are two things, and both are text here: the text keeps its quotation marks.
  const alike = JSON.stringify(told[0]) === JSON.stringify(told[1]);
  const quoted = (value: unknown, text: unknown): unknown =>
    alike && typeof value === 'string' ? JSON.stringify(value) : text;
  changes.push({ field, before: quoted(before, told[0]), after: quoted(after, told[1]) });
}

const ownValue = (map: Record<string, unknown>, key: string): unknown =>
  Object.hasOwn(map, key) ? map[key] : undefined;
const identity = (value: unknown): string | undefined => JSON.stringify(freezeValue(value));

/** A value for people and for JSON: what JSON cannot hold becomes text. */
function shown(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'bigint' || value instanceof WholeFloat) return asWritten(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return pythonFloat(value);
  if (Array.isArray(value)) return value.map(shown);
  return isMap(value)
    ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shown(item)]))
    : value;
}

function freezeValue(value: unknown): unknown {
  if (value instanceof WholeFloat) return { $float: pythonFloat(value.value) };
  if (typeof value === 'bigint') return { $int: String(value) };
  if (typeof value === 'number' && !Number.isFinite(value)) return { $float: pythonFloat(value) };
  if (Array.isArray(value)) return value.map(freezeValue);
  return isMap(value) ? freezeMap(value) : value;
}

function freezeMap(map: Readonly<Record<string, unknown>>): unknown {
  const frozen = Object.fromEntries(Object.entries(map).map(([key, value]) => [key, freezeValue(value)]));
  const keys = Object.keys(map);
  return keys.length === 1 && keys[0]?.startsWith('$') === true ? { $map: frozen } : frozen;
}

function restore(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(restore);
  if (!isMap(value)) return value;
  const [[tag, inner] = ['', null], ...more] = Object.entries(value);
  if (more.length === 0 && tag === '$float') return restoreFloat(Number(inner));
  if (more.length === 0 && tag === '$int') return BigInt(String(inner));
  const map = more.length === 0 && tag === '$map' && isMap(inner) ? inner : value;
  return Object.fromEntries(Object.entries(map).map(([key, item]) => [key, restore(item)]));
}

const restoreFloat = (value: number): number | WholeFloat =>
  Number.isInteger(value) ? new WholeFloat(value) : value;

function isPythonScalar(value: unknown): value is PythonScalar {
  return (
    value === null ||
    value instanceof WholeFloat ||
    ['string', 'number', 'bigint', 'boolean'].includes(typeof value)
  );
}

const text = z.string().nullable();
const Settings = z.object({
  id: z.string(),
  plant_id: z.string(),
  circuit_id: z.string(),
  model_name: z.string(),
  cutoff_date: text,
  training_days: z.number().nullable(),
  delta_version: z.union([z.string(), z.number()]).nullable(),
  delta_table_path: text,
  data_path: text,
  features: z.array(z.string()),
  filter: z.array(z.string()),
  hyperparameters: z.unknown(),
  pipeline_component_version: z.unknown(),
  component_version: z.string(),
  environment_version: text,
  tags: z.record(z.string(), z.string()),
  optional: z.boolean(),
  plant_column: text,
  circuit_column: text,
  time_column: text,
  line: z.number(),
});
