import type { Project } from '../app.ts';
import { groupFailures } from '../ci/index.ts';
import { WatchedJobs, jobsNamed, recentJobNames } from '../jobs/index.ts';
import type { NamedJob } from '../jobs/index.ts';
import { EXIT, NotFoundError } from '../kernel/errors.ts';
import { formatDuration } from '../kernel/duration.ts';
import { nearest } from '../kernel/suggest.ts';
import { countsText, currentHolder, driveRuns, getRun, holdIfFree } from '../pipelines/index.ts';
import type { Run } from '../pipelines/index.ts';
import { about } from './following.ts';
import { note, print, printJson } from './render/output.ts';
import { showProgress } from './render/progress.ts';
import { causeOf } from './render/run-report.ts';
import { someOf } from './render/style.ts';
import { tellBuild } from './telling.ts';

export interface WaitOptions {
  readonly timeout_s: number;
  readonly continue_on_error: boolean;
  readonly json: boolean;
}

/** How a wait ended. `abandoned`: jobs are open in runs that are over, so that nothing will end them. */
type End = 'over' | 'timed_out' | 'interrupted' | 'abandoned';

/**
 * Waits until the named jobs are over, of whichever runs they are, and returns what they came to as an exit code. It
 * watches whoever goes on with the runs; where nobody does, it does so itself, and stops with the last of these jobs.
 * @throws NotFoundError for names that no job has
 */
export async function waitForJobs(
  project: Project,
  names: readonly string[],
  options: WaitOptions,
): Promise<number> {
  const watched = await findJobs(project, names);
  const runs = await Promise.all(watched.run_ids.map((id) => getRun(project.store.db, id)));
  await watched.look();
  const end = watched.open.length === 0 ? 'over' : await untilOver(project, watched, runs, options);
  const outcome = outcomeOf(end, watched.all);
  const code = options.continue_on_error && (end === 'over' || end === 'abandoned') ? EXIT.ok : outcome.code;
  if (!options.json) await tell(project, watched, end, options);
  await tellBuild(project, runs, {
    json: options.json,
    code,
    jobs: new Set(watched.all.map((job) => job.id)),
  });
  if (options.json) printJson({ status: outcome.status, exit_code: code, ...documentOf(watched, runs) });
  return code;
}

async function findJobs({ store }: Project, names: readonly string[]): Promise<WatchedJobs> {
  const found = await jobsNamed(store.db, names);
  const jobs = names.flatMap((name) => found.get(name) ?? []);
  if (jobs.length === names.length) return new WatchedJobs(store.db, jobs);
  const unknown = names.filter((name) => !found.has(name));
  const known = await recentJobNames(store.db);
  const near = unknown.slice(0, 3).flatMap((name) => nearest(name, known, 1));
  throw new NotFoundError(
    unknown.length === 1
      ? `There is no job ${unknown[0]}.`
      : `There are no jobs ${someOf(unknown, 3)}: ${unknown.length} of ${names.length} names are unknown.`,
    {
      hint:
        known.length === 0
          ? 'No job was ever written down in this project: the folder .trainyard has to be the one of the step that started the run.'
          : near.length > 0
            ? `Did you mean ${[...new Set(near)].join(' or ')}?`
            : 'List them with `trainyard jobs list`.',
      details: { unknown },
    },
  );
}

async function untilOver(
  project: Project,
  watched: WatchedJobs,
  runs: readonly Run[],
  { timeout_s, json }: WaitOptions,
): Promise<End> {
  const deadline = project.clock.now() + timeout_s * 1000;
  const named = watched.all.length;
  note(
    `Waiting for ${named} ${named === 1 ? 'job' : 'jobs'} of ${runsOf(runs)}, at most ${formatDuration(timeout_s)}.`,
  );
  const stop = new AbortController();
  const halt = (): void => stop.abort();
  process.on('SIGINT', halt).on('SIGTERM', halt);
  const progress = showProgress(project, runs, json);
  try {
    const driving = goOn(project, runs, stop.signal).finally(halt);
    const [end] = await Promise.all([
      lookUntilOver(project, watched, deadline, stop.signal).finally(halt),
      driving,
    ]);
    return end;
  } finally {
    await progress.stop();
    process.off('SIGINT', halt).off('SIGTERM', halt);
  }
}

const runsOf = (runs: readonly Run[]): string =>
  `${runs.length === 1 ? 'run' : 'runs'} ${someOf(
    runs.map((run) => String(run.number)),
    10,
  )}`;

/** How often it looks whether another process has written, and how seldom at all, while this one does the work. */
const LOOK_MS = 200;
const SELDOM_MS = 1000;
/** So often in a row a run must be over with open jobs before that counts: they are written in two steps. */
const SURELY = 3;

