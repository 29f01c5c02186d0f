/**
 * How each kind of value in circuits.yaml is read. Readers take what `parseYaml(…, { keep_writing: true })` gives
 * and refuse with a message and a hint. `null` means "not set", also where a default exists.
 */
import { type Refuse, asWritten, isMap, kindOf, show } from '../kernel/findings.ts';
import type { Read } from '../kernel/schema-field.ts';
import { WholeFloat } from '../kernel/yaml.ts';
import { asPlain } from './misread.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9\-_]*$/;
const NAME_RULE =
  'Names go out to job and asset names: use letters, digits, - and _, beginning with a letter or digit.';

/** Text of an id, exactly as written (`007` stays `007`). */
export const readIdPart: Read<string> = (value, refuse) => {
  const text = asWritten(value);
  if (text === null)
    return refuse(
      `must be text or a number, is ${kindOf(value)}`,
      'Write an id, for example 2110 or "line-4".',
    );
  return checkName(text, 100, refuse);
};

export const readModelName: Read<string | null> = (value, refuse) => {
  if (value === null) return null;
  const text = asWritten(value);
  if (text === null)
    return refuse(
      `must be text, is ${kindOf(value)}`,
      'Write a name, or leave the key out for <plant>-<circuit>.',
    );
  return checkName(text, 255, refuse);
};

function checkName(text: string, longest: number, refuse: Refuse): string | undefined {
  if (NAME.test(text) && text.length <= longest) return text;
  if (text === '') return refuse('is empty', NAME_RULE);
  const bad = [...new Set(text.replaceAll(/[a-zA-Z0-9\-_]/g, ''))];
  if (bad.length > 0) {
    const listed = bad.slice(0, 5).map((c) => (c === ' ' ? 'a space' : `\`${c}\``));
    return refuse(`has characters that names may not have: ${listed.join(', ')}`, NAME_RULE);
  }
  if (text.length > longest)
    return refuse(`has ${text.length} characters; at most ${longest} fit into job names`, 'Shorten it.');
  return refuse(`begins with \`${text.charAt(0)}\``, NAME_RULE);
}

/** Text as it stands in the file: `1.10` stays `1.10`. */
export const readAsWritten: Read<string | null> = (value, refuse) => {
  if (value === null) return null;
  const text = asWritten(value);
  if (text === null || text === '')
    return refuse(
      `must be text, is ${text === '' ? 'empty' : kindOf(value)}`,
      'Write a version, for example "1.2.0".',
    );
  return text;
};

/** A version both ways: as Python reads it (for the hash) and as it is written (for the outside world). */
export interface WrittenVersion {
  readonly value: string | number | bigint | boolean | WholeFloat;
  readonly text: string;
}

export const readVersion: Read<WrittenVersion | null> = (value, refuse) => {
  const text = readAsWritten(value, refuse);
  if (text === undefined || text === null) return text;
  const plain = asPlain(value);
  const number = typeof plain === 'number' || typeof plain === 'bigint' || plain instanceof WholeFloat;
  return { value: number || typeof plain === 'boolean' ? plain : text, text };
};

/** Text that is not empty: a path, the name of a column. */
export const readText: Read<string | null> = (value, refuse) => {
  if (value === null) return null;
  const plain = asPlain(value);
  if (typeof plain !== 'string') return refuse(`must be text, is ${kindOf(value)}`, quoteHint(value));
  if (plain.trim() === '') return refuse('is empty', 'Write a value, or leave the key out.');
  return plain;
};

const quoteHint = (value: unknown): string => {
  const text = asWritten(value);
  return text === null ? 'Write text.' : `Put it in quotes: "${text}".`;
};

/** A list of texts. */
export const readTextList: Read<readonly string[] | null> = (value, refuse) => {
  if (value === null) return null;
  if (!Array.isArray(value)) return refuse(`must be a list, is ${kindOf(value)}`, listHint(value));
  return readTexts(value, refuse);
};

