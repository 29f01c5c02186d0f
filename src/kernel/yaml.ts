/**
 * YAML as PyYAML's `safe_load` reads it (YAML 1.1: `yes` is true, `010` is 8, `1e-5` is text), so that values hash
 * as they do in Python scripts. One difference: an unquoted date stays the text that was written.
 */
import {
  EVENT_ID,
  NOT_RESOLVED,
  Schema,
  YAMLException,
  defineMappingTag,
  defineScalarTag,
  getScalarValue,
  loadAll,
  mapTag,
  mergeTag,
  nullYaml11Tag,
  parseEvents,
  seqTag,
  strTag,
} from 'js-yaml';
import { ConfigError, messageOf } from './errors.ts';
import { readBoolean, readFloat, readInteger } from './yaml-scalars.ts';

/** A float whose value is a whole number (`1.0`, `-0.0`), which Python keeps apart from the integer. Other floats are plain numbers. */
export class WholeFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  toJSON(): number {
    return this.value;
  }
}

/**
 * A scalar that does not show how it was written: `010` (8), `1.10` (1.1), `yes` (true), or a text that looks like a
 * number or a date. Only `parseYaml(…, { keep_writing: true })` makes these.
 */
export class Written {
  readonly value: string | number | bigint | boolean | WholeFloat;
  readonly text: string;

  constructor(value: Written['value'], text: string) {
    this.value = value;
    this.text = text;
  }
}

/**
 * The one document of a YAML text; null when it is empty. Scalars come as string, number, bigint (integers beyond
 * 2^53), boolean, null or `WholeFloat`; collections as arrays and plain objects, shared where aliases share them.
 * @throws {ConfigError} with file, line and column: bad syntax, duplicate keys, keys that are not text, unknown tags,
 *   cyclic aliases, and documents that aliases blow up out of proportion
 */
export function parseYaml(source: string, filename: string, options: { readonly keep_writing?: boolean } = {}): unknown {
  try {
    const documents = loadAll(source, {
      schema: options.keep_writing === true ? WRITING_SCHEMA : PLAIN_SCHEMA,
      filename,
      maxDepth: MAX_DEPTH,
      maxTotalMergeKeys: Math.max(100_000, source.length * 2),
    });
    if (documents.length > 1) throw new YAMLException('several documents in one file');
    const document: unknown = documents[0] ?? null;
    const alias = source.search(MAY_ALIAS);
    if (alias >= 0) {
      const reason = blowUp(document, Math.min(20_000_000, Math.max(100_000, source.length * 10)));
      if (reason !== null) YAMLException.throwAt(source, alias, reason, filename);
    }
    return document;
  } catch (error) {
    throw syntaxError(error, filename);
  }
}

/** Where something stands, counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Position of a value, and of its key where it is the value of a map. */
export interface NodePosition extends Position {
  readonly key: Position | null;
}

/**
 * Positions of values by path, in one pass over the text; meant for after something was found wrong. A path that
 * is not there gets the position of its nearest ancestor; null only when the text cannot be read at all.
 */
export function positions(source: string, paths: readonly (readonly (string | number)[])[]): (NodePosition | null)[] {
  const root: Wanted = { children: new Map(), value: -1, key: -1 };
  const leaves = paths.map((path) => {
    const trail = [root];
    for (const part of path) {
      const parent = trail.at(-1) ?? root;
      const child = parent.children.get(part) ?? { children: new Map(), value: -1, key: -1 };
      parent.children.set(part, child);
      trail.push(child);
    }
    return trail;
  });
  try {
    findOffsets(source, root);
  } catch {
    return paths.map(() => null);
  }
  const found = leaves.map((trail) => trail.findLast((node) => node.value >= 0));
  const at = linesAndColumns(
    source,
    found.flatMap((node) => (node === undefined ? [] : [node.value, node.key])),
  );
  return found.map((node) => {
    const value = node === undefined ? undefined : at.get(node.value);
    if (node === undefined || value === undefined) return null;
    return { ...value, key: at.get(node.key) ?? null };
  });
}

/** A node of the tree of wanted paths; offsets are -1 until found. */
interface Wanted {
  readonly children: Map<string | number, Wanted>;
  value: number;
  key: number;
}

interface Frame {
  readonly map: boolean;
  readonly wanted: Wanted | undefined;
  key: string | null;
  key_offset: number;
  index: number;
}

