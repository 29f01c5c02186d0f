import type { Project } from '../../app.ts';
import { listApprovals } from '../../gates/index.ts';
import { countJobs } from '../../jobs/index.ts';
import type { JobCounts } from '../../jobs/index.ts';
import { formatDuration } from '../../kernel/duration.ts';
import { countsText, currentHolder, failuresOfRun, getStages } from '../../pipelines/index.ts';
import type { Run, Stage } from '../../pipelines/index.ts';
import { clip, columns, fit, oneLine, paint, someOf, status } from './style.ts';

/** The stages of a run, one line each. */
export function stageLines(stages: readonly Stage[], now: number): string[] {
  return stages.map((s) => {
    const detail = stageDetail(s);
    const took_s = tookOf(s, now);
    const time = took_s === null ? '' : formatDuration(took_s);
    return `  ${status(s.status, 11)} ${s.name.padEnd(20)} ${paint('gray', time.padStart(12))}  ${process.stdout.isTTY ? clip(detail, Math.max(20, columns() - 50)) : detail}`;
  });
}

/** Counts and reasons of a stage in words. */
export const stageDetail = (s: Stage): string =>
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

/** What a run that failed wants of people, where that is one thing. */
export function nextStep(
  run: Run,
  stages: readonly Stage[],
  counts: JobCounts,
): 'accept_partial' | 'resume' | 'run' | null {
  if (
    run.status === 'failed' &&
    counts.succeeded > 0 &&
    stages.some((s) => s.status === 'skipped' && s.reason?.startsWith('blocked:') === true)
  )
    return 'accept_partial';
  if (run.status === 'failed' && stages.some((s) => s.state['stalled'] === true)) return 'resume';
  return stages.some((s) => s.name === 'SubmitTraining' && s.status === 'failed') ? 'run' : null;
}

/** What failed and was not mended: the jobs where they are few, else their causes. */
async function failedLines({ store }: Project, run: Run): Promise<string[]> {
  const { groups, jobs } = await failuresOfRun(store.db, run);
  const [first] = jobs.values();
  if (first === undefined) return [];
  const cross = paint('red', '✗');
  const lines =
    jobs.size <= FEW
      ? [...jobs.values()].map(
          (job) =>
            `  ${cross} ${job.name}: ${clip(job.message ?? 'failed', columns() - job.name.length - 6)}`,
        )
      : groups
          .slice(0, FEW)
          .map(
            (g) =>
              `  ${cross} ${g.count} × ${clip(g.title, columns() - 50)}  (${g.class}: ${someOf(g.circuits, 3)})`,
          );
  if (jobs.size > FEW && groups.length > FEW) lines.push(`    … and ${groups.length - FEW} more causes`);
  lines.push(`  Logs: trainyard jobs logs ${first.name}`);
  if (jobs.size > 1) lines.push(`  Causes: trainyard failures ${run.number}`);
  return lines;
}

const FEW = 5;

/** How a run ended or what it waits for, for people. */
export async function runSummary(project: Project, run: Run): Promise<string> {
  const { db } = project.store;
  const lines = [
    '',
    `${paint('bold', `Run ${run.number}`)}${run.rehearsal === 1 ? ' (rehearsal)' : ''}  ${status(run.status)}${run.reason === null ? '' : `: ${run.reason}`}`,
  ];
  lines.push(...stageLines(await getStages(db, run.id), project.clock.now()));
  lines.push(...(await failedLines(project, run)));
  const counts = await countJobs(db, run.id);
  const next = nextStep(run, await getStages(db, run.id), counts);
  if (next === 'accept_partial')
    lines.push(
      `  Next: trainyard runs accept-partial ${run.number}   promotes the models that succeeded`,
      `    or: trainyard retry ${run.number}   once the cause is gone`,
    );
  else if (next === 'resume')
    lines.push(`  Next: trainyard run --resume ${run.number}   once the cause is gone`);
  else if (next === 'run') lines.push('  Next: put right what SubmitTraining says, then trainyard run');
  if (
    (run.status === 'running' || run.status === 'pending') &&
    (await currentHolder(project.store)) === null
  ) {
    lines.push('  No process drives this run now: trainyard run --resume');
  }
  for (const approval of await listApprovals(db, { run_id: run.id, status: 'waiting', limit: 10 })) {
    lines.push(
      `  ${paint('yellow', '‖')} ${approval.title}`,
      `      gate ${approval.gate}, until ${approval.expires_at.slice(0, 16).replace('T', ' ')} UTC`,
      `      trainyard approve ${approval.id}`,
      `      trainyard reject ${approval.id}`,
    );
  }
  return lines
    .map(oneLine)
    .map((line) => (process.stdout.isTTY ? fit(line, columns()) : line))
    .join('\n');
}
