/** The weather example as a provider sees it: its files, and a way to run its command with the inputs bound by name. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { z } from 'zod';

export const root = join(import.meta.dirname, '../..');
export const project = join(root, 'examples/weather-stations');
export const code = join(project, 'components/src');

const Scalar = z.union([z.string(), z.number()]);
const Circuit = z.object({
  plant_id: z.string(),
  circuit_id: z.string(),
  features: z.tuple([z.string()]),
  hyperparameters: z.record(z.string(), Scalar).optional(),
});
const Fleet = z.object({
  defaults: z.object({
    data_path: z.string(),
    time_column: z.string(),
    plant_column: z.string(),
    cutoff_date: z.string(),
    training_days: z.number(),
    hyperparameters: z.record(z.string(), Scalar),
  }),
  circuits: z.array(Circuit),
});
const Component = z.object({
  name: z.string(),
  version: z.string(),
  environment: z.string(),
  command: z.string(),
  inputs: z.record(z.string(), z.object({ type: z.string(), default: Scalar.optional() })),
  outputs: z.record(z.string(), z.object({ type: z.string() })),
});
const Metrics = z.record(z.string(), z.number());
const Model = z.object({
  lags: z.number(),
  ridge: z.number(),
  coefficients: z.record(z.string(), z.number()),
  last_day: z.string(),
  last_values: z.array(z.number()),
});

export const readYaml = (path: string): unknown => load(readFileSync(join(project, path), 'utf8'));
export const fleet = Fleet.parse(readYaml('config/circuits.yaml'));
export const data = join(project, fleet.defaults.data_path);
export const component = Component.parse(readYaml('components/training-pipeline-component.yaml'));

export type Circuit = z.infer<typeof Circuit>;
export type Metrics = z.infer<typeof Metrics>;
type Model = z.infer<typeof Model>;

export interface Outcome {
  readonly folder: string;
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly model: () => Model;
  readonly metrics: () => Metrics;
}

/** Runs the component's own command, with its inputs bound by name as a provider does. */
export function train(
  circuit: Circuit,
  change: Readonly<Record<string, string | number>>,
  output: string,
): Outcome {
  const inputs: Readonly<Record<string, unknown>> = { ...valuesOf(circuit), ...change };
  const words = component.command
    .split(/\s+/)
    .map((word) =>
      word
        .replace(/\$\{\{inputs\.(\w+)\}\}/, (_, name: string) =>
          String(inputs[name] ?? component.inputs[name]?.default),
        )
        .replace('${{outputs.model}}', output),
    );
  const [program, ...args] = words;
  if (program !== 'python3') throw new Error(`the command starts with ${program}`);
  const read = (file: string): unknown => JSON.parse(readFileSync(join(output, file), 'utf8'));
  return {
    folder: output,
    ...python(args),
    model: () => Model.parse(read('model.json')),
    metrics: () => Metrics.parse(read('metrics.json')),
  };
}

/** Without installed packages (-S), and leaving no compiled files in the example (-B). */
export function python(args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync('python3', ['-S', '-B', ...args], {
    cwd: code,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

export function valuesOf(circuit: Circuit): Record<string, string | number> {
  const { time_column, plant_column, cutoff_date, training_days } = fleet.defaults;
  const own = { plant_id: circuit.plant_id, features: circuit.features.join(',') };
  const window = { time_column, plant_column, cutoff_date, training_days };
  return { data, ...own, ...window, ...(circuit.hyperparameters ?? fleet.defaults.hyperparameters) };
}

export function idOf(circuit: Circuit): string {
  return `${circuit.plant_id}_${circuit.circuit_id}`;
}