function findOffsets(source: string, root: Wanted): void {
  const stack: Frame[] = [];
  for (const event of parseEvents(source, {})) {
    const top = stack.at(-1);
    if (event.type === EVENT_ID.DOCUMENT) continue;
    if (event.type === EVENT_ID.POP) {
      stack.pop();
      nextEntry(stack.at(-1));
      continue;
    }
    if (top?.map === true && top.key === null) {
      // A collection as a key is refused when loading; here it must only keep the count of entries right.
      if (event.type === EVENT_ID.SCALAR) [top.key, top.key_offset] = [getScalarValue(source, event), event.valueStart];
      else if (event.type === EVENT_ID.ALIAS) [top.key, top.key_offset] = ['*', event.anchorStart];
      else return;
      continue;
    }
    const wanted = top === undefined ? root : top.wanted?.children.get(top.map ? (top.key ?? '') : top.index);
    const offset =
      event.type === EVENT_ID.SCALAR ? event.valueStart : event.type === EVENT_ID.ALIAS ? event.anchorStart - 1 : event.start;
    if (wanted !== undefined && wanted.value < 0) {
      // Nothing after the colon has no place of its own.
      wanted.value = offset < 0 && top?.map === true ? top.key_offset : offset;
      if (top?.map === true) wanted.key = top.key_offset;
    }
    if (event.type === EVENT_ID.SCALAR || event.type === EVENT_ID.ALIAS) nextEntry(top);
    else stack.push({ map: event.type === EVENT_ID.MAPPING, wanted, key: null, key_offset: -1, index: 0 });
  }
}

function nextEntry(frame: Frame | undefined): void {
  if (frame === undefined) return;
  frame.key = null;
  frame.index++;
}

function linesAndColumns(source: string, offsets: readonly number[]): Map<number, Position> {
  const at = new Map<number, Position>();
  let line = 1;
  let start = 0;
  for (const offset of [...new Set(offsets)].filter((o) => o >= 0).toSorted((a, b) => a - b)) {
    for (let next = source.indexOf('\n', start); next >= 0 && next < offset; next = source.indexOf('\n', start)) {
      line++;
      start = next + 1;
    }
    at.set(offset, { line, column: offset - start + 1 });
  }
  return at;
}

const DIGITS = [...'0123456789'];
const PYYAML_DATE =
  /^\d{4}-\d\d-\d\d$|^\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?$/;
const LOOKS_LIKE_FLOAT = /^[-+]?(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)[eE][-+]?\d+$|^[-+]\.\d[\d_]*(?:[eE][-+]?\d+)?$|^[-+]?0o[0-7]+$|^0\d+$/;

function pyyamlSchema(keepWriting: boolean): Schema {
  const number = (value: number | bigint | WholeFloat, source: string): number | bigint | WholeFloat | Written =>
    keepWriting && !showsItself(value, source) ? new Written(value, source) : value;
  const boolean = defineScalarTag('tag:yaml.org,2002:bool', {
    implicit: true,
    implicitFirstChars: [...'yYnNtTfFoO'],
    resolve(source) {
      const value = readBoolean(source);
      if (value === null) return NOT_RESOLVED;
      return keepWriting && source !== 'true' && source !== 'false' ? new Written(value, source) : value;
    },
    identify: () => false,
  });
  const integer = defineScalarTag('tag:yaml.org,2002:int', {
    implicit: true,
    implicitFirstChars: ['-', '+', ...DIGITS],
    resolve(source) {
      const value = readInteger(source);
      return value === null ? NOT_RESOLVED : number(value, source);
    },
    identify: () => false,
  });
  const float = defineScalarTag('tag:yaml.org,2002:float', {
    implicit: true,
    implicitFirstChars: ['-', '+', '.', ...DIGITS],
    resolve(source, explicit) {
      const value = readFloat(source, explicit);
      if (value === null) return NOT_RESOLVED;
      return number(Number.isInteger(value) ? new WholeFloat(value) : value, source);
    },
    identify: () => false,
  });
  const deceptive = defineScalarTag('tag:trainyard,2026:deceptive', {
    implicit: true,
    implicitFirstChars: ['-', '+', '.', ...DIGITS],
    resolve: (source) =>
      PYYAML_DATE.test(source) || LOOKS_LIKE_FLOAT.test(source) ? new Written(source, source) : NOT_RESOLVED,
    identify: () => false,
  });
  const scalars = [strTag, nullYaml11Tag, boolean, integer, float, mergeTag, ...(keepWriting ? [deceptive] : [])];
  return new Schema([...scalars, seqTag, textKeyMap]);
}

/** True when printing the value gives back what was written. */
function showsItself(value: number | bigint | WholeFloat, source: string): boolean {
  if (value instanceof WholeFloat) return source === `${String(value.value)}.0`;
  return String(value) === source;
}

