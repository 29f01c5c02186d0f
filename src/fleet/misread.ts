import type { Finding, Path } from '../kernel/findings.ts';
import { WholeFloat, Written } from '../kernel/yaml.ts';

/** The value that counts, without the memory of how it was written. */
export function asPlain<T>(value: T | Written): T | Written['value'] {
  return value instanceof Written ? value.value : value;
}

/**
 * A warning where YAML gives a scalar another meaning than most readers do (`1e-5` is text, `010` is eight);
 * null for the harmless ones. The values stay as they are, because existing hashes stand on them.
 */
export function misread(written: Written, path: Path): Finding | null {
  const told = tell(written);
  return told === null ? null : { path, message: told[0], hint: told[1] };
}

function tell({ value, text }: Written): readonly [string, string] | null {
  if (typeof value === 'string') return tellText(text);
  const quoted = `"${text}" in quotes if you mean the text`;
  if (typeof value === 'boolean') {
    if (/^(?:true|false)$/i.test(text)) return null;
    return [`\`${text}\` counts as ${value}`, `Write ${value}, or ${quoted}.`];
  }
  const number = value instanceof WholeFloat ? `${value.value}.0` : String(value);
  if (text.includes(':'))
    return [`\`${text}\` counts as the number ${number} (base 60)`, `Write ${number}, or ${quoted}.`];
  if (/^[-+]?0[0-7_]+$/.test(text) && !/^[-+]?0_*$/.test(text)) {
    return [`\`${text}\` counts as the number ${number} (octal)`, `Write ${number}, or ${quoted}.`];
  }
  if (text.includes('_'))
    return [`\`${text}\` counts as the number ${number}`, `Write ${number}, or ${quoted}.`];
  return null;
}

function tellText(text: string): readonly [string, string] {
  if (/^\d{4}-/.test(text)) {
    return [
      `\`${text}\` is text here, but a date to Python's YAML reader, which cannot be hashed there`,
      `Put it in quotes: "${text}".`,
    ];
  }
  const advice = `Write ${asNumber(text)} for the number (this changes the training hash), or put "${text}" in quotes to keep the text.`;
  return [`\`${text}\` is text, not a number`, advice];
}

/** How YAML 1.1 wants the number to be written: `1e-5` → `1.0e-5`, `0o17` → `15`, `-.5` → `-0.5`. */
function asNumber(text: string): string {
  const octal = /^([-+]?)0o([0-7]+)$/.exec(text);
  if (octal !== null) return `${octal[1] === '-' ? '-' : ''}${BigInt(`0o${octal[2] ?? '0'}`)}`;
  const float = /^([-+]?)([\d_]*)(?:\.([\d_]*))?(?:[eE]([-+]?)(\d+))?$/.exec(text);
  if (float === null) return 'it with a decimal point';
  const [, sign = '', whole = '', fraction, powerSign = '', power] = float;
  if (fraction === undefined && power === undefined)
    return `${sign === '-' ? '-' : ''}${whole.replace(/^0+(?=\d)/, '')}`;
  const exponent = power === undefined ? '' : `e${powerSign === '' ? '+' : powerSign}${power}`;
  return `${sign === '-' ? '-' : ''}${whole === '' ? '0' : whole}.${fraction === undefined || fraction === '' ? '0' : fraction}${exponent}`;
}
