import type { WholeFloat } from '../kernel/yaml.ts';

/** A value of circuits.yaml as Python has it: integers as number or bigint, `1.0` as `WholeFloat`. */
export type PythonScalar = string | number | bigint | boolean | WholeFloat | null;

/** One circuit after defaults. Absent settings are null. */
export interface Circuit {
  /** `<plant_id>_<circuit_id>` */
  readonly id: string;
  readonly plant_id: string;
  readonly circuit_id: string;
  readonly model_name: string;
  readonly cutoff_date: string | null;
  readonly training_days: number | null;
  /** A version, a timestamp, `latest` (until a plan pins it), or null. */
  readonly delta_version: string | number | null;
  readonly delta_table_path: string | null;
  readonly data_path: string | null;
  readonly features: readonly string[];
  /** All of them must hold. */
  readonly filter: readonly string[];
  readonly hyperparameters: Readonly<Record<string, unknown>>;
  /** As Python reads it: an unquoted 1.10 is 1.1 in the hash. */
  readonly pipeline_component_version: PythonScalar;
  /** The same as it is written; empty where neither the circuit nor a component file names one. */
  readonly component_version: string;
  readonly environment_version: string | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly optional: boolean;
  readonly plant_column: string | null;
  readonly circuit_column: string | null;
  readonly time_column: string | null;
  /** Line in circuits.yaml, from 1. */
  readonly line: number;
}
