import { resolve } from 'node:path';
import { checkColumns, deltaResolver, parseDeltaVersion } from '../assets/index.ts';
import { TrainyardError, messageOf } from '../kernel/errors.ts';
import type { Problem } from '../kernel/errors.ts';
import type { ContentDigests } from './content-digests.ts';
import { inputsDigest } from './inputs-digest.ts';
import type { Circuit, Fleet } from './load-fleet.ts';
import type { WantedCircuit } from './plan.ts';
import { trainingHash } from './training-hash.ts';

/** What a plan pins: Delta table to the version that `latest` or a timestamp meant when it was made. */
export type DeltaPins = Readonly<Record<string, number>>;

/** A circuit with its data pinned and its digests computed. */
export interface PinnedCircuit extends WantedCircuit {
  readonly data_content: string | null;
}

/** A fleet with its data pinned. Circuits whose data cannot be found stand apart, each with its problem. */
export interface PinnedFleet {
  readonly circuits: readonly PinnedCircuit[];
  readonly pins: DeltaPins;
  readonly broken: readonly Circuit[];
  readonly problems: readonly Problem[];
  /** The same of circuits that stay out whatever their data; they are among `circuits`, with nothing pinned. */
  readonly warnings: readonly Problem[];
}

/**
 * Pins every circuit's data and computes what it wants to be trained on. `latest` and timestamps are read from each
 * table's own log, once per table; a sealed plan brings its pins. Every missing table, version or data file is a problem.
 */
export async function pinFleet(
  fleet: Fleet,
  options: {
    readonly project: string;
    readonly digests: ContentDigests;
    readonly pins?: DeltaPins;
    /** Those that somebody picked; null: all may be trained. */
    readonly selected: ReadonlySet<string> | null;
  },
): Promise<PinnedFleet> {
  const resolver = deltaResolver();
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const broken: Circuit[] = [];
  const pins: Record<string, number> = {};
  const answers = new Map<string, Promise<number | TrainyardError>>();
  const pin = (circuit: Circuit): Promise<number | TrainyardError> | null => {
    const { delta_table_path: table, delta_version: asked } = circuit;
    if (table === null || typeof asked !== 'string') return null;
    const key = `${table}@${asked}`;
    let answer = answers.get(key);
    if (answer === undefined) {
      const pinned = options.pins?.[key];
      answer =
        pinned !== undefined
          ? Promise.resolve(pinned)
          : resolver
              .resolve(tableLocation(options.project, table), parseDeltaVersion(asked))
              .then((r) => r.version, asUserError);
      answers.set(key, answer);
    }
    return answer;
  };
  const digestOf = rememberedDigests();
  const circuits: PinnedCircuit[] = [];
  const add = (circuit: Circuit, content: string | null): void => {
    circuits.push({
      circuit,
      training_hash: trainingHash(circuit),
      inputs_digest: digestOf(circuit, content),
      data_content: content,
    });
  };
  const cannotPin = (circuit: Circuit, problem: Problem): void => {
    if (options.selected === null || options.selected.has(circuit.id)) {
      problems.push(problem);
      broken.push(circuit);
    } else {
      warnings.push(problem);
      add(circuit, null);
    }
  };
  for (const circuit of fleet.circuits) {
    let version: number | null = null;
    const asked = pin(circuit);
    if (asked !== null) {
      const answer = await asked;
      if (typeof answer !== 'number') {
        cannotPin(circuit, problemAt(fleet, circuit, 'delta_table_path', answer));
        continue;
      }
      version = answer;
      pins[`${circuit.delta_table_path}@${String(circuit.delta_version)}`] = answer;
    }
    let content: string | null = null;
    if (circuit.data_path !== null) {
      content = await options.digests.of(resolve(options.project, circuit.data_path));
      if (content === null) {
        cannotPin(circuit, missingData(fleet, circuit));
        continue;
      }
    }
    add(version === null ? circuit : { ...circuit, delta_version: version }, content);
  }
  await options.digests.save();
  return { circuits, pins, broken, problems, warnings };
}

