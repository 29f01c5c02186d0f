/**
 * YAML as PyYAML's `safe_load` reads it (YAML 1.1: `yes` is true, `010` is 8, `1e-5` is text), so that values hash
 * as they do in Python scripts. One difference: an unquoted date stays the text that was written.
 */
import { YAMLException, loadAll } from 'js-yaml';
import { ConfigError, messageOf } from './errors.ts';
import { PLAIN_SCHEMA, WRITING_SCHEMA } from './yaml-schema.ts';
import { WholeFloat, Written } from './yaml-values.ts';

export { positions } from './yaml-positions.ts';
export type { NodePosition, Position } from './yaml-positions.ts';
export { WholeFloat, Written } from './yaml-values.ts';

/**
 * The one document of a YAML text; null when it is empty. Scalars come as string, number, bigint (integers beyond
 * 2^53), boolean, null or `WholeFloat`; collections as arrays and plain objects, shared where aliases share them.
 * @throws {ConfigError} with file, line and column: bad syntax, duplicate keys, keys that are not text, unknown tags,
 *   cyclic aliases, and documents that aliases blow up out of proportion
 */
export function parseYaml(
  source: string,
  filename: string,
  options: { readonly keep_writing?: boolean } = {},
): unknown {
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

const MAX_DEPTH = 100;
const MAY_ALIAS = /\*[^\s*]/;

/** What is wrong with a document when nothing is shared: nine lines of aliases can stand for billions of values. */
function blowUp(document: unknown, limit: number): string | null {
  const seen = new Map<object, { size: number; depth: number } | 'open'>();
  let reason: string | null = null;
  const measure = (node: unknown): { size: number; depth: number } => {
    const leaf = { size: 1, depth: 1 };
    if (node === null || typeof node !== 'object' || node instanceof WholeFloat || node instanceof Written)
      return leaf;
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
  [
    /deficient indentation/,
    'Indent the line more, or close the quotation mark or bracket that begins above it.',
  ],
  [
    /indentation|block mapping entry/,
    'Give the keys of one map the same indentation, two spaces deeper than their parent.',
  ],
  [
    /explicit tag|unknown (scalar|sequence|mapping) tag/,
    'Remove the tag (the word that begins with !); only plain values are read.',
  ],
  [
    /unidentified alias/,
    'Define the anchor (&name) above the alias (*name), or quote a text that begins with *.',
  ],
  [
    /several documents|end of the stream or a document separator/,
    'Keep one document in the file: check for a stray `---` and for text left of the keys.',
  ],
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
  const hint =
    HINTS.find(([pattern]) => pattern.test(reason))?.[1] ??
    'Check quotes, colons and indentation here and on the line above.';
  const line = known && error.mark !== undefined ? error.mark.line + 1 : null;
  const column = known && error.mark !== undefined ? error.mark.column + 1 : null;
  return new ConfigError([
    { file, line, column, path: '', message: `not readable as YAML: ${reason}`, hint },
  ]);
}