/** One text or a list of texts, as a list. */
export const readFilter: Read<readonly string[] | null> = (value, refuse) => {
  if (value === null) return null;
  if (Array.isArray(value)) return readTexts(value, refuse);
  const text = readText(value, refuse);
  return text === undefined || text === null ? text : [text];
};

const listHint = (value: unknown): string => {
  const text = asWritten(value);
  return text === null ? 'Write [a, b].' : `Write [${text}].`;
};

function readTexts(values: readonly unknown[], refuse: Refuse): readonly string[] {
  return values.map((item, i) => {
    const text = readText(item, (message, hint) => refuse(message, hint, [i]));
    if (text === null) refuse('is empty', 'Write a text or delete the entry.', [i]);
    return text ?? '';
  });
}

const DATE =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(?:[Zz]|[-+](\d\d):?(\d\d))?)?$/;

/** True for a date or ISO timestamp that the calendar knows. */
export function isRealDate(text: string): boolean {
  const parts = DATE.exec(text);
  if (parts === null) return false;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zoneHour = 0, zoneMinute = 0] = parts
    .slice(1)
    .map((p) => Number(p ?? 0));
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > days) return false;
  return hour < 24 && minute < 60 && second < 60 && zoneHour < 24 && zoneMinute < 60;
}

export const readCutoffDate: Read<string | null> = (value, refuse) => {
  if (value === null) return null;
  const plain = asPlain(value);
  if (typeof plain === 'string' && isRealDate(plain)) return plain;
  const what =
    typeof plain === 'string' && DATE.test(plain)
      ? `is ${show(value)}, a day or time that does not exist`
      : `must be a date, is ${show(value)}`;
  return refuse(
    what,
    'Write YYYY-MM-DD or an ISO timestamp, for example 2026-03-31 or 2026-03-31T12:00:00Z.',
  );
};

export const readTrainingDays: Read<number | null> = (value, refuse) => {
  if (value === null) return null;
  const plain = asPlain(value);
  if (typeof plain === 'number' && Number.isInteger(plain) && plain >= 1 && plain <= 100_000) return plain;
  const hint =
    plain instanceof WholeFloat
      ? `Write ${plain.value}.`
      : 'Write a whole number of days from 1 to 100000, without quotes.';
  return refuse(`must be a positive whole number, is ${show(value)}`, hint);
};

export const readDeltaVersion: Read<string | number | null> = (value, refuse) => {
  if (value === null) return null;
  const plain = asPlain(value);
  if (typeof plain === 'number' && Number.isInteger(plain) && plain >= 0) return plain;
  if (typeof plain === 'string' && (plain === 'latest' || /^\d{1,15}$/.test(plain) || isRealDate(plain)))
    return plain;
  const hint =
    plain instanceof WholeFloat
      ? `Write ${plain.value}.`
      : 'Write a version number, latest, or an ISO timestamp such as 2026-03-31T12:00:00Z.';
  return refuse(`must be a version of a Delta table, is ${show(value)}`, hint);
};

export const readBoolean: Read<boolean> = (value, refuse) => {
  const plain = asPlain(value);
  if (typeof plain === 'boolean') return plain;
  return refuse(`must be true or false, is ${show(value)}`, 'Write true or false.');
};

/** Any map; its values are looked at when circuits are built. */
export const readHyperparameters: Read<Readonly<Record<string, unknown>>> = (value, refuse) => {
  if (isMap(value)) return value;
  return refuse(`must be a map, is ${kindOf(value)}`, 'Write key: value pairs, or {} for none.');
};

/** Texts by name, numbers as written; null takes a default away. */
export const readTags: Read<Readonly<Record<string, string | null>>> = (value, refuse) => {
  if (!isMap(value))
    return refuse(`must be a map, is ${kindOf(value)}`, 'Write name: value pairs, or {} for none.');
  const tags = Object.entries(value).map(([name, tag]): [string, string | null] => {
    const text = asWritten(tag);
    if (text === null && tag !== null)
      refuse(`must be text, is ${kindOf(tag)}`, 'Tags hold one text each.', [name]);
    return [name, text];
  });
  return Object.fromEntries(tags);
};
