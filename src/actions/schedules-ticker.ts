import type { Project } from '../app.ts';
import { formatDuration } from '../kernel/duration.ts';
import type { Ticker } from '../pipelines/index.ts';
import { dueSlot, nextDue, noteSchedules, scheduleStates } from '../schedules/index.ts';
import { appendEvents } from '../store/index.ts';
import { SettingsWatch } from './settings-watch.ts';
import { fireSchedule, passOver, scheduleActor } from './fire-schedule.ts';

/** The file is looked at even where no schedule is due. */
const LOOK_MS = 10_000;

/**
 * Fires the project's schedules when their times come. trainyard.yaml is read again whenever it changes; one that cannot
 * be read is reported once, and what stood in it before holds until it is put right.
 */
export function schedulesTicker(
  project: Project,
  say: (line: string) => void = () => undefined,
  file: SettingsWatch = new SettingsWatch(project),
): Ticker {
  const { store, clock } = project;
  let noted: Schedules | null = null;
  let told: string | null = null;

  const states = async () => {
    const rows = await scheduleStates(store.db);
    return Object.entries(project.settings.schedules).flatMap(([name, schedule]) => {
      const state = rows.get(name);
      return state === undefined || state.paused !== null || !schedule.enabled
        ? []
        : [{ name, schedule, decided_until: state.decided_until }];
    });
  };

  return {
    name: 'schedules',
    next: async () => {
      await file.look();
      const now = clock.now();
      if (project.settings.schedules !== noted || file.problem !== told) return now;
      // With no schedules there is only the file to look at, and it may get some.
      const due = (await states()).map((s) => nextDue(s.schedule, s.decided_until));
      return Math.min(now + LOOK_MS, ...due.filter((at) => at !== null));
    },
    tick: async (now) => {
      const { problem } = file;
      if (problem !== told) {
        if (problem !== null) {
          const message = `Settings stay as they were: ${problem}`;
          await store.tx((tx) =>
            appendEvents(tx, now, [{ type: 'schedule.config_broken', severity: 'error', message }]),
          );
          say(message);
        }
        told = problem;
      }
      const { schedules } = project.settings;
      if (schedules !== noted) {
        await store.tx((tx) => noteSchedules(tx, now, schedules));
        noted = schedules;
      }
      for (const { name, schedule, decided_until } of await states()) {
        const due = dueSlot(schedule, decided_until, clock.now());
        if (due === null) continue;
        const actor = scheduleActor(name);
        const occasion = { name, schedule, kind: 'cron' as const, slot: due.slot, actor, force: false };
        if (due.verdict === 'missed') {
          await passOver(project, occasion, formatDuration(due.late_s));
          continue;
        }
        const fired = await fireSchedule(project, occasion);
        if (fired !== null) say(`Schedule ${name} ${fired.firing.outcome}: ${fired.firing.message}`);
      }
    },
  };
}

type Schedules = Project['settings']['schedules'];