/** Circuits without a file of their own mostly read the same columns of the same tables: one digest serves them all. */
function rememberedDigests(): (circuit: Circuit, content: string | null) => string {
  const known = new Map<string, string>();
  return (circuit, content) => {
    if (circuit.data_path !== null) return inputsDigest(circuit, content);
    const { features, filter, delta_table_path, plant_column, circuit_column, time_column } = circuit;
    const key = JSON.stringify([
      features,
      filter,
      delta_table_path,
      plant_column,
      circuit_column,
      time_column,
    ]);
    let digest = known.get(key);
    if (digest === undefined) known.set(key, (digest = inputsDigest(circuit, content)));
    return digest;
  };
}

/** Looks at the tables of circuits that would be trained: a version is named and can be read, every column exists. */
export async function checkTables(
  fleet: Fleet,
  circuits: readonly Circuit[],
  project: string,
): Promise<Problem[]> {
  const resolver = deltaResolver();
  const problems: Problem[] = [];
  for (const circuit of circuits) {
    if (circuit.delta_table_path === null) continue;
    if (circuit.delta_version === null) {
      problems.push({
        ...placeOf(fleet, circuit),
        path: `${circuit.id}.delta_version`,
        message: `${circuit.id} reads ${circuit.delta_table_path} without saying which version.`,
        hint: 'Write delta_version: latest, or a version number.',
      });
      continue;
    }
    const version = typeof circuit.delta_version === 'number' ? circuit.delta_version : null;
    // What lies in a cloud is taken at its word: nobody can look at it from here, and its version is pinned.
    if (version !== null && /^[a-z][a-z0-9+.-]+:\/\//i.test(circuit.delta_table_path)) continue;
    const answer = await resolver
      .resolve(tableLocation(project, circuit.delta_table_path), version === null ? 'latest' : { version })
      .catch(asUserError);
    if (answer instanceof TrainyardError) {
      problems.push(
        problemAt(fleet, circuit, version === null ? 'delta_table_path' : 'delta_version', answer),
      );
      continue;
    }
    const columns = [
      ...circuit.features.map((name) => ({ field: 'features', name })),
      ...(['plant_column', 'circuit_column', 'time_column'] as const).flatMap((field) => {
        const name = circuit[field];
        return name === null ? [] : [{ field, name }];
      }),
    ];
    for (const { field, name } of columns) {
      const missing = checkColumns(answer.columns, [name]).missing[0];
      if (missing === undefined) continue;
      problems.push({
        ...placeOf(fleet, circuit),
        path: `${circuit.id}.${field}`,
        message: `${circuit.delta_table_path} version ${answer.version} has no column ${name}.`,
        hint:
          missing.suggestion === null
            ? `Its columns are ${answer.columns
                .map((c) => c.name)
                .slice(0, 12)
                .join(', ')}.`
            : `Did you mean ${missing.suggestion}?`,
      });
    }
  }
  return problems;
}

/** A table's place: a URL as it is, a path from the project folder. */
export const tableLocation = (project: string, path: string): string =>
  /^[a-z][a-z0-9+.-]*:\/\//i.test(path) ? path : resolve(project, path);

const placeOf = (fleet: Fleet, circuit: Circuit) => ({ file: fleet.file, line: circuit.line, column: null });

function problemAt(fleet: Fleet, circuit: Circuit, field: string, error: TrainyardError): Problem {
  return {
    ...placeOf(fleet, circuit),
    path: `${circuit.id}.${field}`,
    message: messageOf(error),
    hint: error.hint ?? null,
  };
}

function missingData(fleet: Fleet, circuit: Circuit): Problem {
  return {
    ...placeOf(fleet, circuit),
    path: `${circuit.id}.data_path`,
    message: `There is no data at ${circuit.data_path ?? ''}.`,
    hint: 'Paths count from the project folder. Correct data_path, or put the file there.',
  };
}

function asUserError(error: unknown): TrainyardError {
  if (error instanceof TrainyardError) return error;
  throw error;
}
