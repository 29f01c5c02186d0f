import { type Finding, type Path, isMap, kindOf, toFindings } from '../kernel/findings.ts';
import { pythonJson } from '../kernel/python-json.ts';
import { WholeFloat, Written } from '../kernel/yaml.ts';
import { didYouMean } from '../kernel/suggest.ts';
import type { Circuit } from './circuit.ts';
import { CircuitEntry, DefaultsEntry, readQuickly } from './circuit-schema.ts';
import { MOST_PROBLEMS } from './locate.ts';
import { misread } from './misread.ts';

const NONE: Readonly<Record<string, never>> = Object.freeze({});
const COPIED_BY_V8 = 13;
const NO_TEXTS: readonly string[] = Object.freeze([]);

/** Takes a fleet file entry by entry and gathers circuits, problems and warnings, so that entries need not be kept. */
export class FleetBuilder {
  readonly circuits: Circuit[] = [];
  readonly by_id = new Map<string, Circuit>();
  readonly problems: Finding[] = [];
  readonly warnings: Finding[] = [];
  problem_count = 0;
  warning_count = 0;
  #defaults: DefaultsEntry = {};
  #default_tags: Readonly<Record<string, string>> = NONE;
  #defaults_failed = false;
  readonly #component_version: string | null;
  readonly #models = new Map<string, number>();
  readonly #texts = new Map<string, string>();
  readonly #warned = new Set<Written>();

  constructor(component_version: string | null) {
    this.#component_version = component_version;
  }

  find(finding: Finding): void {
    this.problem_count++;
    if (this.problems.length < MOST_PROBLEMS) this.problems.push(finding);
  }

  /** The keys around the list. Comes first, because it brings the defaults. */
  addRoot(root: Readonly<Record<string, unknown>>): void {
    const known = ['defaults', 'circuits'];
    for (const key of Object.keys(root)) {
      if (known.includes(key)) continue;
      const hint =
        didYouMean(key, known) ??
        'Known keys here: defaults, circuits. Everything else belongs into trainyard.yaml.';
      this.find({ path: [key], message: `unknown key \`${key}\``, hint, at_key: true });
    }
    const raw = root['defaults'] ?? null;
    if (raw === null) return;
    if (!isMap(raw)) {
      this.find({
        path: ['defaults'],
        message: `must be a map, is ${kindOf(raw)}`,
        hint: 'Write key: value pairs.',
      });
      return;
    }
    const parsed = DefaultsEntry.safeParse(raw, { reportInput: true });
    if (!parsed.success) {
      this.#defaults_failed = true;
      for (const finding of toFindings(DefaultsEntry, parsed.error.issues)) this.find(inDefaults(finding));
      return;
    }
    this.#settle(parsed.data, raw, ['defaults']);
    this.#defaults = parsed.data;
    this.#default_tags = this.#tags(parsed.data.tags ?? NONE);
  }

  addCircuit(raw: unknown, index: number, line: number): void {
    const path: Path = ['circuits', index];
    if (!isMap(raw)) {
      this.find({
        path,
        message: `must be a map, is ${kindOf(raw)}`,
        hint: 'Write `- plant_id: …` and `circuit_id: …` below it.',
      });
      return;
    }
    const entry = readQuickly(raw) ?? this.#explain(raw, path);
    const plant = raw['plant_id'] === undefined ? this.#defaults.plant_id : entry?.plant_id;
    if (raw['plant_id'] === undefined && plant === undefined && !this.#defaults_failed) {
      this.find({
        path,
        message: 'the key `plant_id` is missing',
        hint: 'Add plant_id to the circuit or to defaults.',
      });
    }
    if (raw['circuit_id'] === undefined) {
      this.find({ path, message: 'the key `circuit_id` is missing', hint: 'Add circuit_id to the circuit.' });
    }
    if (entry === null || plant === undefined || entry.circuit_id === undefined) return;
    this.#settle(entry, raw, path);
    this.#add(this.#build(entry, plant, entry.circuit_id, line), path);
  }

