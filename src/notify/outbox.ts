import { toIso } from '../kernel/clock.ts';
import { batches } from '../store/index.ts';
import type { Db, NotificationsTable, Tx } from '../store/index.ts';

/**
 * `event`: one event as it is; `digest`: what was gathered of a run; `notice`: something people must not miss, beside a
 * living message; `living`: bring that message up to date.
 */
export type NotificationKind = 'event' | 'digest' | 'notice' | 'living';

export type Notification = Omit<NotificationsTable, 'seq' | 'kind'> & {
  readonly seq: number;
  readonly kind: NotificationKind;
};

export interface NewNotification {
  readonly id: string;
  readonly channel: string;
  readonly lane: string;
  readonly kind: NotificationKind;
  readonly title: string;
  readonly events: number;
  readonly first_event: number;
  readonly last_event: number;
  readonly payload: string;
  readonly due_at: string;
}

/** The messages that are still gathering, by lane and kind: the last of each that nothing was tried with yet. */
export async function gathering(
  tx: Tx,
  channel: string,
  lanes: readonly string[],
): Promise<Map<string, Notification>> {
  const found = new Map<string, Notification>();
  for (const some of batches(lanes)) {
    const rows = await tx
      .selectFrom('notifications')
      .selectAll()
      .where('channel', '=', channel)
      .where('lane', 'in', some)
      .where('state', '=', 'pending')
      .where('kind', 'in', ['digest', 'living'])
      .where('attempted_at', 'is', null)
      .orderBy('seq')
      .execute();
    for (const row of rows) found.set(`${row.kind}/${row.lane}`, asNotification(row));
  }
  return found;
}

/** Appends in order. The first message that a lane ever has opens it. */
export async function insertNotifications(
  tx: Tx,
  now: number,
  channel: string,
  rows: readonly NewNotification[],
): Promise<void> {
  if (rows.length === 0) return;
  const at = toIso(now);
  const opened = new Set<string>();
  for (const some of batches([...new Set(rows.map((r) => r.lane))])) {
    const known = await tx
      .selectFrom('notifications')
      .select('lane')
      .distinct()
      .where('channel', '=', channel)
      .where('lane', 'in', some)
      .execute();
    for (const { lane } of known) opened.add(lane);
  }
  const values = rows.map((row) => {
    const opens = opened.has(row.lane) ? 0 : 1;
    opened.add(row.lane);
    return { ...row, opens, state: 'pending', attempts: 0, queued_at: at, created_at: at };
  });
  for (const some of batches(values))
    await tx
      .insertInto('notifications')
      .values([...some])
      .execute();
}

/** More lanes than anybody works on at once. */
const MOST_LANES = 100;

/** Lanes whose first open message is due, oldest first. */
export async function dueLanes(
  db: Db,
  now: number,
  channels: readonly string[],
): Promise<{ channel: string; lane: string }[]> {
  if (channels.length === 0) return [];
  return db
    .selectFrom('notifications as n')
    .innerJoin(
      (e) =>
        e
          .selectFrom('notifications')
          .select((s) => s.fn.min('seq').as('first'))
          .where('state', '=', 'pending')
          .where('channel', 'in', channels)
          .groupBy(['channel', 'lane'])
          .as('heads'),
      (join) => join.onRef('heads.first', '=', 'n.seq'),
    )
    .select(['n.channel', 'n.lane'])
    .where('n.due_at', '<=', toIso(now))
    .orderBy('n.seq')
    .limit(MOST_LANES)
    .execute();
}

/** The open messages of a lane in order, as far as one after the other is due. */
export async function dueInLane(
  db: Db,
  now: number,
  channel: string,
  lane: string,
  limit: number,
): Promise<Notification[]> {
  const rows = await db
    .selectFrom('notifications')
    .selectAll()
    .where('channel', '=', channel)
    .where('lane', '=', lane)
    .where('state', '=', 'pending')
    .orderBy('seq')
    .limit(limit)
    .execute();
  const later = rows.findIndex((row) => row.due_at > toIso(now));
  return (later < 0 ? rows : rows.slice(0, later)).map(asNotification);
}

/** When the next open message of each channel is due. */
export async function nextDue(db: Db, channels: readonly string[]): Promise<Map<string, number>> {
  if (channels.length === 0) return new Map();
  const rows = await db
    .selectFrom('notifications')
    .select((e) => ['channel', e.fn.min('due_at').as('due_at')])
    .where('state', '=', 'pending')
    .where('channel', 'in', channels)
    .groupBy('channel')
    .execute();
  return new Map(rows.map(({ channel, due_at }) => [channel, Date.parse(due_at)]));
}

/** Closes a message to further events and returns it as it is now; null when it is not open any more. */
export async function sealNotification(db: Db, now: number, seq: number): Promise<Notification | null> {
  const row = await db
    .updateTable('notifications')
    .set({ attempted_at: toIso(now) })
    .where('seq', '=', seq)
    .where('state', '=', 'pending')
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : asNotification(row);
}

/** Makes what is still gathering, or everything open, due now. */
export async function hurry(
  db: Db,
  now: number,
  channels: readonly string[],
  which: 'gathering' | 'all',
): Promise<void> {
  if (channels.length === 0) return;
  let update = db
    .updateTable('notifications')
    .set({ due_at: toIso(now) })
    .where('state', '=', 'pending')
    .where('channel', 'in', channels)
    .where('due_at', '>', toIso(now));
  if (which === 'gathering') update = update.where('attempts', '=', 0);
  await update.execute();
}

export const asNotification = (row: Omit<NotificationsTable, 'seq'> & { seq: number }): Notification => ({
  ...row,
  kind: row.kind as NotificationKind, // written here and nowhere else
});
