/** How PyYAML 6 reads plain scalars: its patterns, its arithmetic. Null: not of that kind. */

const PLAIN_INTEGER = /^(?:0|-?[1-9][0-9]{0,14})$/;
const INTEGER = /^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;

/** `12`, `-1_000`, `0b101`, `0x1F`, `010` (octal), `12:30` (base 60). A bigint beyond 2^53. */
export function readInteger(source: string): number | bigint | null {
  if (PLAIN_INTEGER.test(source)) return Number(source);
  if (!INTEGER.test(source)) return null;
  const digits = source.replaceAll('_', '').replace(/^[-+]/, '');
  if (digits.length === 2 && /[bx]/.test(digits)) return null; // `0b_` has no digits; PyYAML fails on it
  const size = magnitude(digits);
  const value = source.startsWith('-') ? -size : size;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function magnitude(digits: string): bigint {
  if (digits.includes(':')) return digits.split(':').reduce((sum, part) => sum * 60n + BigInt(part), 0n);
  if (/^0[0-7]/.test(digits)) return BigInt(`0o${digits.slice(1)}`);
  return BigInt(digits);
}

const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const EXPLICIT_FLOAT = /^[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?$/;

/** `1.5`, `1.0e-05`, `.5`, `1:30.5` (base 60), `.inf`, `.nan`. An explicit `!!float` also takes `1` and `1e-5`. */
export function readFloat(source: string, explicit = false): number | null {
  if (!FLOAT.test(source) && !(explicit && EXPLICIT_FLOAT.test(source))) return null;
  const digits = source.replaceAll('_', '').toLowerCase().replace(/^[-+]/, '');
  const size = floatMagnitude(digits);
  return source.startsWith('-') ? -size : size;
}

function floatMagnitude(digits: string): number {
  if (digits === '.inf') return Number.POSITIVE_INFINITY;
  if (digits === '.nan') return Number.NaN;
  // Summed from the lowest part up, as PyYAML does it, because the order decides about the last bit.
  let [sum, base] = [0, 1];
  for (const part of digits.split(':').toReversed()) {
    sum += Number(part) * base;
    base *= 60;
  }
  return sum;
}

const TRUE = new Set(['yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']);
const FALSE = new Set(['no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']);

/** `true`, `yes`, `on` and their opposites, in the three cases; `y` and `n` are text. */
export function readBoolean(source: string): boolean | null {
  return TRUE.has(source) ? true : FALSE.has(source) ? false : null;
}
