import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Project } from '../app.ts';
import { loadProjectConfig } from '../config/index.ts';
import type { ScheduleConfig } from '../config/index.ts';
import { formatDuration } from '../kernel/duration.ts';
import { TrainyardError, messageOf } from '../kernel/errors.ts';
import type { Ticker } from '../pipelines/index.ts';
import { dueSlot, nextDue, noteSchedules, scheduleStates } from '../schedules/index.ts';
import { appendEvents } from '../store/index.ts';
import { fireSchedule, passOver, scheduleActor } from './fire-schedule.ts';

/** How often the file is looked at: one question to the file system. */
const LOOK_MS = 10_000;

/**
 * Fires the project's schedules when their times come. trainyard.yaml is read again whenever it changes; one that cannot
 * be read is reported once, and what stood in it before holds until it is put right.
 */
export function schedulesTicker(project: Project, say: (line: string) => void = () => undefined): Ticker {
  const { store, clock } = project;
  const file = new WatchedFile(project);
  let noted: Schedules | null = null;

  const states = async () => {
    const rows = await scheduleStates(store.db);
    return Object.entries(file.schedules).flatMap(([name, schedule]) => {
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
      if (file.schedules !== noted || file.trouble !== null) return now;
      // With no schedules there is only the file to look at, and it may get some.
      const due = (await states()).map((s) => nextDue(s.schedule, s.decided_until));
      return Math.min(now + LOOK_MS, ...due.filter((at) => at !== null));
    },
    tick: async (now) => {
      const { trouble } = file;
      if (trouble !== null) {
        await store.tx((tx) =>
          appendEvents(tx, now, [{ type: 'schedule.config_broken', severity: 'error', message: trouble }]),
        );
        file.trouble = null;
        say(trouble);
      }
      const { schedules } = file;
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

type Schedules = Readonly<Record<string, ScheduleConfig>>;

/** The schedules of trainyard.yaml as they were when it could last be read. */
class WatchedFile {
  schedules: Schedules;
  /** What keeps the file from being read, until it has been reported. */
  trouble: string | null = null;
  readonly #project: Project;
  #seen: string | null = null;
  #looked = Number.NEGATIVE_INFINITY;

  constructor(project: Project) {
    this.#project = project;
    this.schedules = project.settings.schedules;
  }

  /** Reads it again where it changed. */
  async look(): Promise<void> {
    const { root, env, clock } = this.#project;
    const now = clock.now();
    if (now >= this.#looked && now < this.#looked + LOOK_MS) return;
    this.#looked = now;
    const found = await stat(join(root, 'trainyard.yaml')).catch(() => null);
    const seen = found === null ? 'gone' : `${found.mtimeMs} ${found.size} ${found.ino}`;
    if (seen === this.#seen) return;
    const first = this.#seen === null;
    this.#seen = seen;
    // A project may do without the file; one that had it and lost it is in the middle of something.
    if (found === null && first) return;
    if (found === null) {
      this.trouble = 'Schedules stay as they were: trainyard.yaml is gone.';
      return;
    }
    try {
      this.schedules = (await loadProjectConfig(root, env)).schedules;
    } catch (error) {
      this.trouble = `Schedules stay as they were: ${whyNot(error)}`;
    }
  }
}

function whyNot(error: unknown): string {
  const first = error instanceof TrainyardError ? error.problems[0] : undefined;
  if (first === undefined) return messageOf(error);
  return `${first.file}${first.line === null ? '' : `:${first.line}`} ${first.path === '' ? '' : `${first.path}: `}${first.message}.`;
}
