import { pauseSchedule, resumeSchedule, runSchedule, scheduleNamed, writeSummary } from '../actions/index.ts';
import type { Project } from '../app.ts';
import { ok } from '../client/index.ts';
import { ConflictError, EXIT } from '../kernel/errors.ts';
import { getRun, holdUnlessServed, scriptParams } from '../pipelines/index.ts';
import type { Hold, Run } from '../pipelines/index.ts';
import { listFirings, nextTimes, scheduleStates } from '../schedules/index.ts';
import { ask } from './options.ts';
import type { CommonOptions } from './options.ts';
import { exitCodeOf, followRuns } from './following.ts';
import { note, print, printJson } from './render/output.ts';
import { isServed, runView, scheduleRows, scheduleView, timeLine } from '../views/index.ts';
import { driveScripts } from './script-driving.ts';
import { firingTable, remarks, scheduleTable } from './render/schedules.ts';

export async function listSchedules(flags: CommonOptions): Promise<void> {
  const { fires, schedules } = await ask(flags, 'read', {
    here: async (project) => {
      const rows = await scheduleRows(project);
      return { fires: await isServed(project), schedules: rows.map(scheduleView) };
    },
    there: async ({ api }) => {
      const { fires, items } = await ok(api.schedules.$get({}));
      return { fires, schedules: items };
    },
  });
  if (flags.json === true) {
    printJson({ fires, schedules });
    return;
  }
  if (schedules.length === 0) {
    print('No schedules. Write them under `schedules:` in trainyard.yaml: docs/schedules.md');
    return;
  }
  print(scheduleTable(schedules));
  for (const line of remarks(schedules)) print(line);
  if (!fires && schedules.some((row) => row.cron !== null))
    print('Nothing serves: none fires until `trainyard serve` or `trainyard worker` runs.');
}

export async function showNext(name: string, flags: CommonOptions & { count: number }): Promise<void> {
  const { count, json = false } = flags;
  const { timezone, next, paused, enabled } = await ask(flags, 'read', {
    here: async (project) => {
      const { timezone: zone, ...schedule } = scheduleNamed(project, name);
      const times = nextTimes({ ...schedule, timezone: zone }, project.clock.now(), count);
      const state = (await scheduleStates(project.store.db)).get(name);
      const next = times.map((at) => timeLine(at, zone));
      return { timezone: zone, next, paused: state?.paused ?? null, enabled: schedule.enabled };
    },
    there: async ({ api }) => {
      const shown = await ok(api.schedules[':name'].$get({ param: { name }, query: { count } }));
      return { ...shown, timezone: shown.timezone ?? '' };
    },
  });
  if (json) {
    printJson({ name, timezone, next });
    return;
  }
  for (const { local, utc } of next) print(`${local} ${timezone}   ${utc}`);
  if (paused !== null) note(`It is paused by ${paused.by}: it will not fire before it is resumed.`);
  else if (!enabled) note('It is not enabled: it will not fire.');
}

export async function showHistory(name: string, flags: CommonOptions & { limit: number }): Promise<void> {
  const { limit, json = false } = flags;
  const firings = await ask(flags, 'read', {
    here: async (project) => {
      const found = await listFirings(project.store.db, name, limit);
      // One that is gone from the file has a history all the same.
      if (found.length === 0 && !(await scheduleStates(project.store.db)).has(name))
        scheduleNamed(project, name);
      return found;
    },
    there: async ({ api }) => {
      const count = Math.min(limit, MOST_FIRINGS);
      return (await ok(api.schedules[':name'].$get({ param: { name }, query: { count } }))).firings;
    },
  });
  if (json) printJson({ name, firings });
  else print(firings.length === 0 ? `Schedule ${name} has not fired yet.` : firingTable(firings));
}

/** What a server tells at once. */
const MOST_FIRINGS = 100;

export async function pause(name: string, flags: CommonOptions & { reason?: string }): Promise<void> {
  const { reason, json = false } = flags;
  const { paused, changed } = await ask(flags, 'write', {
    here: async (project) => {
      const changed = await pauseSchedule(project, name, await project.actor(), reason ?? null);
      const state = (await scheduleStates(project.store.db)).get(name);
      return { paused: state?.paused ?? null, changed };
    },
    there: ({ api }) => ok(api.schedules[':name'].pause.$post({ param: { name }, json: { reason } })),
  });
  if (json) printJson({ name, paused, changed });
  else
    print(
      changed
        ? `Schedule ${name} is paused. Let it go on with \`trainyard schedules resume ${name}\`.`
        : `Schedule ${name} was paused already, by ${paused?.by ?? 'somebody'}.`,
    );
}

export async function resume(name: string, flags: CommonOptions): Promise<void> {
  const { changed, timezone, next } = await ask(flags, 'write', {
    here: async (project) => {
      const changed = await resumeSchedule(project, name, await project.actor());
      const schedule = scheduleNamed(project, name);
      const next = nextTimes(schedule, project.clock.now(), 1).map((at) => timeLine(at, schedule.timezone));
      return { changed, timezone: schedule.timezone, next };
    },
    there: ({ api }) => ok(api.schedules[':name'].resume.$post({ param: { name } })),
  });
  if (flags.json === true) printJson({ name, changed });
  else if (!changed) print(`Schedule ${name} was not paused.`);
  else
    print(
      `Schedule ${name} goes on${next[0] === undefined ? '' : `, next at ${next[0].local} ${timezone}`}.`,
    );
}

/** Returns the exit code, as `trainyard run` has it. */
export async function runNow(name: string, flags: CommonOptions & { force?: boolean }): Promise<number> {
  const { force = false, json = false } = flags;
  const tell = (message: string): void => {
    if (!json) note(`Schedule ${name}: ${message}.`);
  };
  const { code, firing, run } = await ask(flags, 'write', {
    here: async (project) => {
      scheduleNamed(project, name);
      await using hold = await holdUnlessServed(project.store, project.clock.now(), 'run');
      const firing = await runSchedule(project, name, await project.actor(), { force });
      tell(firing.message);
      if (firing.run_id === null) return { code: EXIT.ok, firing, run: null };
      const run = await getRun(project.store.db, firing.run_id);
      const code =
        run.pipeline === 'scripts'
          ? await followScripts(project, hold, run)
          : await followRuns(project, hold, [run], { json });
      return { code, firing, run: await runView(project, await getRun(project.store.db, run.id)) };
    },
    there: async (yard) => {
      const { followThere } = await import('./follow-there.ts');
      const { tellBuildThere } = await import('./telling-there.ts');
      const { firing, run } = await ok(
        yard.api.schedules[':name'].run.$post({ param: { name }, json: { force } }),
      );
      tell(firing.message);
      if (run === null) return { code: EXIT.ok, firing, run };
      const followed = await followThere(yard, run.id);
      await tellBuildThere(yard, [run.id], { json, code: followed.code });
      return { firing, ...followed };
    },
  });
  if (json) printJson({ firing, run });
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