  #explain(raw: Readonly<Record<string, unknown>>, path: Path): CircuitEntry | null {
    const parsed = CircuitEntry.safeParse(raw, { reportInput: true });
    if (parsed.success) return parsed.data;
    for (const finding of toFindings(CircuitEntry, parsed.error.issues))
      this.find({ ...finding, path: [...path, ...finding.path] });
    return null;
  }

  #add(circuit: Circuit, path: Path): void {
    const twin = this.by_id.get(circuit.id);
    if (twin !== undefined) {
      const message = `the circuit ${circuit.id} stands on line ${twin.line} and again on line ${circuit.line}`;
      this.find({ path, message, hint: 'Delete one of them, or give it another circuit_id.' });
      return;
    }
    const model = this.#models.get(circuit.model_name);
    if (model !== undefined) {
      const message = `the model name ${circuit.model_name} is used on line ${model} and again on line ${circuit.line}`;
      this.find({ path, message, hint: 'Give one of them another model_name.' });
      return;
    }
    this.by_id.set(circuit.id, circuit);
    this.#models.set(circuit.model_name, circuit.line);
    this.circuits.push(circuit);
  }

  #build(entry: CircuitEntry, plant: string, circuitId: string, line: number): Circuit {
    const base = this.#defaults;
    const component = or(entry.pipeline_component_version, base.pipeline_component_version);
    const version = this.#component_version;
    return {
      id: `${plant}_${circuitId}`,
      plant_id: plant,
      circuit_id: circuitId,
      model_name: entry.model_name ?? `${plant}-${circuitId}`,
      cutoff_date: or(entry.cutoff_date, base.cutoff_date),
      training_days: or(entry.training_days, base.training_days),
      delta_version: or(entry.delta_version, base.delta_version),
      delta_table_path: this.#text(or(entry.delta_table_path, base.delta_table_path)),
      data_path: this.#text(or(entry.data_path, base.data_path)),
      features: or(entry.features, base.features) ?? NO_TEXTS,
      filter: or(entry.filter, base.filter) ?? NO_TEXTS,
      hyperparameters: mergeMaps(base.hyperparameters, entry.hyperparameters),
      pipeline_component_version: component === null ? version : component.value,
      component_version: component === null ? (version ?? '') : component.text,
      environment_version: this.#text(or(entry.environment_version, base.environment_version)),
      tags: entry.tags === undefined ? this.#default_tags : this.#tags(mergeMaps(base.tags, entry.tags)),
      optional: entry.optional ?? base.optional ?? false,
      plant_column: this.#text(or(entry.plant_column, base.plant_column)),
      circuit_column: this.#text(or(entry.circuit_column, base.circuit_column)),
      time_column: this.#text(or(entry.time_column, base.time_column)),
      line,
    };
  }

  /** Makes an entry's values plain, gathers warnings about them, and lets go of the source text. */
  #settle(entry: DefaultsEntry, raw: Readonly<Record<string, unknown>>, path: Path): void {
    for (const key of ['training_days', 'delta_version', 'pipeline_component_version']) {
      const value = raw[key];
      if (value instanceof Written) this.#warn(value, [...path, key], key);
    }
    if (entry.features) entry.features = entry.features.map((text) => this.#intern(text));
    if (entry.filter) entry.filter = entry.filter.map((text) => this.#intern(text));
    if (entry.hyperparameters) {
      entry.hyperparameters = this.#plainMap(entry.hyperparameters, [...path, 'hyperparameters']);
    }
  }

  #plain(value: unknown, path: Path): unknown {
    if (typeof value === 'string') return this.#intern(value);
    if (typeof value !== 'object' || value === null || value instanceof WholeFloat) return value;
    if (value instanceof Written) {
      this.#warn(value, path, null);
      return typeof value.value === 'string' ? this.#intern(value.value) : value.value;
    }
    if (Array.isArray(value)) return value.map((item, i) => this.#plain(item, [...path, i]));
    return isMap(value) ? this.#plainMap(value, path) : value;
  }

  #plainMap(map: Readonly<Record<string, unknown>>, path: Path): Readonly<Record<string, unknown>> {
    if (Object.values(map).every(isPlain)) return map;
    // `fromEntries` defines keys; assigning would let a key `__proto__` through to the prototype.
    return Object.fromEntries(
      Object.entries(map).map(([key, item]) => [key, this.#plain(item, [...path, key])]),
    );
  }

  #warn(written: Written, path: Path, key: string | null): void {
    if (this.#warned.has(written)) return; // an alias shows up once per use
    const finding =
      (key === 'pipeline_component_version' ? lostVersion(written, path) : null) ?? misread(written, path);
    if (finding === null || (key === 'delta_version' && typeof written.value === 'string')) return;
    this.#warned.add(written);
    this.warning_count++;
    if (this.warnings.length < MOST_PROBLEMS) this.warnings.push(finding);
  }

  #tags(tags: Readonly<Record<string, string | null>>): Readonly<Record<string, string>> {
    const set: [string, string][] = [];
    for (const [name, text] of Object.entries(tags)) if (text !== null) set.push([name, this.#intern(text)]);
    return Object.fromEntries(set);
  }

  #text(text: string | null): string | null {
    return text === null ? null : this.#intern(text);
  }

  /**
   * One copy per text. Slices of a source keep all of it in memory, and most circuits share most texts; shorter
   * slices than this V8 copies anyway.
   */
  #intern(text: string): string {
    if (text.length < COPIED_BY_V8) return text;
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const copy = Buffer.from(text, 'utf16le').toString('utf16le');
    this.#texts.set(copy, copy);
    return copy;
  }
}

/** Undefined falls back to the default; null means "not set" and does not. */
function or<T>(own: T | null | undefined, base: T | null | undefined): T | null {
  return (own === undefined ? base : own) ?? null;
}

/** Key by key, the circuit's own value wins. */
function mergeMaps<T>(
  base: Readonly<Record<string, T>> | undefined,
  own: Readonly<Record<string, T>> | undefined,
): Readonly<Record<string, T>> {
  if (base === undefined || own === undefined) return own ?? base ?? NONE;
  return { ...base, ...own };
}

/** Neither needs unwrapping nor holds on to the source text. */
const isPlain = (value: unknown): boolean =>
  typeof value === 'string'
    ? value.length < COPIED_BY_V8
    : typeof value !== 'object' || value === null || value instanceof WholeFloat;

function inDefaults(finding: Finding): Finding {
  const key = finding.path.at(-1);
  const path: Path = ['defaults', ...finding.path];
  if (finding.at_key !== true || finding.path.length > 1 || (key !== 'circuit_id' && key !== 'model_name'))
    return { ...finding, path };
  return {
    path,
    message: `\`${key}\` belongs to each circuit, not to defaults`,
    hint: 'Move it into the list of circuits.',
    at_key: true,
  };
}

/** A version like 1.10 without quotes: the outside world sees 1.10, the hash 1.1. */
function lostVersion(written: Written, path: Path): Finding | null {
  if (typeof written.value !== 'number' && !(written.value instanceof WholeFloat)) return null;
  const number = pythonJson(written.value);
  const hint = `Put it in quotes: "${written.text}" (this changes the training hash).`;
  return { path, message: `\`${written.text}\` counts as the number ${number} in the training hash`, hint };
}
