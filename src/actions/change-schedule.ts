import type { Project } from '../app.ts';
import type { ScheduleConfig } from '../config/index.ts';
import type { Actor } from '../gates/index.ts';
import { ConflictError, NotFoundError } from '../kernel/errors.ts';
import { didYouMean } from '../kernel/suggest.ts';
import { noteSchedules, pauseSchedule, resumeSchedule } from '../schedules/index.ts';
import type { Tx } from '../store/index.ts';
import { fireSchedule } from './fire-schedule.ts';
import type { Fired, Occasion } from './fire-schedule.ts';

/** @throws NotFoundError with the nearest names */
export function scheduleNamed({ settings }: Project, name: string): ScheduleConfig {
  const found = settings.schedules[name];
  if (found !== undefined && Object.hasOwn(settings.schedules, name)) return found;
  const names = Object.keys(settings.schedules);
  throw new NotFoundError(`There is no schedule ${name} in trainyard.yaml.`, {
    hint:
      didYouMean(name, names) ??
      (names.length === 0
        ? 'Write it under `schedules:`, for example: nightly: {cron: "0 2 * * *"}'
        : `Schedules are ${names.join(', ')}.`),
  });
}

/** Lets a schedule rest. False: it did already. */
export const pause = (project: Project, name: string, by: Actor, reason: string | null): Promise<boolean> =>
  change(project, name, (tx, now) => pauseSchedule(tx, now, name, by, reason));

/** False: it was not paused. */
export const resume = (project: Project, name: string, by: Actor): Promise<boolean> =>
  change(project, name, (tx, now) => resumeSchedule(tx, now, name, by));

/** A schedule that no process has seen yet has no row: it gets one first. */
async function change<T>(
  project: Project,
  name: string,
  work: (tx: Tx, now: number) => Promise<T>,
): Promise<T> {
  scheduleNamed(project, name);
  const now = project.clock.now();
  return project.store.tx(async (tx) => {
    await noteSchedules(tx, now, project.settings.schedules);
    return work(tx, now);
  });
}

/**
 * Runs a schedule now, because somebody asks for it.
 * @throws ConflictError where a run of it is open, unless `force`
 */
export async function runSchedule(
  project: Project,
  name: string,
  actor: Actor,
  { force, keep }: Pick<Occasion, 'force' | 'keep'>,
): Promise<Fired['firing']> {
  const schedule = scheduleNamed(project, name);
  const slot = project.clock.now();
  const fired = await fireSchedule(project, { name, schedule, kind: 'manual', slot, actor, force, keep });
  if (fired === null)
    throw new ConflictError(`Somebody else runs schedule ${name} at this very moment.`, {
      hint: 'See what became of it with `trainyard schedules`.',
    });
  if (fired.error !== null) throw fired.error;
  if (fired.firing.outcome === 'skipped')
    throw new ConflictError(`Nothing was started: ${fired.firing.message}.`, {
      hint: 'Wait for it or end it, or start another one beside it with --force.',
    });
  return fired.firing;
}
