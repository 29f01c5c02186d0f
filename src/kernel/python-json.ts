import { WholeFloat } from './yaml-values.ts';

/**
 * `json.dumps(value, sort_keys=True)` as CPython writes it, byte for byte: separators `, ` and `: `, ASCII escapes,
 * `1.0` against `1`, `1e-05`, keys by code point. Takes what `parseYaml` gives; undefined counts as null.
 */
export function pythonJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return pythonString(value);
    case 'number':
      return Number.isSafeInteger(value) ? String(value) : pythonNumber(value);
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'object':
      if (value === null) return 'null';
      if (value instanceof WholeFloat) return pythonFloat(value.value);
      return Array.isArray(value)
        ? `[${value.map(pythonJson).join(', ')}]`
        : pythonMap(Object.entries(value));
    default:
      return 'null';
  }
}

const pythonNumber = (value: number): string =>
  Number.isInteger(value) ? String(BigInt(value)) : pythonFloat(value);

function pythonMap(entries: [string, unknown][]): string {
  entries.sort(([a], [b]) => compareCodePoints(a, b));
  return `{${entries.map(([key, value]) => `${pythonString(key)}: ${pythonJson(value)}`).join(', ')}}`;
}

const PLAIN = /^[ !#-[\]-~]*$/;
const TO_ESCAPE = /["\\]|[^ -~]/g;
const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
  '\b': '\\b',
};

function pythonString(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  return `"${text.replaceAll(TO_ESCAPE, (c) => SHORT[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;
}

/** `repr(float)`: the shortest digits that read back the same, with an exponent below 1e-4 and from 1e16 on. */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (Object.is(value, -0)) return '-0.0';
  const [mantissa = '', power = ''] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  // In this range JavaScript writes the same digits, without an exponent.
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}

/** Python sorts by code point, JavaScript by UTF-16 unit: they differ above U+D7FF. */
function compareCodePoints(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return codePointRank(x) - codePointRank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above U+FFFF, so they come after U+E000 to U+FFFF. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
