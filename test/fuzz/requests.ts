/** Requests for one operation of the document: sensible ones, and ones that are wrong in some place or in all. */
import fc from 'fast-check';
import type { Operation, Parameter, Schema } from './document.ts';
import { anyJson, anyText, inside } from './values.ts';
import type { Schemas } from './values.ts';

/** Ids of what there is, by resource as it stands in paths: `runs`, `jobs`, `circuits` … */
export type Known = Readonly<Record<string, readonly string[]>>;

export interface FuzzRequest {
  readonly method: string;
  /** With its query, percent-encoded. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** Path segments as no client of ours would write them. */
const NASTY_SEGMENTS: readonly string[] = [
  '%00',
  'a%00b',
  '%2e%2e',
  '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '..%5c..%5cwin.ini',
  '%252e%252e',
  '%ff',
  '%c0%ae%c0%ae',
  '%ed%a0%80',
  '%',
  '%zz',
  '%u0041',
  ';',
  'a;b=c',
  'a'.repeat(4000),
];

/** Bodies that are no JSON, or none that anybody should send. */
const NASTY_BODIES: readonly string[] = [
  '',
  ' ',
  '{',
  '{"a":',
  'null',
  'true',
  '0',
  '"text"',
  '[]',
  '{}{}',
  '\uFEFF{}',
  "{'a': 1}",
  '{"a": NaN}',
  '{"a": 1e999}',
  `{"a": ${'9'.repeat(400)}}`,
  '{"a": 1, "a": 2}',
  '{"__proto__": {"polluted": true}}',
  '{"constructor": {"prototype": {"polluted": true}}}',
  '['.repeat(20_000),
  `${'['.repeat(2000)}${']'.repeat(2000)}`,
  `{"a":`.repeat(2000),
  `{"comment": "${'x'.repeat(70_000)}"}`,
  'a=1&b=2',
  '\0',
];

export function requestsFor(operation: Operation, schemas: Schemas, known: Known): fc.Arbitrary<FuzzRequest> {
  const { method, path, parameters, body } = operation;
  const of = (where: Parameter['in']): readonly Parameter[] => parameters.filter((p) => p.in === where);
  return fc
    .record({
      segments: fc.tuple(...of('path').map((each) => segment(path, each, schemas, known))),
      query: query(of('query'), schemas, known),
      headers: headers(of('header'), schemas),
      body: body === null ? maybe(fc.constantFrom(...NASTY_BODIES), 1, 9) : bodies(body, schemas, known),
      type: fc.oneof(
        { weight: 12, arbitrary: fc.constant('application/json') },
        {
          weight: 1,
          arbitrary: fc.constantFrom(
            'text/plain',
            'application/x-www-form-urlencoded',
            'multipart/form-data',
            'application/json; charset=utf-16',
            'application/jsonp',
            '',
          ),
        },
      ),
    })
    .map(({ segments, query: pairs, headers: some, body: sent, type }) => {
      const names = of('path').map((each) => each.name);
      const filled = path.replaceAll(/\{(.+?)\}/g, (_, name: string) => segments[names.indexOf(name)] ?? '');
      const written = pairs.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join('&');
      const has = method !== 'GET' && sent !== null;
      return {
        method,
        url: `${filled}${written === '' ? '' : `?${written}`}`,
        headers: { ...some, ...(has ? { 'content-type': type } : {}) },
        body: has ? sent : null,
      };
    });
}

/** `present` of `present + absent`. */
const maybe = <T>(arbitrary: fc.Arbitrary<T>, present = 1, absent = 1): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: present, arbitrary }, { weight: absent, arbitrary: fc.constant(null) });

function segment(
  path: string,
  { name, schema }: Parameter,
  schemas: Schemas,
  known: Known,
): fc.Arbitrary<string> {
  const [, resource = ''] = new RegExp(`([^/]+)/\\{${name}[^}]*\\}`).exec(path) ?? [];
  const ids = [...(known[resource] ?? []), ...(known[name] ?? [])];
  return fc.oneof(
    ...(ids.length === 0 ? [] : [{ weight: 6, arbitrary: fc.constantFrom(...ids).map(encoded) }]),
    { weight: 2, arbitrary: inside(schema, schemas).map((value) => encoded(plain(value))) },
    { weight: 1, arbitrary: anyText().map(encoded) },
    { weight: 1, arbitrary: fc.constantFrom(...NASTY_SEGMENTS) },
  );
}

