import type { Selectable } from 'kysely';
import { z } from 'zod';
import { CorruptRowError } from '../kernel/errors.ts';
import type { ModelVersionsTable } from '../store/index.ts';

/** `dev` takes what runs register, `shared` what promotion copies into it; rehearsals have a pair of their own. */
export const RegistryName = z.enum(['dev', 'shared', 'rehearsal-dev', 'rehearsal-shared']);
export type RegistryName = z.infer<typeof RegistryName>;

/** Names one version; as text `seattle-wind:3`. */
export const ModelRef = z.object({ model_name: z.string().min(1), version: z.int().positive() });
export type ModelRef = Readonly<z.infer<typeof ModelRef>>;

/** One file of a version: its path relative to the model, with `/`, its size in bytes and its content's sha256 in hex. */
export const StoredFile = z.object({ path: z.string(), size: z.int().nonnegative(), sha256: z.string() });
export type StoredFile = Readonly<z.infer<typeof StoredFile>>;

/** An immutable entry of a registry; only its withdrawal can be added, and its files may be removed once it is out of use. */
export const ModelVersion = z.object({
  registry: RegistryName,
  model_name: z.string(),
  version: z.int(),
  circuit_id: z.string(),
  /** Made by a pull-request run: never good, never promoted. */
  pr: z.boolean(),
  /** One sha256 over paths and contents of all files. */
  digest: z.string(),
  files: z.array(StoredFile),
  tags: z.record(z.string(), z.string()),
  metrics: z.record(z.string(), z.number()),
  job_id: z.string(),
  job_name: z.string(),
  run_id: z.string(),
  training_hash: z.string(),
  inputs_digest: z.string(),
  /** When it entered this registry. Within a circuit it never goes back, even when the machine's clock does. */
  created_at: z.string(),
  withdrawn: z.object({ at: z.string(), by: z.string(), reason: z.string() }).nullable(),
  /** When retention removed its files; null: they are there. */
  files_removed_at: z.string().nullable(),
});
export type ModelVersion = Readonly<z.infer<typeof ModelVersion>>;

/** A version with the circuit's settings it was trained with, as the JSON text that the plan froze. */
export type ModelVersionDetail = ModelVersion & { readonly settings: string };

/** `seattle-wind:3`. */
export const refText = (ref: ModelRef): string => `${ref.model_name}:${ref.version}`;

/** The other way; null when the text names no version. Model names may hold colons. */
export function parseRef(text: string): ModelRef | null {
  const match = /^(.+):([1-9]\d{0,14})$/.exec(text);
  return match?.[1] === undefined ? null : { model_name: match[1], version: Number(match[2]) };
}

/** Why there is nothing to read of a version whose files were removed. */
export const removedMessage = (
  version: Pick<ModelVersion, 'model_name' | 'version' | 'files_removed_at'>,
): string =>
  `The files of ${refText(version)} were removed by retention at ${(version.files_removed_at ?? '').slice(0, 16)}Z.`;

/** The columns of a `ModelVersion`. Settings are large and left out. */
export const VERSION_COLUMNS = [
  'registry',
  'model_name',
  'version',
  'circuit_id',
  'pr',
  'digest',
  'files',
  'tags',
  'metrics',
  'job_id',
  'job_name',
  'run_id',
  'training_hash',
  'inputs_digest',
  'created_at',
  'withdrawn_at',
  'withdrawn_by',
  'withdrawn_reason',
  'files_removed_at',
] as const;

export type VersionRow = Pick<Selectable<ModelVersionsTable>, (typeof VERSION_COLUMNS)[number]>;

/** @throws CorruptRowError naming the row */
export function fromRow(row: VersionRow): ModelVersion {
  try {
    return ModelVersion.parse({
      ...row,
      pr: row.pr === 1,
      files: JSON.parse(row.files),
      tags: JSON.parse(row.tags),
      metrics: JSON.parse(row.metrics),
      withdrawn:
        row.withdrawn_at === null
          ? null
          : { at: row.withdrawn_at, by: row.withdrawn_by ?? '', reason: row.withdrawn_reason ?? '' },
    });
  } catch (error) {
    throw new CorruptRowError('model_versions', `${row.registry}/${refText(row)}`, error);
  }
}
