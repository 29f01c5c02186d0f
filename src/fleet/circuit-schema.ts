import { z } from 'zod';
import { type About, type Read, field as schemaField } from '../kernel/schema-field.ts';
import {
  readAsWritten,
  readBoolean,
  readCutoffDate,
  readDeltaVersion,
  readFilter,
  readHyperparameters,
  readIdPart,
  readModelName,
  readTags,
  readText,
  readTextList,
  readTrainingDays,
  readVersion,
} from './circuit-fields.ts';

/** How each key of a circuit is read; the schemas below are made of these. */
export const READERS = {
  plant_id: readIdPart,
  cutoff_date: readCutoffDate,
  training_days: readTrainingDays,
  delta_version: readDeltaVersion,
  delta_table_path: readText,
  data_path: readText,
  features: readTextList,
  filter: readFilter,
  hyperparameters: readHyperparameters,
  pipeline_component_version: readVersion,
  environment_version: readAsWritten,
  tags: readTags,
  optional: readBoolean,
  plant_column: readText,
  circuit_column: readText,
  time_column: readText,
  circuit_id: readIdPart,
  model_name: readModelName,
};

const field = <T>(read: Read<T>, about: About) => schemaField(read, about).optional().meta(about);

const shared = {
  plant_id: field(READERS.plant_id, {
    description: 'The plant (or store, site, customer). A text or a number, kept as written: 007 stays 007.',
    type: ['string', 'number'],
  }),
  cutoff_date: field(READERS.cutoff_date, {
    description: 'Last day of the training data, YYYY-MM-DD or an ISO timestamp. Part of the training hash.',
    type: ['string', 'null'],
    examples: ['2026-03-31'],
  }),
  training_days: field(READERS.training_days, {
    description: 'Length of the training window before `cutoff_date`, in days. Part of the training hash.',
    type: ['integer', 'null'],
    minimum: 1,
    maximum: 100_000,
  }),
  delta_version: field(READERS.delta_version, {
    description:
      'Version of the Delta table: a number, an ISO timestamp, or `latest`, which is looked up and pinned when planning. Part of the training hash.',
    type: ['integer', 'string', 'null'],
    examples: [12, 'latest', '2026-03-31T12:00:00Z'],
  }),
  delta_table_path: field(READERS.delta_table_path, {
    description: 'Folder or URI of the Delta table, relative to the project root.',
    type: ['string', 'null'],
  }),
  data_path: field(READERS.data_path, {
    description:
      'File or folder with training data, relative to the project root; its content decides about retraining.',
    type: ['string', 'null'],
  }),
  features: field(READERS.features, {
    description: 'Columns to train on.',
    type: ['array', 'null'],
    items: { type: 'string' },
  }),
  filter: field(READERS.filter, {
    description: 'Filter expressions for the data, one text or a list; all of them must hold.',
    type: ['string', 'array', 'null'],
    items: { type: 'string' },
  }),
  hyperparameters: field(READERS.hyperparameters, {
    description:
      'Any map; merged key by key over the defaults. `${env:NAME}` in a text is resolved when the job starts, and never written anywhere. Part of the training hash.',
    type: 'object',
  }),
  pipeline_component_version: field(READERS.pipeline_component_version, {
    description:
      "Version of the training component; the component file's own version unless told. Part of the training hash.",
    type: ['string', 'number', 'null'],
  }),
  environment_version: field(READERS.environment_version, {
    description: 'Version of the environment, as written; not part of the training hash.',
    type: ['string', 'number', 'null'],
  }),
  tags: field(READERS.tags, {
    description:
      'Tags for the registered models, merged key by key over the defaults; null takes a default away.',
    type: 'object',
    additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
  }),
  optional: field(READERS.optional, {
    description: 'When true, a failure of this circuit neither reddens nor blocks a run.',
    type: 'boolean',
    default: false,
  }),
  plant_column: field(READERS.plant_column, {
    description: 'Column that holds the plant, for the data filter.',
    type: ['string', 'null'],
  }),
  circuit_column: field(READERS.circuit_column, {
    description: 'Column that holds the circuit, for the data filter.',
    type: ['string', 'null'],
  }),
  time_column: field(READERS.time_column, {
    description: 'Column that holds the time, for the training window.',
    type: ['string', 'null'],
  }),
};

/** What may stand under `defaults:`. */
export const DefaultsEntry = z
  .strictObject(shared)
  .meta({ description: 'Values merged under every circuit.' });
export type DefaultsEntry = z.infer<typeof DefaultsEntry>;

const { plant_id, ...others } = shared;

/** One circuit as it stands in the list, before defaults. */
export const CircuitEntry = z
  .strictObject({
    plant_id,
    circuit_id: field(READERS.circuit_id, {
      description: 'The circuit within the plant. A text or a number, kept as written.',
      type: ['string', 'number'],
    }),
    model_name: field(READERS.model_name, {
      description: 'Name of the model; `<plant>-<circuit>` unless told. Letters, digits, - and _.',
      type: ['string', 'null'],
      pattern: '^[a-zA-Z0-9][a-zA-Z0-9\\-_]{0,254}$',
    }),
    ...others,
  })
  .meta({ description: 'One unit that gets one model.', required: ['circuit_id'] });
export type CircuitEntry = z.infer<typeof CircuitEntry>;

const FLAT: Readonly<Record<string, Read<unknown> | undefined>> = READERS;

/**
 * What `CircuitEntry` gives for an entry without mistakes, several times as fast; null where something is wrong,
 * and the schema then tells what.
 */
export function readQuickly(raw: Readonly<Record<string, unknown>>): CircuitEntry | null {
  const entry: Record<string, unknown> = {};
  let wrong = false;
  const refuse = (): undefined => {
    wrong = true;
  };
  for (const key in raw) {
    const read = Object.hasOwn(FLAT, key) ? FLAT[key] : undefined;
    if (read === undefined) return null;
    entry[key] = read(raw[key], refuse);
    if (wrong) return null;
  }
  return entry; // every key was read by the reader that the schema has for it
}

/** The whole file; for the JSON Schema and the reference. Loading goes entry by entry. */
export const FleetFile = z
  .strictObject({
    defaults: DefaultsEntry.optional(),
    circuits: z.array(CircuitEntry).meta({ description: 'The fleet.' }),
  })
  .meta({ title: 'Trainyard fleet', description: 'All circuits of the fleet (config/circuits.yaml).' });
