import { z } from 'zod';
import type { Project } from '../app.ts';
import { JobStatus, jobsNamed, recentJobNames } from '../jobs/index.ts';
import type { NamedJob } from '../jobs/index.ts';
import { nearest } from '../kernel/suggest.ts';
import { failureOf } from '../pipelines/index.ts';
import { Time } from './fields.ts';
import { runsOf } from './runs-of.ts';

/** What somebody who waits for a job wants to know of it. */
export const NamedJobView = z
  .object({
    name: z.string(),
    circuit: z.string(),
    run: z.int().nullable().meta({ description: 'Number of its run.' }),
    status: JobStatus,
    optional: z.boolean(),
    retry: z.boolean(),
    attempts: z.int(),
    reason: z.string().nullable(),
    message: z.string().nullable(),
    ended_at: Time.nullable(),
    cause: z
      .object({ title: z.string(), signature: z.string() })
      .nullable()
      .meta({ description: 'Why it failed, in the words of its group of failures.' }),
  })
  .meta({ id: 'NamedJob', description: 'How a job stands that somebody waits for.' });
export type NamedJobView = z.infer<typeof NamedJobView>;

/** Jobs found by their names. */
export const NamedJobs = z
  .object({
    items: z.array(NamedJobView).meta({ description: 'In the order of the names.' }),
    unknown: z.array(z.string()).meta({ description: 'Names that no job has.' }),
    near: z.array(z.string()).meta({ description: 'What may have been meant by the first of them.' }),
  })
  .meta({ id: 'NamedJobs' });
export type NamedJobs = z.infer<typeof NamedJobs>;

export async function namedJobs(project: Project, names: readonly string[]): Promise<NamedJobs> {
  const { db } = project.store;
  const found = await jobsNamed(db, names);
  const items = await namedJobViews(
    project,
    names.flatMap((name) => found.get(name) ?? []),
  );
  const unknown = names.filter((name) => !found.has(name));
  const known = unknown.length === 0 ? [] : await recentJobNames(db);
  const near = unknown.slice(0, 3).flatMap((name) => nearest(name, known, 1));
  return { items, unknown, near: [...new Set(near)] };
}

export async function namedJobViews(
  { store: { db } }: Pick<Project, 'store'>,
  jobs: readonly NamedJob[],
): Promise<NamedJobView[]> {
  const runs = await runsOf(db, jobs);
  return jobs.map((job) => {
    const failure = job.status === 'failed' ? failureOf(job) : null;
    return {
      name: job.name,
      circuit: job.circuit_id,
      run: runs.get(job.run_id)?.number ?? null,
      status: job.status,
      optional: job.optional,
      retry: job.retry,
      attempts: job.attempt,
      reason: job.reason,
      message: job.message,
      ended_at: job.ended_at,
      cause: failure === null ? null : { title: failure.title, signature: failure.signature },
    };
  });
}
