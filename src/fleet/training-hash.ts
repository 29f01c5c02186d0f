import { hash } from 'node:crypto';
import { pythonJson } from '../kernel/python-json.ts';
import type { PythonScalar } from './circuit.ts';

/** The five settings a training hash stands for. Absent ones are null, absent hyperparameters `{}`. */
export interface HashInputs {
  readonly cutoff_date: string | null;
  /** Pinned: `latest` is looked up before hashing. */
  readonly delta_version: PythonScalar;
  readonly hyperparameters: Readonly<Record<string, unknown>>;
  readonly pipeline_component_version: PythonScalar;
  readonly training_days: PythonScalar;
}

/**
 * 12 hex digits, equal to what Python scripts get from `md5(json.dumps(x, sort_keys=True))[:12]` over these five
 * settings, so that models registered by such scripts keep their hashes.
 */
export function trainingHash(c: HashInputs): string {
  const json =
    `{"cutoff_date": ${pythonJson(c.cutoff_date)}, "delta_version": ${pythonJson(c.delta_version)}, ` +
    `"hyperparameters": ${pythonJson(c.hyperparameters)}, ` +
    `"pipeline_component_version": ${pythonJson(c.pipeline_component_version)}, "training_days": ${pythonJson(c.training_days)}}`;
  return hash('md5', json, 'hex').slice(0, 12);
}
