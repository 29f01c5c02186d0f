import type { Component, InputValue } from '../assets/index.ts';
import { canonicalJson } from '../kernel/digest.ts';
import { UsageError } from '../kernel/errors.ts';
import type { Circuit } from './circuit.ts';
import { trainingHash } from './training-hash.ts';

const DATA_TYPES: readonly string[] = ['uri_file', 'uri_folder', 'mltable'];
const MODEL_TYPES: readonly string[] = ['custom_model', 'mlflow_model', 'triton_model'];

/**
 * Values for a component's inputs, by name: the circuit's data for its data input, the circuit's own keys, and each
 * hyperparameter under its own name. Inputs that nothing is known for keep their defaults.
 */
export function bindInputs(
  component: Component,
  circuit: Circuit,
  data: { readonly type: 'uri_file' | 'uri_folder' | 'mltable'; readonly path: string } | null,
): Record<string, InputValue> {
  const literals = circuitValues(circuit);
  const dataInput = dataInputOf(component);
  const inputs: Record<string, InputValue> = {};
  for (const [name, spec] of Object.entries(component.inputs)) {
    if (name === dataInput) {
      if (data !== null) inputs[name] = { kind: 'asset', type: data.type, path: data.path };
      continue;
    }
    if (Object.hasOwn(circuit.hyperparameters, name)) {
      inputs[name] = { kind: 'literal', value: text(circuit.hyperparameters[name]) };
      continue;
    }
    const value = literals[name];
    if (value !== undefined && value !== null && !DATA_TYPES.includes(spec.type))
      inputs[name] = { kind: 'literal', value };
  }
  return inputs;
}

/** Inputs that need a value and get none from this circuit. */
export function missingInputs(component: Component, circuit: Circuit): string[] {
  const hasData = circuit.data_path !== null || circuit.delta_table_path !== null;
  const bound = bindInputs(component, circuit, hasData ? { type: 'uri_file', path: '' } : null);
  return Object.entries(component.inputs)
    .filter(([name, spec]) => !spec.optional && spec.default === null && bound[name] === undefined)
    .map(([name]) => name);
}

/** Where a value for an input is written that has none, as the end of a sentence with `Write`. */
export function placeOfInput(component: Component, input: string): string {
  if (input === dataInputOf(component))
    return 'data_path (a file or folder) or delta_table_path for the circuit or under defaults';
  if (CIRCUIT_KEYS.includes(input)) return `${input} for the circuit or under defaults`;
  return `${input} under hyperparameters`;
}

/** What a circuit says by keys of its own and inputs of the same name get. */
const CIRCUIT_KEYS: readonly string[] = [
  'cutoff_date',
  'training_days',
  'delta_version',
  'features',
  'filter',
  'plant_column',
  'circuit_column',
  'time_column',
];

/** The input that gets the circuit's data: `data`, `training_data`, else the only one of a data type. */
export function dataInputOf(component: Component): string | null {
  const candidates = Object.entries(component.inputs)
    .filter(([, spec]) => DATA_TYPES.includes(spec.type))
    .map(([name]) => name);
  return (
    candidates.find((n) => n === 'data') ??
    candidates.find((n) => n === 'training_data') ??
    (candidates.length === 1 ? (candidates[0] ?? null) : null)
  );
}

/**
 * The output that holds the model: `model`, else the only one of a model type, else the only output.
 * @throws UsageError when the component leaves it open
 */
export function modelOutputOf(component: Component): string {
  const outputs = Object.entries(component.outputs);
  if (Object.hasOwn(component.outputs, 'model')) return 'model';
  const models = outputs.filter(([, spec]) => MODEL_TYPES.includes(spec.type));
  const only =
    models.length === 1 ? models[0] : models.length === 0 && outputs.length === 1 ? outputs[0] : undefined;
  if (only !== undefined) return only[0];
  throw new UsageError(
    `Component ${component.name}:${component.version} does not say which output is the model.`,
    {
      hint: `Name one output \`model\`, or give exactly one of them a model type (${MODEL_TYPES.join(', ')}).`,
    },
  );
}

function circuitValues(circuit: Circuit): Record<string, string | null> {
  return {
    plant_id: circuit.plant_id,
    circuit_id: circuit.circuit_id,
    circuit: circuit.id,
    model_name: circuit.model_name,
    cutoff_date: circuit.cutoff_date,
    training_days: circuit.training_days === null ? null : String(circuit.training_days),
    training_hash: trainingHash(circuit),
    delta_version: circuit.delta_version === null ? null : text(circuit.delta_version),
    features: circuit.features.length === 0 ? null : circuit.features.join(','),
    filter: circuit.filter.length === 0 ? null : circuit.filter.join(' and '),
    plant_column: circuit.plant_column,
    circuit_column: circuit.circuit_column,
    time_column: circuit.time_column,
    hyperparameters: canonicalJson(circuit.hyperparameters),
  };
}

/** A value as the command sees it: text as it is, numbers as written, everything else as JSON. */
function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return canonicalJson(value);
}
