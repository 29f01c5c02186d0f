import type { z } from 'zod';
import type { Problem } from './errors.ts';
import { didYouMean } from './suggest.ts';
import { type NodePosition, WholeFloat, Written } from './yaml.ts';

export type Path = readonly (string | number)[];

/** Something wrong (or odd) in a document, before its line is known. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
  readonly hint: string | null;
  /** True when it is the key that is wrong, not its value. */
  readonly at_key?: boolean;
}

/** What a reader inside a schema says of a value that it does not take; `path` leads further inside. */
export type Refuse = (message: string, hint: string, path?: Path) => undefined;

/** A finding with its place in the file. */
export function toProblem(
  finding: Finding,
  file: string,
  place: NodePosition | null,
  line_offset = 0,
): Problem {
  const at = finding.at_key === true ? (place?.key ?? place) : place;
  return {
    file,
    line: at === null ? null : at.line + line_offset,
    column: at?.column ?? null,
    path: pathText(finding.path),
    message: finding.message,
    hint: finding.hint,
  };
}

/** `circuits[3].hyperparameters.lr` */
export const pathText = (path: Path): string =>
  path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');

/** Findings for what Zod says against `schema`; unknown keys come one by one, each with its near miss. */
export function toFindings(schema: z.core.$ZodType, issues: readonly z.core.$ZodIssue[]): Finding[] {
  return issues.flatMap((issue): Finding[] => {
    const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    switch (issue.code) {
      case 'unrecognized_keys': {
        const known = knownKeys(schema, path);
        return issue.keys.map((key) => ({
          path: [...path, key],
          message: `unknown key \`${key}\``,
          hint: didYouMean(key, known) ?? `Known keys: ${known.join(', ')}.`,
          at_key: true,
        }));
      }
      case 'invalid_type':
        return [
          {
            path,
            message: `must be ${article(issue.expected)}, is ${kindOf(issue.input)}`,
            hint: typeHint(issue.expected, issue.input),
          },
        ];
      case 'invalid_value': {
        const values = issue.values.map(String);
        const near = typeof issue.input === 'string' ? didYouMean(issue.input, values) : undefined;
        return [
          {
            path,
            message: `must be one of ${values.join(', ')}, is ${show(issue.input)}`,
            hint: near ?? `Write ${values.join(' or ')}.`,
          },
        ];
      }
      case 'too_small':
        return [
          {
            path,
            message: `must be at least ${String(issue.minimum)}, is ${show(issue.input)}`,
            hint: 'Write a larger number.',
          },
        ];
      case 'too_big':
        return [
          {
            path,
            message: `must be at most ${String(issue.maximum)}, is ${show(issue.input)}`,
            hint: 'Write a smaller number.',
          },
        ];
      case 'custom': {
        const hint: unknown = issue.params?.['hint'];
        return [{ path, message: issue.message, hint: typeof hint === 'string' ? hint : null }];
      }
      default:
        return [{ path, message: issue.message, hint: null }];
    }
  });
}

/** What a value is, for `must be …, is …`. */
export function kindOf(value: unknown): string {
  const plain = value instanceof Written ? value.value : value;
  if (plain === undefined) return 'missing';
  if (plain === null) return 'empty';
  if (Array.isArray(plain)) return 'a list';
  if (typeof plain === 'string') return 'text';
  if (typeof plain === 'boolean') return String(plain);
  if (typeof plain === 'object' && !(plain instanceof WholeFloat)) return 'a map';
  return 'a number';
}

/** A value as a user would write it, cut short. */
export function show(value: unknown): string {
  const text = asWritten(value);
  if (text === null) return kindOf(value);
  return text.length > 60 ? `\`${text.slice(0, 57)}…\`` : `\`${text}\``;
}

/** A scalar's text as it stands in the file; null for lists, maps and empty values. */
export function asWritten(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (value instanceof Written) return value.text;
  if (value instanceof WholeFloat) return `${Object.is(value.value, -0) ? '-0' : value.value}.0`;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  return null;
}

/** True for what YAML calls a map. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof WholeFloat) &&
    !(value instanceof Written)
  );
}

function article(expected: string): string {
  if (expected === 'object' || expected === 'record') return 'a map';
  if (expected === 'array') return 'a list';
  if (expected === 'string') return 'text';
  if (expected === 'boolean') return 'true or false';
  return expected === 'int' ? 'a whole number' : `a ${expected}`;
}

function typeHint(expected: string, input: unknown): string | null {
  const text = asWritten(input);
  if (expected === 'string' && text !== null) return `Put it in quotes: "${text}".`;
  if (expected === 'array' && text !== null) return `Write a list: [${text}].`;
  if (expected === 'object' || expected === 'record') return 'Write key: value pairs.';
  if (expected === 'boolean') return 'Write true or false.';
  if (expected === 'number' || expected === 'int') return 'Write a number, without quotes.';
  return null;
}

/** The keys that an object schema takes at a path below `schema`. */
function knownKeys(schema: z.core.$ZodType, path: Path): string[] {
  let node: z.core.$ZodType | undefined = schema;
  for (const part of [...path, null]) {
    node = unwrap(node);
    const def: z.core.$ZodTypes['_zod']['def'] | undefined = (node as z.core.$ZodTypes | undefined)?._zod.def; // the union of all schemas, so that `type` narrows it
    if (def?.type === 'object') {
      if (part === null) return Object.keys(def.shape);
      node = def.shape[part];
    } else if (def?.type === 'record') node = def.valueType;
    else if (def?.type === 'array') node = def.element;
    else return [];
  }
  return [];
}

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  let node = schema as z.core.$ZodTypes | undefined; // as above
  for (;;) {
    const def = node?._zod.def;
    if (
      def?.type === 'optional' ||
      def?.type === 'default' ||
      def?.type === 'prefault' ||
      def?.type === 'nullable'
    ) {
      node = def.innerType as z.core.$ZodTypes;
    } else if (def?.type === 'pipe') {
      const inner = def.in as z.core.$ZodTypes;
      node = inner._zod.def.type === 'transform' ? (def.out as z.core.$ZodTypes) : inner;
    } else return node;
  }
}
