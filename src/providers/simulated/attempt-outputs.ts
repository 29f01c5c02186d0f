import { Readable } from 'node:stream';
import type { JobOutputs, OutputFile } from '../../jobs/compute.ts';
import type { Accepted } from './attempt.ts';
import { luck } from './chance.ts';

/** The same bytes for all attempts, so that a store by content keeps them once. */
const CONTENT = Buffer.from('{"simulated": true}');

/** What an attempt left behind, from memory: nothing unless it succeeded. */
export function outputsOf(accepted: Accepted, succeeded: boolean): JobOutputs {
  return {
    files: (output) => Promise.resolve(succeeded ? filesOf(accepted, output) : []),
    metrics: succeeded ? metricsOf(accepted) : null,
    metrics_problem: null,
  };
}

/** Plausible numbers, better models with a smaller error and a greater skill; null where no output could hold them. */
export function metricsOf(accepted: Accepted): Readonly<Record<string, number>> | null {
  if (accepted.metrics !== undefined) return accepted.metrics;
  if (Object.keys(accepted.outputs).length === 0) return null;
  const next = luck(accepted.draw + 2);
  const mae = 2 + 6 * next();
  const rmse = mae * (1.2 + 0.3 * next());
  const skill = 0.95 - mae / 16 + 0.05 * next();
  return { mae: rounded(mae), rmse: rounded(rmse), skill: rounded(skill) };
}

function filesOf(accepted: Accepted, output: string): OutputFile[] {
  const type = Object.hasOwn(accepted.outputs, output) ? accepted.outputs[output] : undefined;
  if (type === undefined) return [];
  if (output === 'metrics')
    return [inMemory('metrics.json', Buffer.from(`${JSON.stringify(metricsOf(accepted))}\n`))];
  return [inMemory(type.endsWith('_model') ? 'model.json' : `${output}.json`, CONTENT)];
}

const inMemory = (path: string, bytes: Buffer): OutputFile => ({
  path,
  size: bytes.length,
  local_path: null,
  open: () => Readable.from([bytes]),
});

const rounded = (value: number): number => Math.round(value * 10_000) / 10_000;
