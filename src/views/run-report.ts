import { join } from 'node:path';
import { z } from 'zod';
import type { Project } from '../app.ts';
import type { RunReport as Report } from '../ci/index.ts';
import { listApprovals } from '../gates/index.ts';
import { countJobs } from '../jobs/index.ts';
import { countsText, failureOf, getStages } from '../pipelines/index.ts';
import type { Run, Stage } from '../pipelines/index.ts';
import { Time } from './fields.ts';
import { nextStep } from './run.ts';

const MOST_REQUESTS = 100;

/** How a run stands, in the facts that a build is told. */
export const RunReport = z
  .object({
    number: z.int(),
    status: z.string(),
    reason: z.string().nullable(),
    pr: z.boolean(),
    rehearsal: z.boolean(),
    requested_by: z.string(),
    git_commit: z.string().nullable(),
    took_s: z.number().nullable().meta({ description: 'Seconds; null while it goes on.' }),
    stages: z.array(
      z.object({
        name: z.string(),
        status: z.string(),
        detail: z.string().meta({ description: 'Counts and reasons in words.' }),
        took_s: z.number().nullable(),
      }),
    ),
    jobs: z.record(z.string(), z.int()).meta({ description: 'Jobs by status, those of retries included.' }),
    has_training_failures: z.boolean().meta({ description: 'A job failed before any retry.' }),
    new_env_registered: z.boolean(),
    accepted: z.boolean().meta({ description: 'Somebody lets the run do without the circuits that failed.' }),
    failures: z
      .array(
        z.object({
          circuit: z.string(),
          job: z.string(),
          attempts: z.int(),
          message: z.string().nullable(),
          cause: z.string(),
          signature: z.string(),
          optional: z.boolean(),
        }),
      )
      .meta({ description: 'Circuits whose newest job in the run failed, all of them.' }),
    approvals: z.array(z.object({ id: z.string(), gate: z.string(), title: z.string(), expires_at: Time })),
    artifacts: z.array(
      z.object({
        name: z.string(),
        size: z.int().meta({ description: 'Bytes.' }),
        path: z
          .string()
          .nullable()
          .meta({ description: 'Where it lies for whoever reads this; null from elsewhere.' }),
      }),
    ),
    next: z
      .object({ command: z.string(), purpose: z.string() })
      .nullable()
      .meta({ description: 'What to type next and what it does, where one thing stands out.' }),
  })
  .meta({
    id: 'RunReport',
    description: 'How a run stands, in the facts that a build is told.',
  }) satisfies z.ZodType<Report>;
export type RunReport = z.infer<typeof RunReport>;

/** How a run stands, for a build. With `jobs` (ids) only these count as failed, whatever a retry made of them. */
export async function runReport(
  project: Project,
  run: Run,
  jobs: ReadonlySet<string> | null = null,
): Promise<RunReport> {
  const { db, folder } = project.store;
  const now = project.clock.now();
  const [stages, counts, failed, approvals, artifacts] = await Promise.all([
    getStages(db, run.id),
    countJobs(db, run.id),
    jobs === null ? failuresOf(project, run) : failuresAmong(project, run, jobs),
    listApprovals(db, { run_id: run.id, status: 'waiting', limit: MOST_REQUESTS }),
    db
      .selectFrom('artifacts')
      .select(['name', 'size', 'path'])
      .where('run_id', '=', run.id)
      .orderBy('created_at')
      .execute(),
  ]);
  const output = (stage: string, name: string): boolean =>
    stages.find((s) => s.name === stage)?.output[name] === true;
  return {
    number: run.number,
    status: run.status,
    reason: run.reason,
    pr: run.pr === 1,
    rehearsal: run.rehearsal === 1,
    requested_by: run.requested_by,
    git_commit: run.git_commit,
    took_s: run.ended_at === null ? null : tookOf(run, now),
    stages: stages.map((s) => ({
      name: s.name,
      status: s.status,
      detail: stageDetail(s),
      took_s: tookOf(s, now),
    })),
    jobs: { ...counts },
    has_training_failures:
      failed.length > 0 || (jobs === null && output('MonitorTraining', 'has_training_failures')),
    new_env_registered: output('RegisterEnvironment', 'new_env_registered'),
    accepted: run.partial_accepted_by !== null,
    failures: failed.map((job) => ({
      circuit: job.circuit_id,
      job: job.name,
      attempts: job.attempt,
      message: job.message,
      ...causeOf(job),
      optional: job.optional === 1,
    })),
    approvals: approvals.map(({ id, gate, title, expires_at }) => ({ id, gate, title, expires_at })),
    artifacts: artifacts.map(({ name, size, path }) => ({ name, size, path: join(folder, path) })),
    next: NEXT[nextStep(run, stages, counts) ?? 'nothing'](run.number),
  };
}

/** Counts and reasons of a stage in words. */
export const stageDetail = (s: Pick<Stage, 'status' | 'reason' | 'counts'>): string =>
  s.status === 'succeeded'
    ? countsText(s.counts)
    : [countsText(s.counts), s.reason ?? ''].filter((t) => t !== '').join('; ');

/** Seconds that a stage or a run has taken, up to now where it goes on; null before it begins. */
export const tookOf = (
  { started_at, ended_at }: Pick<Stage, 'started_at' | 'ended_at'>,
  now: number,
): number | null =>
  started_at === null
    ? null
    : ((ended_at === null ? now : Date.parse(ended_at)) - Date.parse(started_at)) / 1000;

/** The cause of a job's failure, as builds are told of it. */
function causeOf(job: Parameters<typeof failureOf>[0]): { cause: string; signature: string } {
  const { title, signature } = failureOf(job);
  return { cause: title, signature };
}

const NEXT = {
  accept_partial: (run: number) => ({
    command: `trainyard runs accept-partial ${run}`,
    purpose: 'promotes the models that succeeded',
  }),
  resume: (run: number) => ({ command: `trainyard run --resume ${run}`, purpose: 'once the cause is gone' }),
  run: () => ({ command: 'trainyard run', purpose: 'once what SubmitTraining says is put right' }),
  nothing: () => null,
} as const;

/** The newest jobs of circuits that failed and that no retry mended. Only what a report says of a job is read. */
async function failuresOf({ store }: Project, run: Run) {
  const rows = await store.db
    .selectFrom('jobs')
    .select([
      'circuit_id',
      'name',
      'attempt',
      'message',
      'optional',
      'status',
      'failure',
      'reason',
      'exit_code',
    ])
    .where('run_id', '=', run.id)
    .where((e) =>
      e.or([
        e('status', '=', 'failed'),
        e.and([e('stage', '=', 'RetryFailedTraining'), e('status', '=', 'succeeded')]),
      ]),
    )
    .orderBy('id')
    .execute();
  const newest = new Map<string, (typeof rows)[number]>();
  for (const row of rows) {
    if (row.status === 'failed') newest.set(row.circuit_id, row);
    else newest.delete(row.circuit_id);
  }
  return [...newest.values()].toSorted((a, b) => (a.circuit_id < b.circuit_id ? -1 : 1));
}

async function failuresAmong({ store }: Project, run: Run, jobs: ReadonlySet<string>) {
  const rows = await store.db
    .selectFrom('jobs')
    .select(['id', 'circuit_id', 'name', 'attempt', 'message', 'optional', 'failure', 'reason', 'exit_code'])
    .where('run_id', '=', run.id)
    .where('status', '=', 'failed')
    .orderBy('name')
    .execute();
  return rows.filter((row) => jobs.has(row.id));
}
