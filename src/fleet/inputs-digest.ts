import { canonicalJson, sha256 } from '../kernel/digest.ts';
import type { Circuit } from './circuit.ts';

type Inputs = Pick<
  Circuit,
  'features' | 'filter' | 'data_path' | 'delta_table_path' | 'plant_column' | 'circuit_column' | 'time_column'
>;

/**
 * 12 hex digits over what the training hash leaves out: columns, filter, paths, and the content of `data_path`
 * (`contentDigest`; null where the circuit has none). The order of features counts, that of nothing else.
 */
export function inputsDigest(c: Inputs, contentDigest: string | null): string {
  const inputs = {
    features: c.features,
    filter: c.filter,
    data_path: c.data_path,
    delta_table_path: c.delta_table_path,
    plant_column: c.plant_column,
    circuit_column: c.circuit_column,
    time_column: c.time_column,
    data_content: contentDigest,
  };
  return sha256(canonicalJson(inputs)).slice(0, 12);
}
