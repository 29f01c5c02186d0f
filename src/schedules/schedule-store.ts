import type { Actor } from '../kernel/actor.ts';
import { z } from 'zod';
import { fromIso, toIso } from '../kernel/clock.ts';
import { canonicalJson, sha256 } from '../kernel/digest.ts';
import { appendEvents } from '../store/index.ts';
import type { Db, NewEvent, ScheduleFiringsTable, SchedulesTable, Tx } from '../store/index.ts';

/** What the rows know of a schedule. */
export interface ScheduleState {
  readonly name: string;
  /** Times up to here are dealt with; milliseconds. */
  readonly decided_until: number;
  readonly paused: { readonly at: string; readonly by: string; readonly reason: string | null } | null;
  /** When it went from trainyard.yaml; null: it is there. */
  readonly removed_at: string | null;
}

export const FiringOutcome = z.enum(['started', 'nothing', 'skipped', 'failed']);
export type FiringOutcome = z.infer<typeof FiringOutcome>;

/** What became of one time of a schedule, or of one request. */
export type Firing = Omit<ScheduleFiringsTable, 'outcome' | 'kind'> & {
  readonly kind: 'cron' | 'manual';
  readonly outcome: FiringOutcome;
};

/** Every schedule that ever was, by name. */
export async function scheduleStates(db: Db): Promise<Map<string, ScheduleState>> {
  const rows = await db.selectFrom('schedules').selectAll().orderBy('name').execute();
  return new Map(rows.map((row) => [row.name, toState(row)]));
}

function toState(row: SchedulesTable): ScheduleState {
  const { paused_at: at, paused_by, paused_reason: reason } = row;
  return {
    name: row.name,
    decided_until: fromIso(row.decided_until),
    paused: at === null ? null : { at, by: paused_by ?? '', reason },
    removed_at: row.removed_at,
  };
}

/**
 * Takes note of what trainyard.yaml says now. A schedule that is new, edited or back again begins at this moment: its
 * times from before are nobody's. One that is gone keeps its history, and stays paused if it was.
 */
export async function noteSchedules(
  tx: Tx,
  now: number,
  definitions: Readonly<Record<string, unknown>>,
): Promise<void> {
  const at = toIso(now);
  const rows = await tx.selectFrom('schedules').selectAll().execute();
  const known = new Map(rows.map((row) => [row.name, row]));
  const events: NewEvent[] = [];
  const tell = (name: string, what: 'added' | 'edited' | 'removed'): void => {
    events.push({
      type: `schedule.${what}`,
      message: `Schedule ${name} was ${what} in trainyard.yaml`,
      data: { schedule: name },
    });
  };
  for (const [name, defined] of Object.entries(definitions)) {
    const definition = sha256(canonicalJson(defined)).slice(0, 16);
    const row = known.get(name);
    known.delete(name);
    if (row === undefined) {
      await tx.insertInto('schedules').values({ name, definition, decided_until: at }).execute();
      tell(name, 'added');
    } else if (row.definition !== definition || row.removed_at !== null) {
      await tx
        .updateTable('schedules')
        .set({ definition, decided_until: at, removed_at: null })
        .where('name', '=', name)
        .execute();
      tell(name, row.removed_at === null ? 'edited' : 'added');
    }
  }
  for (const { name, removed_at } of known.values()) {
    if (removed_at !== null) continue;
    await tx.updateTable('schedules').set({ removed_at: at }).where('name', '=', name).execute();
    tell(name, 'removed');
  }
  await appendEvents(tx, now, events);
}

/** A time has been dealt with, whatever came of it. */
export async function decidedUntil(tx: Tx, name: string, slot: number): Promise<void> {
  await tx
    .updateTable('schedules')
    .set({ decided_until: toIso(slot) })
    .where('name', '=', name)
    .where('decided_until', '<', toIso(slot))
    .execute();
}

/** On record with who did it. False: it was paused already. */
export async function pauseSchedule(
  tx: Tx,
  now: number,
  name: string,
  by: Actor,
  reason: string | null,
): Promise<boolean> {
  const changed = await tx
    .updateTable('schedules')
    .set({ paused_at: toIso(now), paused_by: by.name, paused_reason: reason })
    .where('name', '=', name)
    .where('paused_at', 'is', null)
    .executeTakeFirst();
  if (changed.numUpdatedRows === 0n) return false;
  await appendEvents(tx, now, [
    {
      type: 'schedule.paused',
      severity: 'warning',
      actor: by,
      message: `${by.name} paused schedule ${name}${reason === null ? '' : `: ${reason}`}`,
      data: { schedule: name, reason },
    },
  ]);
  return true;
}

/** From now on; what passed meanwhile is not made up for. False: it was not paused. */
export async function resumeSchedule(tx: Tx, now: number, name: string, by: Actor): Promise<boolean> {
  const changed = await tx
    .updateTable('schedules')
    .set({ paused_at: null, paused_by: null, paused_reason: null, decided_until: toIso(now) })
    .where('name', '=', name)
    .where('paused_at', 'is not', null)
    .executeTakeFirst();
  if (changed.numUpdatedRows === 0n) return false;
  await appendEvents(tx, now, [
    {
      type: 'schedule.resumed',
      actor: by,
      message: `${by.name} resumed schedule ${name}`,
      data: { schedule: name },
    },
  ]);
  return true;
}

/** Puts on record what became of a time. The key refuses a second answer: true only for the first. */
export async function recordFiring(tx: Tx, firing: Firing): Promise<boolean> {
  const row = await tx
    .insertInto('schedule_firings')
    .values(firing)
    .onConflict((conflict) => conflict.columns(['schedule', 'kind', 'slot']).doNothing())
    .returning('slot')
    .executeTakeFirst();
  return row !== undefined;
}

/** Whether somebody has dealt with this time already. */
export async function isDecided(db: Db, { schedule, kind, slot }: FiringKey): Promise<boolean> {
  const row = await db
    .selectFrom('schedule_firings')
    .select('slot')
    .where('schedule', '=', schedule)
    .where('kind', '=', kind)
    .where('slot', '=', slot)
    .executeTakeFirst();
  return row !== undefined;
}

export type FiringKey = Pick<Firing, 'schedule' | 'kind' | 'slot'>;

/** A run that this schedule started and that is not over, or null. */
export async function openRunOf(
  db: Db,
  schedule: string,
): Promise<{ readonly number: number; readonly status: string } | null> {
  const row = await db
    .selectFrom('runs')
    .innerJoin('schedule_firings as firing', 'firing.run_id', 'runs.id')
    .select(['runs.number', 'runs.status'])
    .where('runs.ended_at', 'is', null)
    .where('firing.schedule', '=', schedule)
    .orderBy('runs.number', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** The newest firings of a schedule first. */
export async function listFirings(db: Db, schedule: string, limit: number): Promise<Firing[]> {
  const rows = await db
    .selectFrom('schedule_firings')
    .selectAll()
    .where('schedule', '=', schedule)
    .orderBy('at', 'desc')
    .orderBy('slot', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    ...row,
    kind: row.kind === 'manual' ? 'manual' : 'cron',
    outcome: FiringOutcome.parse(row.outcome),
  }));
}

/** Removes what became of times before `before` (ISO text); the last of each schedule stays. Returns how many went. */
export async function forgetFirings(tx: Tx, before: string): Promise<number> {
  const result = await tx
    .deleteFrom('schedule_firings')
    .where('at', '<', before)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('schedule_firings as later')
          .select('later.slot')
          .whereRef('later.schedule', '=', 'schedule_firings.schedule')
          .whereRef('later.at', '>', 'schedule_firings.at'),
      ),
    )
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}
