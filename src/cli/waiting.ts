import type { Project } from '../app.ts';
import { WatchedJobs, jobsNamed, recentJobNames } from '../jobs/index.ts';
import { nearest } from '../kernel/suggest.ts';
import { currentHolder, driveRuns, getRun, holdIfFree } from '../pipelines/index.ts';
import type { Run } from '../pipelines/index.ts';
import { namedJobViews } from '../views/index.ts';
import { about } from './following.ts';
import { note } from './render/output.ts';
import { showProgress } from './render/progress.ts';
import { tellBuild } from './telling.ts';
import { nearHint, tellOutcome, unknownJobs, waitingLine } from './wait-outcome.ts';
import type { WaitEnd, WaitOptions } from './wait-outcome.ts';

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
  const jobs = new Set(watched.all.map((job) => job.id));
  return tellOutcome(end, await namedJobViews(project, watched.all), options, {
    run: end === 'abandoned' ? await getRun(project.store.db, watched.open[0]?.run_id ?? '') : null,
    told: (code) => tellBuild(project, runs, { json: options.json, code, jobs }),
  });
}

async function findJobs({ store }: Project, names: readonly string[]): Promise<WatchedJobs> {
  const found = await jobsNamed(store.db, names);
  const jobs = names.flatMap((name) => found.get(name) ?? []);
  if (jobs.length === names.length) return new WatchedJobs(store.db, jobs);
  const unknown = names.filter((name) => !found.has(name));
  const known = await recentJobNames(store.db);
  const near = unknown.slice(0, 3).flatMap((name) => nearest(name, known, 1));
  throw unknownJobs(
    unknown,
    names,
    known.length === 0
      ? 'No job was ever written down in this project: the folder .trainyard has to be the one of the step that started the run.'
      : nearHint([...new Set(near)]),
  );
}

async function untilOver(
  project: Project,
  watched: WatchedJobs,
  runs: readonly Run[],
  { timeout_s, json }: WaitOptions,
): Promise<WaitEnd> {
  const deadline = project.clock.now() + timeout_s * 1000;
  const stop = new AbortController();
  const halt = (): void => stop.abort();
  process.on('SIGINT', halt).on('SIGTERM', halt);
  // Whoever reads this may press Ctrl-C at once.
  note(
    waitingLine(
      watched.all.length,
      runs.map((run) => run.number),
      timeout_s,
    ),
  );
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
): Promise<WaitEnd> {
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