async function lookUntilOver(
  { store, clock }: Project,
  watched: WatchedJobs,
  deadline: number,
  signal: AbortSignal,
): Promise<End> {
  for (let left = 0; ;) {
    const mark = store.changeMark();
    await watched.look();
    if (watched.open.length === 0) return 'over';
    if (signal.aborted) return 'interrupted';
    if (clock.now() >= deadline) return 'timed_out';
    left = (await someoneCares(store, watched)) ? 0 : left + 1;
    if (left >= SURELY) return 'abandoned';
    const next = Math.min(clock.now() + SELDOM_MS, deadline);
    do await clock.sleep(Math.min(LOOK_MS, next - clock.now()), signal);
    while (!signal.aborted && clock.now() < next && store.changeMark() === mark);
  }
}

/** Whether a run with open jobs still goes on. */
async function someoneCares({ db }: Project['store'], watched: WatchedJobs): Promise<boolean> {
  const ids = [...new Set(watched.open.map((job) => job.run_id))];
  for (const id of ids) if ((await getRun(db, id)).ended_at === null) return true;
  return false;
}

/** Watches the process that goes on with the runs; while there is none, does it here. */
async function goOn(project: Project, runs: readonly Run[], signal: AbortSignal): Promise<void> {
  const [only, ...others] = runs;
  const scope = only !== undefined && others.length === 0 ? { run_id: only.id } : about(runs);
  for (let said = false; !signal.aborted;) {
    const holder = await currentHolder(project.store);
    if (holder !== null && !said) {
      said = true;
      note(`\`trainyard ${holder.kind}\` (process ${holder.pid}) goes on with them; watching.`);
    }
    const hold = holder === null ? await holdIfFree(project.store, project.clock.now(), 'wait') : null;
    if (hold === null) await project.clock.sleep(500, signal);
    else {
      await using _held = hold;
      await driveRuns(project.world, hold, signal, 'aborted', scope);
    }
  }
}

/** Circuits that are optional decide nothing. */
function outcomeOf(end: End, jobs: readonly NamedJob[]): { readonly status: string; readonly code: number } {
  if (end === 'interrupted') return { status: end, code: EXIT.interrupted };
  if (end === 'timed_out') return { status: end, code: EXIT.wait_timed_out };
  const mandatory = jobs.filter((job) => !job.optional);
  if (end === 'abandoned' || mandatory.some((job) => job.status === 'failed'))
    return { status: end === 'abandoned' ? end : 'failed', code: EXIT.work_failed };
  if (mandatory.some((job) => job.status === 'canceled'))
    return { status: 'canceled', code: EXIT.interrupted };
  return { status: 'succeeded', code: EXIT.ok };
}

const MOST_CAUSES = 10;

async function tell(
  project: Project,
  watched: WatchedJobs,
  end: End,
  { timeout_s, continue_on_error }: WaitOptions,
): Promise<void> {
  const { all, open } = watched;
  print(`${all.length} ${all.length === 1 ? 'job' : 'jobs'}: ${countsText(countsOf(all))}.`);
  const failures = all
    .filter((job) => job.status === 'failed')
    .map((job) => ({
      circuit: job.circuit_id,
      job: job.name,
      attempts: job.attempt,
      message: job.message,
      ...causeOf(job),
      optional: job.optional,
    }));
  const groups = groupFailures(failures);
  for (const { cause, failures: members } of groups.slice(0, MOST_CAUSES)) {
    const [first] = members;
    print(`  ✗ ${cause}`);
    print(
      `      ${someOf(
        members.map((f) => f.job + (f.optional ? ' (optional)' : '')),
        5,
      )}`,
    );
    if (first !== undefined) print(`      trainyard jobs logs ${first.job}`);
  }
  if (groups.length > MOST_CAUSES)
    print(`    … and ${groups.length - MOST_CAUSES} more causes: trainyard jobs list --status failed`);
  const names = someOf(
    open.map((job) => job.name),
    5,
  );
  if (end === 'timed_out')
    print(
      `Still going after ${formatDuration(timeout_s)}: ${names}. Nothing was canceled; the same command waits on.`,
    );
  if (end === 'interrupted') print('Stopped waiting. The jobs go on.');
  if (end === 'abandoned') {
    const run = await getRun(project.store.db, open[0]?.run_id ?? '');
    print(
      `Run ${run.number} is over (${run.status}) and these never ended: ${names}. See trainyard runs show ${run.number}`,
    );
  }
  if (continue_on_error && end === 'over' && failures.length > 0)
    print('Exit code 0 all the same, as --continue-on-error asks.');
}

function countsOf(jobs: readonly NamedJob[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of jobs) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

function documentOf(watched: WatchedJobs, runs: readonly Run[]): Record<string, unknown> {
  const numbers = new Map(runs.map((run) => [run.id, run.number]));
  return {
    counts: countsOf(watched.all),
    jobs: watched.all.map((job) => ({
      name: job.name,
      circuit: job.circuit_id,
      run: numbers.get(job.run_id) ?? null,
      status: job.status,
      optional: job.optional,
      retry: job.retry,
      attempts: job.attempt,
      reason: job.reason,
      message: job.message,
      ended_at: job.ended_at,
    })),
  };
}
