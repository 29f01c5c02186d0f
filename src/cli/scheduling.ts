import { fireSchedule, writeSummary } from '../actions/index.ts';
import type { Project } from '../app.ts';
import type { ScheduleConfig } from '../config/index.ts';
import { ConflictError, EXIT, NotFoundError } from '../kernel/errors.ts';
import { didYouMean } from '../kernel/suggest.ts';
import { currentHolder, getRun, holdUnlessServed, scriptParams } from '../pipelines/index.ts';
import type { Hold, Run } from '../pipelines/index.ts';
import {
  listFirings,
  nextTimes,
  noteSchedules,
  pauseSchedule,
  resumeSchedule,
  scheduleStates,
} from '../schedules/index.ts';
import type { Tx } from '../store/index.ts';
import type { CommonOptions } from './options.ts';
import { exitCodeOf, followRuns } from './following.ts';
import { note, print, printJson } from './render/output.ts';
import { runView } from '../views/index.ts';
import { driveScripts } from './script-driving.ts';
import { firingTable, remarks, scheduleDocument, scheduleTable, timeLine } from './render/schedules.ts';
import type { ScheduleRow } from './render/schedules.ts';

export async function listSchedules(project: Project, { json = false }: CommonOptions): Promise<void> {
  const rows = await scheduleRows(project);
  const serves = await isServed(project);
  if (json) {
    printJson({ fires: serves, schedules: rows.map(scheduleDocument) });
    return;
  }
  if (rows.length === 0) {
    print('No schedules. Write them under `schedules:` in trainyard.yaml: docs/schedules.md');
    return;
  }
  print(scheduleTable(rows));
  for (const line of remarks(rows)) print(line);
  if (!serves && rows.some((row) => row.schedule !== null))
    print('No worker runs: nothing fires until `trainyard worker` does.');
}

/** Those of the file in its order, then those that are gone from it. */
async function scheduleRows(project: Project): Promise<ScheduleRow[]> {
  const { db } = project.store;
  const states = await scheduleStates(db);
  const { schedules } = project.settings;
  const gone = [...states.values()].filter(({ name }) => schedules[name] === undefined);
  const rows: ScheduleRow[] = [];
  for (const name of [...Object.keys(schedules), ...gone.map((state) => state.name)]) {
    const schedule = schedules[name] ?? null;
    const state = states.get(name) ?? null;
    const [last] = await listFirings(db, name, 1);
    const fires = schedule?.enabled === true && (state === null || state.paused === null);
    rows.push({
      name,
      schedule,
      state,
      next: fires ? nextTimes(schedule, project.clock.now(), 3) : [],
      last: last ?? null,
    });
  }
  return rows;
}

export async function showNext(
  project: Project,
  name: string,
  { count, json = false }: CommonOptions & { count: number },
): Promise<void> {
  const schedule = scheduleNamed(project, name);
  const times = nextTimes(schedule, project.clock.now(), count);
  const state = (await scheduleStates(project.store.db)).get(name);
  if (json) {
    printJson({
      name,
      timezone: schedule.timezone,
      next: times.map((at) => timeLine(at, schedule.timezone)),
    });
    return;
  }
  for (const at of times) {
    const { local, utc } = timeLine(at, schedule.timezone);
    print(`${local} ${schedule.timezone}   ${utc}`);
  }
  if (state?.paused != null)
    note(`It is paused by ${state.paused.by}: it will not fire before it is resumed.`);
  else if (!schedule.enabled) note('It is not enabled: it will not fire.');
}

export async function showHistory(
  project: Project,
  name: string,
  { limit, json = false }: CommonOptions & { limit: number },
): Promise<void> {
  const firings = await listFirings(project.store.db, name, limit);
  // One that is gone from the file has a history all the same.
  if (firings.length === 0 && !(await scheduleStates(project.store.db)).has(name))
    scheduleNamed(project, name);
  if (json) printJson({ name, firings });
  else print(firings.length === 0 ? `Schedule ${name} has not fired yet.` : firingTable(firings));
}

export async function pause(
  project: Project,
  name: string,
  { reason, json = false }: CommonOptions & { reason?: string },
): Promise<void> {
  const actor = await project.actor();
  const changed = await changeSchedule(project, name, (tx, now) =>
    pauseSchedule(tx, now, name, actor, reason ?? null),
  );
  const state = (await scheduleStates(project.store.db)).get(name);
  if (json) printJson({ name, paused: state?.paused ?? null, changed });
  else
    print(
      changed
        ? `Schedule ${name} is paused. Let it go on with \`trainyard schedules resume ${name}\`.`
        : `Schedule ${name} was paused already, by ${state?.paused?.by ?? 'somebody'}.`,
    );
}

