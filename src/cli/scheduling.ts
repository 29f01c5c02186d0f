import { pauseSchedule, resumeSchedule, runSchedule, scheduleNamed, writeSummary } from '../actions/index.ts';
import type { Project } from '../app.ts';
import { ConflictError, EXIT } from '../kernel/errors.ts';
import { getRun, holdUnlessServed, scriptParams } from '../pipelines/index.ts';
import type { Hold, Run } from '../pipelines/index.ts';
import { listFirings, nextTimes, scheduleStates } from '../schedules/index.ts';
import type { CommonOptions } from './options.ts';
import { exitCodeOf, followRuns } from './following.ts';
import { note, print, printJson } from './render/output.ts';
import { isServed, runView, scheduleRows, scheduleView, timeLine } from '../views/index.ts';
import { driveScripts } from './script-driving.ts';
import { firingTable, remarks, scheduleTable } from './render/schedules.ts';

export async function listSchedules(project: Project, { json = false }: CommonOptions): Promise<void> {
  const rows = await scheduleRows(project);
  const serves = await isServed(project);
  if (json) {
    printJson({ fires: serves, schedules: rows.map(scheduleView) });
    return;
  }
  if (rows.length === 0) {
    print('No schedules. Write them under `schedules:` in trainyard.yaml: docs/schedules.md');
    return;
  }
  print(scheduleTable(rows));
  for (const line of remarks(rows)) print(line);
  if (!serves && rows.some((row) => row.schedule !== null))
    print('Nothing serves: none fires until `trainyard serve` or `trainyard worker` runs.');
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
  const changed = await pauseSchedule(project, name, actor, reason ?? null);
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
  const changed = await resumeSchedule(project, name, actor);
  const schedule = scheduleNamed(project, name);
  const [next] = nextTimes(schedule, project.clock.now(), 1);
  if (json) printJson({ name, changed });
  else if (!changed) print(`Schedule ${name} was not paused.`);
  else
    print(
      `Schedule ${name} goes on${next === undefined ? '' : `, next at ${timeLine(next, schedule.timezone).local} ${schedule.timezone}`}.`,
    );
}

/** Returns the exit code, as `trainyard run` has it. */
export async function runNow(
  project: Project,
  name: string,
  { force = false, json = false }: CommonOptions & { force?: boolean },
): Promise<number> {
  scheduleNamed(project, name);
  await using hold = await holdUnlessServed(project.store, project.clock.now(), 'run');
  const firing = await runSchedule(project, name, await project.actor(), { force });
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
        hint: 'Start `trainyard serve` or `trainyard worker` again: it settles what is left of the run.',
      });
    await project.clock.sleep(200);
  }
}
