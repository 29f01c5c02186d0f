import { sql } from 'kysely';
import { z } from 'zod';
import { Failure, analyzeFailure, attemptKey, eachJob } from '../jobs/index.ts';
import type { Compute, Job } from '../jobs/index.ts';
import { batches } from '../store/index.ts';
import type { StageContext } from './pipeline.ts';

/** Logs that are read at the same time, and how much of each: a cause stands near the end, below it only noise. */
const AT_ONCE = 32;
const TAIL_BYTES = 1 << 15;
const TAIL_LINES = 5;

/** What is kept of a failure: its cause, and the last lines of the log whatever they say. */
export const NotedFailure = Failure.extend({ tail: z.array(z.string()) });
export type NotedFailure = z.infer<typeof NotedFailure>;

/** A failure as it was noted; one of a job that nobody has looked at yet is read from its message alone. */
export function failureOf(job: Pick<Job, 'failure' | 'reason' | 'message' | 'exit_code'>): NotedFailure {
  if (job.failure !== null) return NotedFailure.parse(JSON.parse(job.failure));
  return { ...analyzeFailure({ ...job, log_tail: '' }), tail: [] };
}

/** Looks into the logs of a stage's failed jobs, once for each, and notes why they failed. */
export async function noteFailures(context: StageContext, compute: Compute, stage: string): Promise<void> {
  for await (const page of eachJob(context.db, { run_id: context.run.id, stage, statuses: ['failed'] })) {
    const open = page.filter((job) => job.failure === null);
    for (const some of batches(open, AT_ONCE)) {
      const noted = await Promise.all(
        some.map(async (job) => ({ id: job.id, failure: await lookInto(compute, job) })),
      );
      await context.tx(async (tx) => {
        const values = noted.map(({ id, failure }) => sql`(${id}, ${JSON.stringify(failure)})`);
        await sql`
          with v (id, failure) as (values ${sql.join(values)})
          update jobs set failure = v.failure from v where jobs.id = v.id`.execute(tx);
      });
    }
  }
}

async function lookInto(compute: Compute, job: Job): Promise<NotedFailure> {
  const text = await tailOf(compute, job);
  const { reason, message, exit_code } = job;
  const own_names = [job.name, job.base_name, job.circuit_id, job.model_name, job.run_id];
  const tail = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-TAIL_LINES);
  return { ...analyzeFailure({ reason, message, exit_code, log_tail: text, own_names }), tail };
}

/** Already free of secrets; empty where there is no log, or none that can be read now. */
async function tailOf(compute: Compute, job: Job): Promise<string> {
  if (compute.logs === undefined || job.submitted_at === null) return '';
  const query = { run_id: job.run_id, key: attemptKey(job.name, job.attempt), limit: TAIL_BYTES };
  const chunk = await compute.logs({ ...query, offset: -TAIL_BYTES }).catch(() => null);
  return chunk?.text ?? '';
}
