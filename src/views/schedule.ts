import { z } from 'zod';
import type { Project } from '../app.ts';
import type { ScheduleConfig } from '../config/index.ts';
import { toIso } from '../kernel/clock.ts';
import { clockTime } from '../kernel/time-zone.ts';
import { currentHolder } from '../pipelines/index.ts';
import { FiringOutcome, listFirings, nextTimes, scheduleStates } from '../schedules/index.ts';
import type { Firing, ScheduleState } from '../schedules/index.ts';
import { Time } from './fields.ts';

export const FiringView = z
  .object({
    schedule: z.string(),
    kind: z.enum(['cron', 'manual']),
    slot: Time.meta({ description: 'The time it stands for; of a request, when it was made.' }),
    at: Time,
    outcome: FiringOutcome,
    message: z.string(),
    requested_by: z.string(),
    run_id: z.string().nullable(),
    run_number: z.int().nullable(),
  })
  .meta({ id: 'Firing', description: 'What became of one time of a schedule, or of one request.' });
export type FiringView = z.infer<typeof FiringView>;

const When = z
  .object({
    local: z.string().meta({ description: 'On the clock of the schedule.' }),
    utc: z.string(),
  })
  .meta({ id: 'When', description: 'A time that comes.' });

export const ScheduleView = z
  .object({
    name: z.string(),
    cron: z.string().nullable().meta({ description: 'Null: it is gone from trainyard.yaml.' }),
    timezone: z.string().nullable(),
    run: z.record(z.string(), z.unknown()).nullable().meta({ description: 'What it runs.' }),
    catch_up: z.string().nullable(),
    enabled: z.boolean(),
    removed_at: Time.nullable(),
    paused: z.object({ at: Time, by: z.string(), reason: z.string().nullable() }).nullable(),
    next: z.array(When).meta({ description: 'Empty where it will not fire.' }),
    last: FiringView.nullable(),
  })
  .meta({ id: 'Schedule', description: 'A schedule of trainyard.yaml, and how it stands.' });
export type ScheduleView = z.infer<typeof ScheduleView>;

/** A schedule as a list shows it. */
export interface ScheduleRow {
  readonly name: string;
  /** Null: it is gone from trainyard.yaml. */
  readonly schedule: ScheduleConfig | null;
  /** Null: nobody has taken note of it yet. */
  readonly state: ScheduleState | null;
  /** When it comes; empty where it will not fire. */
  readonly next: readonly number[];
  readonly last: Firing | null;
}

/** A time on the clock of a zone, and in UTC. */
export const timeLine = (at: number, timezone: string) => ({
  local: clockTime(at, timezone),
  utc: `${toIso(at).slice(0, 16)}Z`,
});

/** Those of the file in its order, then those that are gone from it. */
export async function scheduleRows(project: Project): Promise<ScheduleRow[]> {
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

export function scheduleView({ name, schedule, state, next, last }: ScheduleRow): ScheduleView {
  const { cron, timezone, run, catch_up, enabled } = schedule ?? {
    cron: null,
    timezone: null,
    run: null,
    catch_up: null,
    enabled: false,
  };
  return {
    name,
    cron,
    timezone,
    run: run === null ? null : { ...run },
    catch_up,
    enabled,
    removed_at: schedule === null ? (state?.removed_at ?? null) : null,
    paused: state?.paused ?? null,
    next: schedule === null ? [] : next.map((at) => timeLine(at, schedule.timezone)),
    last,
  };
}

/** Whether a process runs that fires schedules: one that stays. */
export async function isServed(project: Project): Promise<boolean> {
  const holder = await currentHolder(project.store);
  return holder !== null && (holder.kind === 'worker' || holder.kind === 'serve');
}
