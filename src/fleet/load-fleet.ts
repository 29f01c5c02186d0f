import { ConfigError, type Problem } from '../kernel/errors.ts';
import { isMap, kindOf } from '../kernel/findings.ts';
import { parseYaml, positions } from '../kernel/yaml.ts';
import type { Circuit } from './circuit.ts';
import { type CircuitScan, canCut, pieces, scanCircuits, withoutList } from './circuit-lines.ts';
import { FleetBuilder } from './fleet-builder.ts';
import { locate } from './locate.ts';

export type { Circuit } from './circuit.ts';

/** All circuits of a file, in its order. Warnings point at values that people misread. */
export interface Fleet {
  readonly file: string;
  readonly circuits: readonly Circuit[];
  readonly by_id: ReadonlyMap<string, Circuit>;
  readonly warnings: readonly Problem[];
}

export interface LoadOptions {
  /** For messages; the file is not read here. */
  readonly file: string;
  /** Version of the component file, the default of `pipeline_component_version`; null where there is none. */
  readonly component_version: string | null;
}

/**
 * Reads the text of a circuits.yaml. Pure: also for the text of another commit.
 * @throws {ConfigError} with everything that is wrong (at most 50 in detail), each with line, column and what to write
 */
export function loadFleet(source: string, options: LoadOptions): Fleet {
  const scan = scanCircuits(source);
  if (scan !== null && canCut(source)) {
    const builder = new FleetBuilder(options.component_version);
    if (addPieces(builder, source, scan)) return finish(builder, source, scan, options);
  }
  const builder = new FleetBuilder(options.component_version);
  const lines = addWhole(builder, source, scan, options.file);
  return finish(builder, source, lines, options);
}

/** False when the pieces do not add up; the whole then tells what is really there, or really wrong. */
function addPieces(builder: FleetBuilder, source: string, scan: CircuitScan): boolean {
  const read = (text: string): unknown => {
    try {
      return parseYaml(text, '', { keep_writing: true });
    } catch {
      return undefined;
    }
  };
  const rest = read(withoutList(source, scan));
  if (!isMap(rest) || rest['circuits'] !== null) return false;
  builder.addRoot(rest);
  for (const piece of pieces(scan)) {
    const items = read(source.slice(piece.from, piece.to));
    if (!Array.isArray(items) || items.length !== piece.count) return false;
    for (const [i, item] of items.entries())
      builder.addCircuit(item, piece.first + i, scan.lines[piece.first + i] ?? 0);
  }
  return true;
}

/** Returns the scan if it describes this text, so that findings can be placed by it. */
function addWhole(
  builder: FleetBuilder,
  source: string,
  scan: CircuitScan | null,
  file: string,
): CircuitScan | null {
  const root = parseYaml(source, file, { keep_writing: true });
  if (!isMap(root)) {
    builder.find({
      path: [],
      message: `the file must be a map, is ${kindOf(root)}`,
      hint: 'Write `circuits:` and a list below it.',
    });
    return null;
  }
  builder.addRoot(root);
  const circuits = root['circuits'];
  if (!Array.isArray(circuits)) {
    const missing = !Object.hasOwn(root, 'circuits');
    const message = missing ? 'the key `circuits` is missing' : `must be a list, is ${kindOf(circuits)}`;
    builder.find({
      path: missing ? [] : ['circuits'],
      message,
      hint: 'Write `circuits:` and below it a list, one `- plant_id: …` per circuit.',
    });
    return null;
  }
  const fitting = scan !== null && scan.lines.length === circuits.length ? scan : null;
  const lines =
    fitting?.lines ??
    positions(
      source,
      circuits.map((_, i) => ['circuits', i]),
    ).map((place) => place?.line ?? 0);
  for (const [i, item] of circuits.entries()) builder.addCircuit(item, i, lines[i] ?? 0);
  return fitting;
}

function finish(
  builder: FleetBuilder,
  source: string,
  scan: CircuitScan | null,
  { file }: LoadOptions,
): Fleet {
  if (builder.problem_count > 0)
    throw new ConfigError(locate(source, file, scan, builder.problems, builder.problem_count));
  const warnings =
    builder.warning_count === 0 ? [] : locate(source, file, scan, builder.warnings, builder.warning_count);
  return { file, circuits: builder.circuits, by_id: builder.by_id, warnings };
}
