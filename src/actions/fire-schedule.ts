import type { Project } from '../app.ts';
import type { ScheduleConfig } from '../config/index.ts';
import type { Actor } from '../gates/index.ts';
import { toIso } from '../kernel/clock.ts';
import { AnsweredError, ConflictError } from '../kernel/errors.ts';
import { clockTime } from '../kernel/time-zone.ts';
import type { Run } from '../pipelines/index.ts';
import { decidedUntil, isDecided, openRunOf, recordFiring, scheduleStates } from '../schedules/index.ts';
import type { Firing, FiringOutcome } from '../schedules/index.ts';
import { appendEvents } from '../store/index.ts';
import type { Db, NewEvent, Tx } from '../store/index.ts';
import { asError, prepareTriggered, whyOf } from './prepare-triggered.ts';

/** A schedule at one of its times, or because somebody wants it now. */
export interface Occasion {
  readonly name: string;
  readonly schedule: ScheduleConfig;
  readonly kind: 'cron' | 'manual';
  /** Milliseconds. */
  readonly slot: number;
  /** Who starts the run. */
  readonly actor: Actor;
  /** Although a run of it is still open. */
  readonly force: boolean;
  /** Keeps the answer of whoever waits for it in the same transaction as what it tells of. */
  readonly keep?: ((tx: Tx, firing: Firing, run: Run | null) => Promise<void>) | undefined;
}

/** What came of it; `error` is why it failed, for whoever waits for the answer. */
export interface Fired {
  readonly firing: Firing;
  readonly error: Error | null;
}

/** The name in which a schedule starts runs; a gate that lists it among its approvers may be approved by it. */
export const scheduleActor = (name: string): Actor => ({ name: `schedule:${name}`, identity: 'system' });

/** Another run may be written down while this one is planned; then it is planned again. */
const TRIES = 3;

/**
 * Starts what a schedule is for, and puts on record what came of it: the run, the firing and the event in one
 * transaction, so that it happened whole or not at all, and once, whoever else tries. Null: it was dealt with already.
 */
export async function fireSchedule(project: Project, occasion: Occasion): Promise<Fired | null> {
  const { store, world } = project;
  for (let tried = 1; ; tried++) {
    if (await isDecided(store.db, keyOf(occasion))) return null;
    // Seen before the work of planning, and looked at once more when the run is written.
    const skipped = await reasonToSkip(store.db, occasion);
    if (skipped !== null) return answer(await record(project, occasion, skipped));
    try {
      const { run } = occasion.schedule;
      const prepared = await prepareTriggered(project, run, occasion.actor, `schedule:${occasion.name}`);
      world.faultPoint('schedule.prepared');
      const fired = await store.tx(async (tx) => {
        const open = await reasonToSkip(tx, occasion);
        if (open !== null) return write(tx, project, occasion, open);
        const outcome = await prepared(tx);
        const firing = await write(tx, project, occasion, outcome);
        if (firing !== null) await occasion.keep?.(tx, firing, outcome.run);
        return firing;
      });
      world.faultPoint('schedule.fired');
      return answer(fired);
    } catch (error) {
      if (error instanceof AnsweredError) throw error;
      if (error instanceof ConflictError && tried < TRIES) continue;
      const failed = await record(project, occasion, { outcome: 'failed', message: whyOf(error), run: null });
      return failed === null ? null : { firing: failed, error: asError(error) };
    }
  }
}

/** What came of a time, before it is written. */
interface Outcome {
  readonly outcome: FiringOutcome;
  readonly message: string;
  readonly run: Run | null;
}

/** A time that nobody met and that is not made up for. */
export async function passOver(project: Project, occasion: Occasion, late: string): Promise<void> {
  await record(project, occasion, {
    outcome: 'skipped',
    message: `nothing ran at that time; that was ${late} ago, and catch_up is none`,
    run: null,
  });
}

/** What speaks against it: a run of it that is open, or somebody who has paused it meanwhile. */
async function reasonToSkip(db: Db, { name, kind, force }: Occasion): Promise<Outcome | null> {
  const skip = (message: string): Outcome => ({ outcome: 'skipped', message, run: null });
  const paused = kind === 'cron' ? ((await scheduleStates(db)).get(name)?.paused ?? null) : null;
  if (paused !== null) return skip(`it was paused by ${paused.by}`);
  const open = force ? null : await openRunOf(db, name);
  if (open === null) return null;
  return skip(
    `run ${open.number}, which it started, ${open.status === 'waiting' ? 'waits for people' : 'is not over'}`,
  );
}

const record = (project: Project, occasion: Occasion, outcome: Outcome): Promise<Firing | null> =>
  project.store.tx((tx) => write(tx, project, occasion, outcome));

/** Null, and nothing written, when somebody else was quicker: then the run of this transaction must not be either. */
async function write(
  tx: Tx,
  project: Project,
  occasion: Occasion,
  { outcome, message, run }: Outcome,
): Promise<Firing | null> {
  const now = project.clock.now();
  const firing: Firing = {
    ...keyOf(occasion),
    at: toIso(now),
    outcome,
    message,
    requested_by: occasion.actor.name,
    run_id: run?.id ?? null,
    run_number: run?.number ?? null,
  };
  if (!(await recordFiring(tx, firing))) {
    if (run !== null) throw new DecidedElsewhere(occasion.name);
    return null;
  }
  if (occasion.kind === 'cron') await decidedUntil(tx, occasion.name, occasion.slot);
  await appendEvents(tx, now, [eventOf(occasion, firing)]);
  project.world.faultPoint('schedule.written');
  return firing;
}

/** Undoes a transaction that wrote a run for a time that had one. */
class DecidedElsewhere extends ConflictError {
  constructor(name: string) {
    super(`Another process has fired schedule ${name}.`);
  }
}

const answer = (firing: Firing | null): Fired | null => (firing === null ? null : { firing, error: null });

const keyOf = ({ name, kind, slot }: Occasion) => ({ schedule: name, kind, slot: toIso(slot) });

function eventOf({ name, kind, slot, schedule, actor }: Occasion, firing: Firing): NewEvent {
  const time =
    kind === 'manual'
      ? `on request of ${actor.name}`
      : `at ${clockTime(slot, schedule.timezone)} ${schedule.timezone}`;
  const data = { schedule: name, kind, slot: firing.slot, run: firing.run_number };
  switch (firing.outcome) {
    case 'started':
    case 'nothing':
      return {
        type: 'schedule.fired',
        actor,
        run_id: firing.run_id,
        message: `Schedule ${name} fired ${time}: ${firing.message}`,
        data,
      };
    case 'skipped':
      return {
        type: 'schedule.skipped',
        actor,
        severity: 'warning',
        message: `Schedule ${name} was skipped ${time}: ${firing.message}`,
        data,
      };
    case 'failed':
      return {
        type: 'schedule.failed',
        actor,
        severity: 'error',
        message: `Schedule ${name} failed ${time}: ${firing.message}`,
        data,
      };
  }
}
