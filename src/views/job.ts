import { z } from 'zod';
import type { Project } from '../app.ts';
import { FAILURE_CLASSES, JobStatus, adviceFor, metricsOf } from '../jobs/index.ts';
import type { Job } from '../jobs/index.ts';
import { failureOf, stepsOfJob } from '../pipelines/index.ts';
import type { Db } from '../store/index.ts';
import { Time } from './fields.ts';
import { runsOf } from './runs-of.ts';

const Seconds = z.number().nullable();
const Inputs = z.record(
  z.string(),
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('literal'), value: z.string() }),
    z.object({ kind: z.literal('asset'), type: z.string(), path: z.string() }),
  ]),
);

/** Of a script it is the command, which stands in its step. */
const StoredInputs = z.union([Inputs, z.array(z.string()).transform((): z.infer<typeof Inputs> => ({}))]);

/** Seconds in each phase and what was used; null: not known, or not yet. */
const Usage = {
  submitted_at: Time.nullable(),
  running_at: Time.nullable(),
  ended_at: Time.nullable(),
  queued_s: Seconds,
  preparing_s: Seconds,
  running_s: Seconds,
  cpu_s: Seconds,
  peak_memory_mib: z.number().nullable(),
  exit_code: z.int().nullable(),
};

const JobFields = z.object({
  id: z.string(),
  name: z.string().meta({ description: 'Unique over all runs.' }),
  base_name: z.string(),
  run_id: z.string(),
  run: z.int().meta({ description: 'Number of its run.' }),
  stage: z.string(),
  circuit_id: z.string(),
  model_name: z.string(),
  provider: z.string(),
  optional: z.boolean(),
  retry: z.boolean(),
  retry_of: z.string().nullable().meta({ description: 'The failed job that it trains again.' }),
  status: JobStatus,
  reason: z.string().nullable(),
  message: z.string().nullable(),
  attempt: z.int(),
  max_attempts: z.int(),
  timeout_s: z.number().nullable(),
  training_hash: z.string(),
  inputs_digest: z.string(),
  component: z.string(),
  environment: z.string().nullable(),
  data_version: z.string().nullable(),
  created_at: Time,
  ...Usage,
  metrics: z.record(z.string(), z.number()).nullable(),
  url: z.string().nullable().meta({ description: "The provider's own page about it." }),
  cancel_requested_at: Time.nullable(),
  not_before: Time.nullable(),
});

/** A job in a list. */
export const JobRow = JobFields.meta({
  id: 'JobRow',
  description: 'One training of one circuit, or of one script.',
});
export type JobRow = z.infer<typeof JobRow>;

const AttemptView = z
  .object({
    number: z.int(),
    key: z.string(),
    status: JobStatus,
    reason: z.string().nullable(),
    message: z.string().nullable(),
    ...Usage,
  })
  .meta({ id: 'Attempt' });

/** A job with all that is known of it. */
export const JobView = JobFields.extend({
  inputs: Inputs,
  steps: z
    .array(
      z.object({
        name: z.string(),
        command: z.string().meta({ description: 'With its values put in; secrets stay references.' }),
        environment: z.string().nullable(),
        environment_variables: z.record(z.string(), z.string()),
      }),
    )
    .meta({ description: 'What it runs, in order; empty where its component is no longer known.' }),
  attempts: z.array(AttemptView),
  failure: z
    .object({
      class: z.enum(FAILURE_CLASSES),
      signature: z.string(),
      title: z.string(),
      advice: z.string(),
      sample: z.array(z.string()),
      tail: z.array(z.string()).meta({ description: 'The last lines of its log.' }),
    })
    .nullable(),
  retried_by: z.string().nullable().meta({ description: 'The job that trains it again.' }),
}).meta({ id: 'Job', description: 'A job with its attempts.' });
export type JobView = z.infer<typeof JobView>;

/** Jobs as rows of a list, in the same order. */
export async function jobRows(db: Db, jobs: readonly Job[]): Promise<JobRow[]> {
  const runs = await runsOf(db, jobs);
  return jobs.map((job) => jobRow(job, runs.get(job.run_id)?.number ?? 0));
}

function jobRow(job: Job, run: number): JobRow {
  const { inputs: _inputs, failure: _failure, ...shown } = job;
  return {
    ...shown,
    run,
    optional: job.optional === 1,
    retry: job.retry === 1,
    metrics: metricsOf(job),
  };
}

export async function jobView({ store: { db } }: Pick<Project, 'store'>, job: Job): Promise<JobView> {
  const [[row], attempts, retried, steps] = await Promise.all([
    jobRows(db, [job]),
    db.selectFrom('attempts').selectAll().where('job_id', '=', job.id).orderBy('number').execute(),
    db.selectFrom('jobs').select('name').where('retry_of', '=', job.name).executeTakeFirst(),
    stepsOfJob(db, job),
  ]);
  const failure = job.status === 'failed' ? failureOf(job) : null;
  return {
    ...(row ?? jobRow(job, 0)),
    inputs: StoredInputs.parse(JSON.parse(job.inputs)),
    steps,
    attempts: attempts.map(({ job_id: _job, run_id: _run, ...attempt }) => ({
      ...attempt,
      status: JobStatus.parse(attempt.status),
    })),
    failure:
      failure === null ? null : { ...failure, advice: adviceFor(failure), sample: [...failure.sample] },
    retried_by: retried?.name ?? null,
  };
}
