import { join } from 'node:path';
import type { Component } from '../../assets/index.ts';
import { attemptKey } from '../../jobs/index.ts';
import type { Job, JobWorld, Submission } from '../../jobs/index.ts';
import { NotFoundError } from '../../kernel/errors.ts';
import type { StageContext } from '../pipeline.ts';
import { scriptParams } from './params.ts';
import type { ScriptJobParams, ScriptParams } from './params.ts';

/** Scripts run on this machine, where they lie. */
export const SCRIPT_PROVIDER = 'local';
/** Seconds between an attempt that failed and the next. */
const RETRY_DELAY_S = 2;

/** The run's jobs as the jobs room sees them. */
export async function scriptWorld(context: StageContext): Promise<JobWorld> {
  const { world, run } = context;
  const params = scriptParams(run);
  const by_id = new Map(params.jobs.map((job) => [job.id, job]));
  return {
    run_id: run.id,
    db: context.db,
    clock: world.clock,
    compute: await world.compute(SCRIPT_PROVIDER),
    signal: context.signal,
    tx: context.tx,
    submissionOf: async (job) => submissionOf(context, params, by_id, job),
    modelOutputOf: async () => null,
    metricsOf: async (job, running_at) => {
      const script = by_id.get(job.circuit_id);
      // Loaded by runs of scripts only: nobody else has need of it.
      const { jobMetrics } = await import('../../scripts/index.ts');
      return script === undefined ? null : jobMetrics(world.project, script, running_at);
    },
    retry_delay_s: RETRY_DELAY_S,
    faultPoint: world.faultPoint,
  };
}

function submissionOf(
  { world, run }: StageContext,
  params: ScriptParams,
  by_id: ReadonlyMap<string, ScriptJobParams>,
  job: Job,
): Submission {
  const script = by_id.get(job.circuit_id);
  if (script === undefined) throw new NotFoundError(`Run ${run.number} has no job ${job.circuit_id}.`);
  return {
    key: attemptKey(job.name, job.attempt),
    job_name: job.name,
    run_id: run.id,
    circuit_id: job.circuit_id,
    attempt: job.attempt,
    timeout_s: job.timeout_s,
    component: SCRIPT,
    environment: null,
    inputs: {},
    environment_variables: { TRAINYARD_RUN: String(run.number) },
    in_place: {
      folder: world.project,
      argv: script.command,
      log: join(world.project, 'logs', `${script.id}.log`),
      memory_limit_mib: params.memory_limit_mib,
      gpus: params.gpus_per_job,
    },
  };
}

/** Scripts have no component of their own; what runs stands in the submission. */
const SCRIPT: Component = {
  type: 'command',
  name: 'script',
  version: '1',
  digest: 'script',
  file: '',
  inputs: {},
  outputs: {},
  retry: null,
  cloud_only: [],
  content: {},
  spec: {
    command: 'true',
    code: null,
    environment: null,
    inputs: {},
    outputs: {},
    environment_variables: {},
  },
};