/** A plain object whose keys must be text: Python sorts number keys as numbers, so that they cannot be hashed alike. */
const textKeyMap = defineMappingTag<Record<string, unknown>>(mapTag.tagName, {
  create: () => ({}),
  identify: () => false,
  addPair(map, key, value) {
    const text = keyText(key);
    return text === null ? `the key ${keyName(key)} is not text` : mapTag.addPair(map, text, value);
  },
  has: (map, key) => Object.hasOwn(map, keyText(key) ?? ''),
  keys: (map) => Object.keys(map),
  get: (map, key) => mapTag.get(map, keyText(key) ?? ''),
});

function keyText(key: unknown): string | null {
  const plain = key instanceof Written ? key.value : key;
  return typeof plain === 'string' ? plain : null;
}

function keyName(key: unknown): string {
  if (key instanceof Written) return key.text;
  if (key instanceof WholeFloat) return `${key.value}.0`;
  if (key === null) return 'null (or nothing before the colon)';
  return typeof key === 'object' ? 'that is a list or a map' : String(key);
}

const PLAIN_SCHEMA = pyyamlSchema(false);
const WRITING_SCHEMA = pyyamlSchema(true);

const MAX_DEPTH = 100;
const MAY_ALIAS = /\*[^\s*]/;

/** What is wrong with a document when nothing is shared: nine lines of aliases can stand for billions of values. */
function blowUp(document: unknown, limit: number): string | null {
  const seen = new Map<object, { size: number; depth: number } | 'open'>();
  let reason: string | null = null;
  const measure = (node: unknown): { size: number; depth: number } => {
    const leaf = { size: 1, depth: 1 };
    if (node === null || typeof node !== 'object' || node instanceof WholeFloat || node instanceof Written) return leaf;
    const known = seen.get(node);
    if (known === 'open') reason ??= 'an alias points at something that contains it';
    if (known === 'open' || reason !== null) return leaf;
    if (known !== undefined) return known;
    seen.set(node, 'open');
    const sum = { size: 1, depth: 1 };
    for (const child of Array.isArray(node) ? node : Object.values(node)) {
      const part = measure(child);
      sum.size += part.size;
      sum.depth = Math.max(sum.depth, part.depth + 1);
      if (sum.size > limit) reason ??= `aliases blow the document up to more than ${limit} values`;
      if (sum.depth > MAX_DEPTH) reason ??= `aliases make the nesting exceed ${MAX_DEPTH} levels`;
      if (reason !== null) break;
    }
    seen.set(node, sum);
    return sum;
  };
  measure(document);
  return reason;
}

const HINTS: readonly (readonly [RegExp, string])[] = [
  [/duplicated mapping key/, 'Keep one of the two and delete the other.'],
  [/is not text/, 'Quote the key.'],
  [/tab characters/, 'Indent with spaces; YAML allows no tabs there.'],
  [/deficient indentation/, 'Indent the line more, or close the quotation mark or bracket that begins above it.'],
  [/indentation|block mapping entry/, 'Give the keys of one map the same indentation, two spaces deeper than their parent.'],
  [/explicit tag|unknown (scalar|sequence|mapping) tag/, 'Remove the tag (the word that begins with !); only plain values are read.'],
  [/unidentified alias/, 'Define the anchor (&name) above the alias (*name), or quote a text that begins with *.'],
  [/several documents|end of the stream or a document separator/, 'Keep one document in the file: check for a stray `---` and for text left of the keys.'],
  [/quoted scalar/, 'Close the quotation mark.'],
  [/flow (collection|sequence|mapping)/, 'Close the bracket, and put commas between the entries.'],
  [/aliases|merge|contains it/, 'Write the values out, or use `defaults`.'],
  [/null byte|non-printable/, 'Save the file as UTF-8 text.'],
  [/maxDepth/, 'Nest less deeply.'],
];

function syntaxError(error: unknown, file: string): ConfigError {
  if (error instanceof ConfigError) return error;
  const known = error instanceof YAMLException;
  const reason = known ? error.reason : messageOf(error);
  const hint = HINTS.find(([pattern]) => pattern.test(reason))?.[1] ?? 'Check quotes, colons and indentation here and on the line above.';
  const line = known && error.mark !== undefined ? error.mark.line + 1 : null;
  const column = known && error.mark !== undefined ? error.mark.column + 1 : null;
  return new ConfigError([{ file, line, column, path: '', message: `not readable as YAML: ${reason}`, hint }]);
}
