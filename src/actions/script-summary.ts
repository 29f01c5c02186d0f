import { readFile, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Project } from '../app.ts';
import { listJobs, metricsOf } from '../jobs/index.ts';
import type { Job } from '../jobs/index.ts';
import { compactTime, fromIso, toIso } from '../kernel/clock.ts';
import { ConflictError, NotFoundError } from '../kernel/errors.ts';
import { writeFileWhole } from '../kernel/files.ts';
import { scriptParams } from '../pipelines/index.ts';
import type { Run, ScriptJobParams } from '../pipelines/index.ts';
import {
  TrainingSummary,
  compareSummaries,
  jobMetrics,
  rank,
  summaryJunit,
  summaryMarkdown,
} from '../scripts/index.ts';
import type { JobSummary, Metric } from '../scripts/index.ts';

/** A summary in another form, written to a file as well. */
export interface Report {
  readonly form: 'junit' | 'markdown' | 'json';
  readonly file: string;
}

const NAME = /^training_summary_\d{8}_\d{6}(_\d+)?\.json$/;

/**
 * Writes summaries/training_summary_<time>.json, compared with the one before, and the reports that were asked for.
 * Returns the summary and where it lies, from the project.
 */
export async function writeSummary(
  project: Project,
  run: Run,
  resumed: readonly ScriptJobParams[],
  options: {
    readonly gpus: readonly string[];
    readonly metric: Metric | null;
    readonly reports: readonly Report[];
  },
): Promise<{ readonly summary: TrainingSummary; readonly path: string }> {
  const folder = join(project.root, 'summaries');
  const earlier = await summaryNames(folder);
  const summary = await summarise(project, run, resumed, options);
  const whole = await comparedWith(folder, earlier.at(-1), summary);
  const base = baseName(run);
  let name = `${base}.json`;
  for (let n = 2; earlier.includes(name); n++) name = `${base}_${n}.json`;
  const json = `${JSON.stringify(whole, null, 2)}\n`;
  await writeFileWhole(join(folder, name), json);
  await writeReports(whole, options.reports);
  return { summary: whole, path: `summaries/${name}` };
}

/** Writes a summary in other forms. */
export async function writeReports(summary: TrainingSummary, reports: readonly Report[]): Promise<void> {
  for (const { form, file } of reports) {
    const text =
      form === 'junit'
        ? summaryJunit(summary)
        : form === 'markdown'
          ? summaryMarkdown(summary)
          : `${JSON.stringify(summary, null, 2)}\n`;
    await writeFileWhole(resolve(file), text);
  }
}

/**
 * The summary of a run that is over and was left to a server: what its file says, or would.
 * @throws NotFoundError for a run that runs no scripts
 * @throws ConflictError for one that is not over
 */
export async function servedSummary(project: Project, run: Run): Promise<TrainingSummary> {
  if (run.pipeline !== 'scripts')
    throw new NotFoundError(`Run ${run.number} trains circuits and runs no scripts.`, {
      hint: `See it with GET /api/v1/runs/${run.number}.`,
    });
  if (run.ended_at === null)
    throw new ConflictError(`Run ${run.number} is not over.`, {
      hint: `GET /api/v1/runs/${run.number}/scripts shows how far it is.`,
    });
  const written = await summaryOf(project, run);
  const known = written === null ? null : await readSummary(project.root, written);
  if (known !== null) return known;
  // The process that ran them writes it a moment after their end, or could not.
  const folder = join(project.root, 'summaries');
  const earlier = (await summaryNames(folder)).filter((name) => name < baseName(run));
  const { gpus } = scriptParams(run);
  const summary = await summarise(project, run, [], { gpus, metric: null });
  return comparedWith(folder, earlier.at(-1), summary);
}

/** With what changed since the one before. */
async function comparedWith(
  folder: string,
  name: string | undefined,
  summary: TrainingSummary,
): Promise<TrainingSummary> {
  const before = await readSummary(folder, name);
  if (name === undefined || before === null) return summary;
  return { ...summary, comparison: compareSummaries({ name, jobs: before.jobs }, summary.jobs) };
}

