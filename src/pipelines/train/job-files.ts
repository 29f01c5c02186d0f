import { eachJob, metricsOf } from '../../jobs/index.ts';
import type { Job, JobStatus } from '../../jobs/index.ts';
import type { ArtifactName, JobDetail } from '../artifacts.ts';
import { writeArtifact } from '../artifacts.ts';
import { failureOf } from '../note-failures.ts';
import type { StageContext } from '../pipeline.ts';

const ALL: readonly JobStatus[] = [
  'pending',
  'queued',
  'preparing',
  'running',
  'succeeded',
  'failed',
  'canceled',
];

/** Writes one of the job files from the rows of a stage's jobs. */
export async function writeJobFile(
  context: StageContext,
  name: Extract<
    ArtifactName,
    'training_jobs' | 'completed_jobs' | 'failed_jobs' | 'retry_jobs' | 'completed_retry_jobs'
  >,
  stage: string,
  statuses: readonly JobStatus[] = ALL,
): Promise<void> {
  const details: JobDetail[] = [];
  for await (const page of eachJob(context.db, { run_id: context.run.id, stage, statuses }))
    details.push(...page.map(jobDetail));
  const file = { run: context.run.number, jobs: details.map((d) => d.name), details };
  if (name === 'failed_jobs')
    await writeArtifact(context, name, { ...file, has_training_failures: details.length > 0 });
  else await writeArtifact(context, name, file);
}

function shortFailure(job: Job): NonNullable<JobDetail['failure']> {
  const { class: kind, signature, title } = failureOf(job);
  return { class: kind, signature, title };
}

export function jobDetail(job: Job): JobDetail {
  return {
    name: job.name,
    circuit: job.circuit_id,
    model_name: job.model_name,
    training_hash: job.training_hash,
    status: job.status,
    attempts: job.attempt,
    retry: job.retry === 1,
    retry_of: job.retry_of,
    reason: job.reason,
    message: job.message,
    created_at: job.created_at,
    ended_at: job.ended_at,
    queued_s: job.queued_s,
    preparing_s: job.preparing_s,
    running_s: job.running_s,
    cpu_s: job.cpu_s,
    peak_memory_mib: job.peak_memory_mib,
    exit_code: job.exit_code,
    metrics: metricsOf(job),
    url: job.url,
    failure: job.status === 'failed' ? shortFailure(job) : null,
  };
}