function query(
  parameters: readonly Parameter[],
  schemas: Schemas,
  known: Known,
): fc.Arbitrary<readonly (readonly [string, string])[]> {
  const pairOf = ({ name, schema }: Parameter): fc.Arbitrary<readonly [string, string]> =>
    fc
      .oneof(
        { weight: 4, arbitrary: idOr(name, inside(schema, schemas).map(plain), known) },
        { weight: 1, arbitrary: anyText() },
      )
      .map((value) => [name, value] as const);
  const own = parameters.map((each) =>
    each.required
      ? fc.oneof(
          { weight: 9, arbitrary: pairOf(each).map((p) => [p]) },
          { weight: 1, arbitrary: fc.constant([]) },
        )
      : fc.oneof(
          { weight: 6, arbitrary: fc.constant([]) },
          { weight: 4, arbitrary: pairOf(each).map((p) => [p]) },
          // The same one twice.
          { weight: 1, arbitrary: fc.tuple(pairOf(each), pairOf(each)) },
        ),
  );
  const unknown = fc.oneof(
    { weight: 9, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.tuple(anyText(), anyText()).map((pair) => [pair]) },
  );
  return fc.tuple(...own, unknown).map((pairs) => pairs.flat());
}

function headers(parameters: readonly Parameter[], schemas: Schemas): fc.Arbitrary<Record<string, string>> {
  const named = Object.fromEntries(
    parameters.map(({ name, schema }) => [
      name,
      fc.oneof(inside(schema, schemas).map(plain), anyText()).map(headerSafe),
    ]),
  );
  const odd = anyText().map(headerSafe);
  return fc
    .record(
      {
        ...named,
        'if-none-match': fc.oneof(fc.constantFrom('*', 'W/"', '"a", W/"b"'), odd),
        'idempotency-key': fc.oneof(fc.constantFrom('once', 'twice', 'k'.repeat(1000)), odd),
        accept: fc.constantFrom('*/*', 'text/html', 'application/xml', ''),
        range: fc.constantFrom(
          'bytes=0-1',
          'bytes=-1',
          'bytes=9-1',
          'bytes=0-99999999999999999999',
          'lines=1',
        ),
      },
      { requiredKeys: [], noNullPrototype: true },
    )
    .map((made) => made as Record<string, string>);
}

function bodies(schema: Schema, schemas: Schemas, known: Known): fc.Arbitrary<string | null> {
  const good = inside(schema, schemas).chain((value) => withIds(value, known));
  return fc.oneof(
    { weight: 5, arbitrary: good.map((value) => JSON.stringify(value)) },
    { weight: 4, arbitrary: fc.tuple(good, fc.nat(), anyJson(), fc.nat(4)).map((args) => spoiled(...args)) },
    { weight: 1, arbitrary: anyJson().map((value) => JSON.stringify(value)) },
    { weight: 2, arbitrary: fc.constantFrom(...NASTY_BODIES) },
    { weight: 1, arbitrary: fc.constant(null) },
  );
}

/** Some of the names in a body are those of things that there are. */
function withIds(value: unknown, known: Known): fc.Arbitrary<unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fc.constant(value);
  const fields = Object.entries(value).map(([name, each]) => {
    const ids = known[name] ?? known[`${name}s`] ?? [];
    const [first, ...others] = ids;
    if (first === undefined) return fc.constant([name, each] as const);
    const one = fc.constantFrom(first, ...others);
    const real: fc.Arbitrary<unknown> = Array.isArray(each)
      ? fc.array(one, { minLength: 1, maxLength: 3 })
      : one;
    return fc.oneof(real, fc.constant(each)).map((chosen) => [name, chosen] as const);
  });
  return fc.tuple(...fields).map((pairs) => Object.fromEntries(pairs));
}

/** A body with one place that is wrong: a value replaced, a field left out, one too many, a prototype. */
function spoiled(value: unknown, place: number, wrong: unknown, how: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(wrong);
  const names = Object.keys(value);
  const name = names[place % Math.max(1, names.length)] ?? 'comment';
  const written = JSON.stringify(value);
  const more = (field: string): string => written.replace(/\}$/, `${names.length === 0 ? '' : ','}${field}}`);
  const text = JSON.stringify(wrong);
  if (how === 0)
    return JSON.stringify(Object.fromEntries(Object.entries(value).filter(([key]) => key !== name)));
  if (how === 1) return more(`"unknown_field":${text}`);
  if (how === 2) return more(`"__proto__":${text}`);
  return JSON.stringify({ ...value, [name]: wrong });
}

function idOr(name: string, otherwise: fc.Arbitrary<string>, known: Known): fc.Arbitrary<string> {
  const [first, ...others] = known[name] ?? known[`${name}s`] ?? [];
  return first === undefined ? otherwise : fc.oneof(fc.constantFrom(first, ...others), otherwise);
}

const plain = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Percent-encoded; half a character, which no URL can hold, becomes what a careless client would send of it. */
const encoded = (value: string): string =>
  value.isWellFormed() ? encodeURIComponent(value) : `%ED%A0%80${encodeURIComponent(value.toWellFormed())}`;

/** What a header can hold at all; the rest never leaves a client. */
const headerSafe = (value: string): string => value.replaceAll(/[^\u0021-\u007E\u00A1-\u00FF ]/g, '').trim();
