import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ConfigError, fileErrorHint, messageOf, systemCode } from '../kernel/errors.ts';
import type { Problem } from '../kernel/errors.ts';
import { didYouMean } from '../kernel/suggest.ts';
import { WholeFloat, Written, parseYaml, positions } from '../kernel/yaml.ts';

export type Path = readonly (string | number)[];
export type Mapping = Readonly<Record<string, unknown>>;

/**
 * A YAML file being read: its content, and what is wrong with it so far. Problems are collected, then told all at
 * once with their places, so that one look at the file mends everything.
 */
export class YamlDocument {
  readonly file: string;
  /** What paths in the file are relative to. */
  readonly folder: string;
  readonly root: Mapping;
  readonly #source: string;
  readonly #found: { path: Path; message: string; hint: string | null }[] = [];

  constructor(file: string, source: string, root: Mapping) {
    this.file = file;
    this.folder = dirname(resolve(file));
    this.root = root;
    this.#source = source;
  }

  problem(path: Path, message: string, hint?: string): void {
    this.#found.push({ path, message, hint: hint ?? null });
  }

  /** True where something at exactly this path was found already: what follows from it need not be told. */
  hasProblem(path: Path): boolean {
    const wanted = pathText(path);
    return this.#found.some((f) => pathText(f.path) === wanted);
  }

  /** What was found, with line and column, from top to bottom. */
  problems(): Problem[] {
    if (this.#found.length === 0) return [];
    const places = positions(
      this.#source,
      this.#found.map((f) => f.path),
    );
    const problems = this.#found.map(({ path, message, hint }, i): Problem => {
      const place = places[i]?.key ?? places[i] ?? null;
      return {
        file: this.file,
        line: place?.line ?? null,
        column: place?.column ?? null,
        path: pathText(path),
        message,
        hint,
      };
    });
    return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  }

  /** A top-level scalar exactly as it is written, before YAML made a number of it (`1.10`); null for anything else. */
  scalarAsWritten(key: string): string | null {
    const root = parseYaml(this.#source, this.file, { keep_writing: true });
    const value = isMapping(root) ? own(root, key) : undefined;
    if (value instanceof Written) return value.text;
    if (typeof value === 'string') return value;
    if (value instanceof WholeFloat) return `${value.value}.0`;
    return typeof value === 'number' || typeof value === 'bigint' ? String(value) : null;
  }

  /** The mapping at a path; anything else is a problem and reads as empty. Absent and null are empty without one. */
  mapping(path: Path, value: unknown): Mapping {
    if (value === undefined || value === null) return {};
    if (isMapping(value)) return value;
    this.problem(path, `must be a mapping, is ${kindOf(value)}`);
    return {};
  }

  /** Text at a path; null where it is absent or no text (which is a problem). */
  text(path: Path, value: unknown): string | null {
    if (value === undefined || value === null) return null;
    if (typeof value === 'string') return value;
    this.problem(path, `must be text, is ${kindOf(value)}`);
    return null;
  }

  /** Reports every key that is not in the list, with the nearest one that is. */
  checkKeys(path: Path, value: Mapping, known: Iterable<string>): void {
    const list = [...known];
    for (const key of Object.keys(value)) {
      if (!list.includes(key)) {
        this.problem(
          [...path, key],
          `unknown key ${key}`,
          didYouMean(key, list) ?? `Known here: ${list.join(', ')}.`,
        );
      }
    }
  }
}

/**
 * Opens a YAML file whose content is a mapping.
 * @throws ConfigError when the file cannot be read, is no YAML or holds something else
 */
export async function openDocument(file: string): Promise<YamlDocument> {
  const fail = (message: string, hint: string | null): never => {
    throw new ConfigError([{ file, line: null, column: null, path: '', message, hint }]);
  };
  let source = '';
  try {
    source = await readFile(file, 'utf8');
  } catch (error) {
    const code = systemCode(error);
    fail(
      code === 'ENOENT' ? 'the file does not exist' : `cannot be read: ${messageOf(error)}`,
      fileErrorHint(code) ?? null,
    );
  }
  const root = parseYaml(source, file);
  if (!isMapping(root)) return fail(`must be a mapping of keys to values, is ${kindOf(root)}`, null);
  return new YamlDocument(file, source, root);
}

/** Throws what the documents collected, if anything. */
export function throwProblems(documents: readonly YamlDocument[]): void {
  const problems = documents.flatMap((d) => d.problems());
  if (problems.length > 0) throw new ConfigError(problems);
}

/** A value of a record that is really its own: names like `constructor` come from files too. */
export function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

export function isMapping(value: unknown): value is Mapping {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof WholeFloat)
  );
}

/** `inputs.rate`, `jobs.train.inputs.rate`, `list[3]`. */
const pathText = (path: Path): string =>
  path.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${part}`)).join('');

export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (isMapping(value)) return 'a mapping';
  if (typeof value === 'string') return 'text';
  return typeof value === 'boolean' ? 'true or false' : 'a number';
}