const baseName = (run: Run): string => `training_summary_${compactTime(fromIso(run.created_at))}`;

/** Where the summary of a run lies, from the project; null where none was written. */
export async function summaryOf(project: Project, run: Run): Promise<string | null> {
  const folder = join(project.root, 'summaries');
  for (const name of await summaryNames(folder)) {
    if (!name.startsWith(baseName(run))) continue;
    const text = await readFile(join(folder, name), 'utf8').catch(() => '');
    if (new RegExp(`"run": ${run.number}\\b`).test(text)) return `summaries/${name}`;
  }
  return null;
}

const summaryNames = async (folder: string): Promise<string[]> =>
  (await readdir(folder).catch(() => [])).filter((name) => NAME.test(name)).toSorted();

/** Null where there is none, or one that another version wrote. */
async function readSummary(folder: string, name: string | undefined): Promise<TrainingSummary | null> {
  if (name === undefined) return null;
  const text = await readFile(join(folder, name), 'utf8').catch(() => '');
  try {
    return TrainingSummary.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

async function summarise(
  project: Project,
  run: Run,
  resumed: readonly ScriptJobParams[],
  { gpus, metric }: { readonly gpus: readonly string[]; readonly metric: Metric | null },
): Promise<TrainingSummary> {
  const params = scriptParams(run);
  const rows = await listJobs(project.store.db, { run_id: run.id, limit: 1_000_000 });
  const by_id = new Map(rows.map((row) => [row.circuit_id, row]));
  const jobs = [
    ...params.jobs.map((job) => jobSummary(job, by_id.get(job.id))),
    ...resumed.map((job): JobSummary => ({
      ...jobSummary(job, undefined),
      status: 'resumed',
      metrics: jobMetrics(project.root, job, null),
    })),
  ];
  const ended = run.ended_at ?? toIso(project.clock.now());
  const counted = (status: JobSummary['status']): number =>
    jobs.filter((job) => job.status === status).length;
  return {
    run: run.number,
    status: run.status === 'canceled' ? 'interrupted' : run.status === 'succeeded' ? 'succeeded' : 'failed',
    started_at: run.created_at,
    ended_at: ended,
    duration_s: Math.round(fromIso(ended) - fromIso(run.created_at)) / 1000,
    counts: {
      succeeded: counted('succeeded'),
      failed: counted('failed'),
      failed_optional: jobs.filter((job) => job.status === 'failed' && job.optional).length,
      canceled: counted('canceled'),
      resumed: counted('resumed'),
    },
    git_commit: run.git_commit,
    git_branch: run.git_branch,
    python: await pythonOf(project),
    gpus: [...gpus],
    arguments: params.arguments,
    jobs,
    comparison: null,
    metric,
    ranking: metric === null ? [] : rank(jobs, metric),
  };
}

function jobSummary(job: ScriptJobParams, row: Job | undefined): JobSummary {
  const status = row?.status === 'succeeded' || row?.status === 'failed' ? row.status : 'canceled';
  return {
    id: job.id,
    name: job.name,
    script: job.script,
    output: `results/${job.output}`,
    log: `logs/${job.id}.log`,
    optional: job.optional,
    status,
    attempts: row?.attempt ?? 0,
    started_at: row?.running_at ?? null,
    ended_at: row?.ended_at ?? null,
    duration_s: row?.running_s ?? null,
    exit_code: row?.exit_code ?? null,
    command: job.command,
    error: status === 'failed' ? (row?.message ?? 'failed') : null,
    cpu_s: row?.cpu_s ?? null,
    peak_memory_mib: row?.peak_memory_mib ?? null,
    metrics: row === undefined ? null : metricsOf(row),
  };
}

/** What the machine's check says of its Python. */
async function pythonOf(project: Project): Promise<string | null> {
  const checks = await (await project.world.compute('local')).check();
  return checks.find((check) => check.name === 'python' && check.ok)?.message ?? null;
}
