import { formatDuration } from '../../kernel/duration.ts';
import type { JobRow, JobView } from '../../views/index.ts';
import { oneLine, status } from './style.ts';
import { table } from './table.ts';

const seconds = (s: number | null): string => (s === null ? '' : formatDuration(s));
const ran = (job: Pick<JobRow, 'running_s' | 'running_at' | 'status'>, now: number): number | null =>
  job.running_s ??
  (job.running_at === null || job.status !== 'running'
    ? null
    : Math.max(0, (now - Date.parse(job.running_at)) / 1000));
const mib = (m: number | null): string => (m === null ? '' : `${Math.round(m)} MiB`);

type JobLine = Pick<
  JobRow,
  'name' | 'status' | 'attempt' | 'running_s' | 'running_at' | 'cpu_s' | 'peak_memory_mib' | 'message'
>;

/** `now`: for how long the jobs that still run have done so. */
export function jobTable(jobs: readonly JobLine[], now: number): string {
  return table(jobs, [
    { title: 'job', value: (j) => j.name },
    { title: 'status', value: (j) => status(j.status) },
    { title: 'attempts', value: (j) => String(j.attempt), align: 'right' },
    { title: 'ran', value: (j) => seconds(ran(j, now)), align: 'right' },
    { title: 'cpu', value: (j) => seconds(j.cpu_s), align: 'right' },
    { title: 'memory', value: (j) => mib(j.peak_memory_mib), align: 'right' },
    { title: '', value: (j) => j.message ?? '' },
  ]);
}

export function jobScreen(job: JobView, now: number): string {
  const lines = [
    `${job.name}  ${status(job.status)}${job.message === null ? '' : `: ${job.message}`}`,
    `  circuit      ${job.circuit_id}   model ${job.model_name}`,
    `  hash         ${job.training_hash}   inputs ${job.inputs_digest}`,
    `  component    ${job.component}${job.environment === null ? '' : `   environment ${job.environment}`}`,
    `  data         ${job.data_version ?? 'none'}`,
    `  provider     ${job.provider}   attempt ${job.attempt} of ${job.max_attempts}`,
  ];
  if (job.retry_of !== null) lines.push(`  retry of     ${job.retry_of}`);
  if (job.metrics !== null)
    lines.push(
      `  metrics      ${Object.entries(job.metrics)
        .map(([k, v]) => `${k} ${Math.round(v * 10_000) / 10_000}`)
        .join('  ')}`,
    );
  for (const a of job.attempts) {
    lines.push(
      `  attempt ${a.number}    ${status(a.status)}  queued ${seconds(a.queued_s)}, preparing ${seconds(a.preparing_s)}, running ${seconds(ran(a, now))}, cpu ${seconds(a.cpu_s)}, memory ${mib(a.peak_memory_mib)}${a.message === null ? '' : `: ${a.message}`}`,
    );
  }
  lines.push(`  log          trainyard jobs logs ${job.name}`);
  return lines.map(oneLine).join('\n');
}