export async function resume(project: Project, name: string, { json = false }: CommonOptions): Promise<void> {
  const actor = await project.actor();
  const changed = await changeSchedule(project, name, (tx, now) => resumeSchedule(tx, now, name, actor));
  const schedule = scheduleNamed(project, name);
  const [next] = nextTimes(schedule, project.clock.now(), 1);
  if (json) printJson({ name, changed });
  else if (!changed) print(`Schedule ${name} was not paused.`);
  else
    print(
      `Schedule ${name} goes on${next === undefined ? '' : `, next at ${timeLine(next, schedule.timezone).local} ${schedule.timezone}`}.`,
    );
}

/** A schedule that no worker has seen yet has no row: it gets one first. */
async function changeSchedule<T>(
  project: Project,
  name: string,
  change: (tx: Tx, now: number) => Promise<T>,
): Promise<T> {
  scheduleNamed(project, name);
  const now = project.clock.now();
  return project.store.tx(async (tx) => {
    await noteSchedules(tx, now, project.settings.schedules);
    return change(tx, now);
  });
}

/** Returns the exit code, as `trainyard run` has it. */
export async function runNow(
  project: Project,
  name: string,
  { force = false, json = false }: CommonOptions & { force?: boolean },
): Promise<number> {
  const schedule = scheduleNamed(project, name);
  await using hold = await holdUnlessServed(project.store, project.clock.now(), 'run');
  const actor = await project.actor();
  const slot = project.clock.now();
  const fired = await fireSchedule(project, { name, schedule, kind: 'manual', slot, actor, force });
  if (fired === null)
    throw new ConflictError(`Somebody else runs schedule ${name} at this very moment.`, {
      hint: 'See what became of it with `trainyard schedules`.',
    });
  if (fired.error !== null) throw fired.error;
  const { firing } = fired;
  if (firing.outcome === 'skipped')
    throw new ConflictError(`Nothing was started: ${firing.message}.`, {
      hint: 'Wait for it or end it, or start another one beside it with --force.',
    });
  if (!json) note(`Schedule ${name}: ${firing.message}.`);
  if (firing.run_id === null) {
    if (json) printJson({ firing, run: null });
    return EXIT.ok;
  }
  const run = await getRun(project.store.db, firing.run_id);
  const code =
    run.pipeline === 'scripts'
      ? await followScripts(project, hold, run)
      : await followRuns(project, hold, [run], { json });
  if (json) printJson({ firing, run: await runView(project, await getRun(project.store.db, run.id)) });
  return code;
}

/** Runs the scripts here, or waits for the worker that does. Returns the exit code that a run has. */
async function followScripts(project: Project, hold: Hold | null, run: Run): Promise<number> {
  const { max_workers, gpus } = scriptParams(run);
  if (hold !== null) {
    const own = project.beside({ max_workers, gpus });
    try {
      const ended = await driveScripts(own, hold, run, { verbose: false });
      const { path } = await writeSummary(own, ended, [], { gpus, metric: null, reports: [] });
      note(`Summary: ${path}`);
      return exitCodeOf(ended);
    } finally {
      await own.close();
    }
  }
  for (;;) {
    const now = await getRun(project.store.db, run.id);
    if (now.ended_at !== null) {
      note(`Run ${now.number} (scripts) ${now.status}${now.reason === null ? '' : `: ${now.reason}`}.`);
      return exitCodeOf(now);
    }
    if (!(await isServed(project)))
      throw new ConflictError(`The worker that runs the scripts of run ${run.number} is gone.`, {
        hint: 'Start `trainyard worker` again: it settles what is left of the run.',
      });
    await project.clock.sleep(200);
  }
}

/** @throws NotFoundError with the nearest names */
function scheduleNamed({ settings }: Project, name: string): ScheduleConfig {
  const found = settings.schedules[name];
  if (found !== undefined) return found;
  const names = Object.keys(settings.schedules);
  throw new NotFoundError(`There is no schedule ${name} in trainyard.yaml.`, {
    hint:
      didYouMean(name, names) ??
      (names.length === 0
        ? 'Write it under `schedules:`, for example: nightly: {cron: "0 2 * * *"}'
        : `Schedules are ${names.join(', ')}.`),
  });
}

/** Processes that stay fire schedules. */
async function isServed(project: Project): Promise<boolean> {
  const holder = await currentHolder(project.store);
  return holder !== null && (holder.kind === 'worker' || holder.kind === 'serve');
}
