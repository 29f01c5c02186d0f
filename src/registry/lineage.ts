import { refText } from './model-version.ts';
import type { ModelVersion } from './model-version.ts';

/** Where a version comes from. Null: the run that registered it did not say. */
export interface Lineage {
  /** `seattle-wind:3`. */
  readonly model: string;
  readonly digest: string;
  readonly circuit_id: string;
  readonly run_id: string;
  readonly job_id: string;
  readonly job_name: string;
  /** Made by a retry. */
  readonly retry: boolean;
  readonly pr: boolean;
  readonly training_hash: string;
  readonly inputs_digest: string;
  readonly cutoff_date: string | null;
  readonly data_version: string | null;
  readonly component_version: string | null;
  readonly environment_version: string | null;
  readonly git_commit: string | null;
}

/** What a version's row and tags tell of its making: data, code, environment, job, run and hash. */
export function lineage(version: ModelVersion): Lineage {
  const { tags } = version;
  return {
    model: refText(version),
    digest: version.digest,
    circuit_id: version.circuit_id,
    run_id: version.run_id,
    job_id: version.job_id,
    job_name: version.job_name,
    retry: tags['retry'] === 'true',
    pr: version.pr,
    training_hash: version.training_hash,
    inputs_digest: version.inputs_digest,
    cutoff_date: tags['cutoff_date'] ?? null,
    data_version: tags['data_version'] ?? null,
    component_version: tags['component_version'] ?? null,
    environment_version: tags['environment_version'] ?? null,
    git_commit: tags['git_commit'] ?? null,
  };
}
