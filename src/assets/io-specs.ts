import { didYouMean } from '../kernel/suggest.ts';
import { checkLiteral, literalText } from './literal.ts';
import { absolutePath, isRemote } from './paths.ts';
import type { AssetType, InputSpec, InputType, OutputSpec } from './types.ts';
import { isMapping, kindOf } from './yaml-document.ts';
import type { Mapping, Path, YamlDocument } from './yaml-document.ts';

/** Declared inputs and outputs of a component or a job. */
export interface IoSpecs {
  readonly inputs: Readonly<Record<string, InputSpec>>;
  readonly outputs: Readonly<Record<string, OutputSpec>>;
}

const ASSET_TYPES: readonly AssetType[] = [
  'uri_file',
  'uri_folder',
  'mltable',
  'custom_model',
  'mlflow_model',
  'triton_model',
];
const LITERAL_TYPES = ['string', 'number', 'integer', 'boolean'] as const;
const INPUT_TYPES: readonly InputType[] = [...LITERAL_TYPES, ...ASSET_TYPES];

const INPUT_KEYS = [
  ...[
    'type',
    'description',
    'default',
    'optional',
    'min',
    'max',
    'enum',
    'mode',
    'path',
    'value',
    'properties',
  ],
];
const OUTPUT_KEYS = [
  'type',
  'description',
  'mode',
  'path',
  'name',
  'version',
  'early_available',
  'is_control',
  'properties',
];
/** They make a cloud register or place an output by itself. */
const CLOUD_OUTPUT_KEYS = ['path', 'name', 'version'];

export const isAssetType = (type: InputType): type is AssetType => ASSET_TYPES.some((t) => t === type);

/** Declared inputs; a bare value, as pipelines written as jobs have it, is the default of an input of its kind. */
export function readInputs(
  doc: YamlDocument,
  path: Path,
  value: unknown,
): Readonly<Record<string, InputSpec>> {
  const inputs = Object.entries(doc.mapping(path, value));
  return Object.fromEntries(
    inputs.map(([name, spec]) => [name, readInput(doc, [...path, name], name, spec)]),
  );
}

/** Declared outputs, and which of their keys only a cloud honours. */
export function readOutputs(
  doc: YamlDocument,
  path: Path,
  value: unknown,
): { readonly outputs: Readonly<Record<string, OutputSpec>>; readonly cloud_only: readonly string[] } {
  const cloudOnly: string[] = [];
  const outputs = Object.entries(doc.mapping(path, value)).map(([name, spec]): [string, OutputSpec] => {
    const here = [...path, name];
    checkIoName(doc, here, name);
    const mapping = doc.mapping(here, spec);
    doc.checkKeys(here, mapping, OUTPUT_KEYS);
    cloudOnly.push(
      ...CLOUD_OUTPUT_KEYS.filter((key) => key in mapping).map((key) => [...here, key].join('.')),
    );
    const type = readType(doc, here, mapping['type'] ?? 'uri_folder', ASSET_TYPES);
    return [
      name,
      { type: type ?? 'uri_folder', description: doc.text([...here, 'description'], mapping['description']) },
    ];
  });
  return { outputs: Object.fromEntries(outputs), cloud_only: cloudOnly };
}

/** The type of an output; null after a problem. */
export const readOutputType = (doc: YamlDocument, path: Path, value: unknown): AssetType | null =>
  readType(doc, path, value, ASSET_TYPES);

/** The kind of input that a value without a declaration makes. */
export function inputOfValue(doc: YamlDocument, path: Path, value: unknown): InputSpec {
  const plain = { optional: false, default: null, description: null };
  if (isMapping(value)) {
    const type = readType(
      doc,
      path,
      value['type'] ?? (value['path'] === undefined ? 'string' : 'uri_folder'),
      INPUT_TYPES,
    );
    return { type: type ?? 'string', ...plain };
  }
  if (typeof value === 'boolean') return { type: 'boolean', ...plain };
  if (typeof value === 'number' || typeof value === 'bigint') {
    return { type: Number.isInteger(Number(value)) ? 'integer' : 'number', ...plain };
  }
  return { type: typeof value === 'string' ? 'string' : 'number', ...plain };
}

function readInput(doc: YamlDocument, path: Path, name: string, value: unknown): InputSpec {
  checkIoName(doc, path, name);
  if (!isMapping(value)) {
    const text = literalText(value);
    if (text === null)
      doc.problem(path, `must say its type, is ${kindOf(value)}`, `Write {type: string} or another type.`);
    return { ...inputOfValue(doc, path, value), default: text };
  }
  doc.checkKeys(path, value, INPUT_KEYS);
  const type = readType(
    doc,
    path,
    value['type'] ?? (value['path'] === undefined ? undefined : 'uri_folder'),
    INPUT_TYPES,
  );
  const spec: InputSpec = {
    type: type ?? 'string',
    optional: readFlag(doc, [...path, 'optional'], value['optional']),
    default: null,
    description: doc.text([...path, 'description'], value['description']),
    ...readBounds(doc, path, value),
  };
  return type === null ? spec : { ...spec, default: readDefault(doc, path, value, spec) };
}

function readDefault(doc: YamlDocument, path: Path, value: Mapping, spec: InputSpec): string | null {
  const key = ['default', 'value', 'path'].find((k) => value[k] !== undefined && value[k] !== null);
  if (key === undefined) return null;
  const text = literalText(value[key]);
  if (text === null) {
    doc.problem([...path, key], `must be a single value, is ${kindOf(value[key])}`);
    return null;
  }
  if (isAssetType(spec.type)) return isRemote(text) ? text : absolutePath(doc.folder, text);
  const checked = checkLiteral(spec, text);
  if ('value' in checked) return checked.value;
  doc.problem([...path, key], checked.problem);
  return null;
}

function readBounds(doc: YamlDocument, path: Path, value: Mapping): Pick<InputSpec, 'min' | 'max' | 'enum'> {
  const number = (key: 'min' | 'max'): number | undefined => {
    const text = literalText(value[key]);
    if (text === null) return undefined;
    const bound = Number(text);
    if (Number.isFinite(bound) && typeof value[key] !== 'string') return bound;
    doc.problem([...path, key], `must be a number, is ${kindOf(value[key])}`);
    return undefined;
  };
  const min = number('min');
  const max = number('max');
  const list = value['enum'];
  if (list !== undefined && !Array.isArray(list))
    doc.problem([...path, 'enum'], `must be a list, is ${kindOf(list)}`);
  return {
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(Array.isArray(list) ? { enum: list.map((item) => literalText(item) ?? '') } : {}),
  };
}

function readType<T extends InputType>(
  doc: YamlDocument,
  path: Path,
  value: unknown,
  known: readonly T[],
): T | null {
  const found = known.find((type) => type === value);
  if (found !== undefined) return found;
  if (value === undefined)
    doc.problem([...path, 'type'], 'type is missing', `Use one of ${known.join(', ')}.`);
  else {
    const text = literalText(value) ?? kindOf(value);
    const hint = didYouMean(text, known) ?? `Use one of ${known.join(', ')}.`;
    doc.problem([...path, 'type'], `unknown type ${text}`, hint);
  }
  return null;
}

function readFlag(doc: YamlDocument, path: Path, value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  doc.problem(path, `must be true or false, is ${kindOf(value)}`);
  return false;
}

function checkIoName(doc: YamlDocument, path: Path, name: string): void {
  if (/^[A-Za-z_]\w{0,254}$/.test(name)) return;
  doc.problem(
    path,
    `the name ${JSON.stringify(name)} cannot be used`,
    'Use letters, digits and underscores, not beginning with a digit.',
  );
}
