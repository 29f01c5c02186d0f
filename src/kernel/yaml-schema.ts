import {
  NOT_RESOLVED,
  Schema,
  defineMappingTag,
  defineScalarTag,
  mapTag,
  mergeTag,
  nullYaml11Tag,
  seqTag,
  strTag,
} from 'js-yaml';
import { readBoolean, readFloat, readInteger } from './yaml-scalars.ts';
import { WholeFloat, Written } from './yaml-values.ts';

const DIGITS = [...'0123456789'];
const PYYAML_DATE =
  /^\d{4}-\d\d-\d\d$|^\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?$/;
const LOOKS_LIKE_FLOAT =
  /^[-+]?(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)[eE][-+]?\d+$|^[-+]\.\d[\d_]*(?:[eE][-+]?\d+)?$|^[-+]?0o[0-7]+$|^0\d+$/;

function pyyamlSchema(keepWriting: boolean): Schema {
  const number = (
    value: number | bigint | WholeFloat,
    source: string,
  ): number | bigint | WholeFloat | Written =>
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
  const scalars = [
    strTag,
    nullYaml11Tag,
    boolean,
    integer,
    float,
    mergeTag,
    ...(keepWriting ? [deceptive] : []),
  ];
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

/** PyYAML's reading of plain scalars. */
export const PLAIN_SCHEMA = pyyamlSchema(false);
/** The same, but scalars that do not show how they were written come as `Written`. */
export const WRITING_SCHEMA = pyyamlSchema(true);
