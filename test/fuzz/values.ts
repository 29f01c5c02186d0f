/** Values inside and outside a JSON Schema. */
import fc from 'fast-check';
import type { Schema } from './document.ts';

export type Schemas = Readonly<Record<string, Schema>>;

/** What a schema allows; lengths and depths stay small. */
export function inside(schema: Schema, schemas: Schemas, depth = 0): fc.Arbitrary<unknown> {
  const { $ref, anyOf, oneOf, allOf, type } = schema;
  const within = (other: unknown): fc.Arbitrary<unknown> => inside(other as Schema, schemas, depth + 1);
  if (depth > 6) return fc.constant(null);
  if (typeof $ref === 'string') return within(schemas[$ref.slice($ref.lastIndexOf('/') + 1)] ?? {});
  if ('const' in schema) return fc.constant(schema['const']);
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]));
  const options = anyOf ?? oneOf;
  if (Array.isArray(options)) return fc.oneof(...options.map(within));
  if (Array.isArray(allOf))
    return fc.tuple(...allOf.map(within)).map((parts) => Object.assign({}, ...parts) as unknown);
  if (Array.isArray(type))
    return fc.oneof(...type.map((each) => within({ ...schema, type: each as unknown })));
  switch (type) {
    case 'string':
      return text(schema);
    case 'integer':
      return fc.integer(bounds(schema, 2 ** 31));
    case 'number':
      return fc.double({ ...bounds(schema, 1e9), noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array': {
      const minLength = numberIn(schema, 'minItems', 0);
      return fc.array(within(schema['items'] ?? {}), { minLength, maxLength: minLength + 3 });
    }
    case 'object':
      return object(schema, within);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function object(schema: Schema, within: (other: unknown) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, Schema>>);
  const required = (schema['required'] ?? []) as readonly string[];
  const own = fc.record(Object.fromEntries(properties.map(([name, each]) => [name, within(each)])), {
    requiredKeys: required as never[],
    noNullPrototype: true,
  });
  const more = schema['additionalProperties'];
  if (typeof more !== 'object' || more === null) return own;
  const others = fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), within(more), {
    maxKeys: 3,
    noNullPrototype: true,
  });
  return fc.tuple(others, own).map(([a, b]) => ({ ...a, ...b }));
}

function text(schema: Schema): fc.Arbitrary<string> {
  const { pattern, format } = schema;
  if (typeof pattern === 'string') return fc.stringMatching(new RegExp(pattern, 'u'));
  if (format === 'date-time')
    return fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
      .map((d) => d.toISOString());
  const minLength = numberIn(schema, 'minLength', 0);
  const maxLength = Math.min(numberIn(schema, 'maxLength', 40), minLength + 40);
  return fc.string({ minLength, maxLength, unit: 'grapheme' });
}

function bounds(schema: Schema, far: number): { readonly min: number; readonly max: number } {
  const min = numberIn(schema, 'minimum', numberIn(schema, 'exclusiveMinimum', -far) + 1);
  const max = numberIn(schema, 'maximum', numberIn(schema, 'exclusiveMaximum', far) - 1);
  return { min: Math.max(min, -far), max: Math.min(max, far) };
}

const numberIn = (schema: Schema, keyword: string, otherwise: number): number => {
  const value = schema[keyword];
  return typeof value === 'number' ? value : otherwise;
};

/** Texts that programs trip over. */
export const NASTY_TEXTS: readonly string[] = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\uD800',
  '\uDFFF\uD800',
  '\uFEFF',
  '\u202Eabc',
  '\u2028',
  '💥'.repeat(50),
  'e\u0301'.repeat(30),
  'İıſK',
  'x'.repeat(5000),
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  "' OR 1=1 --",
  '"; DROP TABLE runs; --',
  '%',
  '%_%',
  '\\',
  '*',
  '[a-',
  '(?=a+)+$',
  '../../../../etc/passwd',
  '..\\..\\windows\\win.ini',
  '/etc/passwd',
  'file:///etc/passwd',
  '${env:HOME}',
  '{{7*7}}',
  '<script>alert(1)</script>',
  'a\r\nx-injected: yes',
  'null',
  'undefined',
  'true',
  '-1',
  '0',
  '-0',
  '1.5',
  '1e3',
  '1e309',
  '0x10',
  '١٢',
  'NaN',
  'Infinity',
  '9007199254740993',
  '-9223372036854775809',
  '99999999999999999999999999',
  '2026-02-30T99:99:99Z',
  '+275760-09-13T00:00:00.001Z',
  'W10',
  'e30',
  'eyJfX3Byb3RvX18iOjF9',
];

/** Any text, and those that programs trip over. */
export const anyText = (): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom(...NASTY_TEXTS),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ maxLength: 20 }),
  );

/** Any JSON, and what is likely to be of the wrong type. */
export const anyJson = (): fc.Arbitrary<unknown> =>
  fc.oneof(
    anyText(),
    fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 1e308, -1e308, 2 ** 53, 2 ** 63, [], {}, [[]], [null]),
    fc.jsonValue({ maxDepth: 3 }),
    fc.integer({ min: 1, max: 400 }).map(nested),
  );

function nested(depth: number): unknown {
  let value: unknown = 'deep';
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}
