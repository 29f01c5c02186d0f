import { didYouMean } from '../kernel/suggest.ts';
import { COMMAND_KEYS, readCommand } from './command-spec.ts';
import type { CommandRead, LoadSession } from './command-spec.ts';
import { readInputs, readOutputs } from './io-specs.ts';
import { kindOf } from './yaml-document.ts';
import type { Mapping, Path, YamlDocument } from './yaml-document.ts';

/** Keys that every component has. */
export const COMPONENT_KEYS = [
  ...[
    '$schema',
    'type',
    'name',
    'version',
    'display_name',
    'description',
    'tags',
    'properties',
    'is_deterministic',
  ],
  ...['inputs', 'outputs', 'retry'],
];

/** Keys for clouds and clusters: understood, kept, reported, and without effect on a single machine. */
export const CLOUD_KEYS = [
  ...['resources', 'distribution', 'compute', 'limits', 'settings', 'queue_settings', 'services', 'identity'],
  ...[
    'experiment_name',
    'source_job_id',
    'intellectual_property',
    'successful_return_code',
    'notification_setting',
  ],
];

/** Reads a command component that lies in a document of its own (path empty) or inline in a job. */
export async function readCommandComponent(
  doc: YamlDocument,
  path: Path,
  value: Mapping,
  session: LoadSession,
): Promise<CommandRead> {
  if (value['additional_includes'] !== undefined) {
    doc.problem(
      [...path, 'additional_includes'],
      'additional_includes is not supported',
      'Put the files into the folder of code.',
    );
  }
  doc.checkKeys(path, value, [...COMPONENT_KEYS, ...COMMAND_KEYS, 'additional_includes', ...CLOUD_KEYS]);
  const inputs = readInputs(doc, [...path, 'inputs'], value['inputs']);
  const outputs = readOutputs(doc, [...path, 'outputs'], value['outputs']);
  const read = await readCommand(doc, path, value, { inputs, outputs: outputs.outputs }, session);
  return { ...read, cloud_only: [...cloudKeys(value, path), ...outputs.cloud_only, ...read.cloud_only] };
}

/** Full paths of the keys of a mapping that only a cloud honours. */
export const cloudKeys = (value: Mapping, path: Path): readonly string[] =>
  CLOUD_KEYS.filter((key) => value[key] !== undefined && value[key] !== null).map((key) =>
    [...path, key].join('.'),
  );

/** `command` or `pipeline`; a file without `type` is what its keys make it. */
export function componentType(doc: YamlDocument): 'command' | 'pipeline' {
  const type = doc.root['type'];
  if (type === 'command' || type === 'pipeline') return type;
  if (type !== undefined && type !== null) {
    const shown = typeof type === 'string' ? type : kindOf(type);
    const hint =
      didYouMean(shown, ['command', 'pipeline']) ?? 'Trainyard runs components of type command and pipeline.';
    doc.problem(['type'], `unknown type ${shown}`, hint);
  }
  return doc.root['jobs'] === undefined ? 'command' : 'pipeline';
}
