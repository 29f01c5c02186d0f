import { modelOutputOf } from '../../fleet/index.ts';
import type { InputValue } from '../../assets/index.ts';
import { attemptKey } from '../../jobs/index.ts';
import type { Job, JobWorld, Submission } from '../../jobs/index.ts';
import type { StageContext } from '../pipeline.ts';
import { trainParams } from './params.ts';
import { findComponent, findEnvironment } from './run-assets.ts';

/** The run's jobs as the jobs room sees them. */
export async function jobWorld(context: StageContext): Promise<JobWorld> {
  const { world, run } = context;
  const compute = await world.compute(trainParams(run).provider);
  return {
    run_id: run.id,
    db: context.db,
    clock: world.clock,
    compute,
    signal: context.signal,
    tx: context.tx,
    submissionOf: (job) => submissionOf(context, job),
    modelOutputOf: async (job) => modelOutputOf(await componentOf(context, job)),
    retry_delay_s: 0,
    faultPoint: world.faultPoint,
  };
}

export async function submissionOf(context: Pick<StageContext, 'db' | 'run'>, job: Job): Promise<Submission> {
  const component = await componentOf(context, job);
  const version =
    job.environment === null ? null : job.environment.slice(job.environment.lastIndexOf(':') + 1);
  return {
    key: attemptKey(job.name, job.attempt),
    job_name: job.name,
    run_id: job.run_id,
    circuit_id: job.circuit_id,
    attempt: job.attempt,
    timeout_s: job.timeout_s,
    component,
    environment: version === null ? null : await findEnvironment(context, component, version),
    inputs: JSON.parse(job.inputs) as Record<string, InputValue>,
    environment_variables: {
      TRAINYARD_RUN_ID: job.run_id,
      TRAINYARD_RUN: String(context.run.number),
      TRAINYARD_CIRCUIT: job.circuit_id,
      TRAINYARD_MODEL_NAME: job.model_name,
      TRAINYARD_TRAINING_HASH: job.training_hash,
    },
  };
}

async function componentOf(context: Pick<StageContext, 'db' | 'run'>, job: Job) {
  const colon = job.component.lastIndexOf(':');
  return findComponent(context, job.component.slice(colon + 1), job.component.slice(0, colon));
}
