import { toIso } from '../kernel/clock.ts';
import { newId } from '../kernel/ids.ts';
import { shownAs } from './channels/slack.ts';
import { livingNow } from './compose.ts';
import { insertNotifications } from './outbox.ts';
import type { NewNotification } from './outbox.ts';
import type { NotifyWorld } from './world.ts';

/**
 * Has the living messages of a channel edited whose runs moved on without an event: a job that succeeds makes none.
 * Runs that are over moved for the last time.
 */
export async function refreshLiving(world: NotifyWorld, channel: string): Promise<void> {
  const { db } = world.store;
  const open = await db
    .selectFrom('living_messages')
    .innerJoin('runs', 'runs.id', 'living_messages.run_id')
    .select(['runs.id', 'runs.number', 'living_messages.shown'])
    .where('living_messages.channel', '=', channel)
    .where('runs.ended_at', 'is', null)
    .execute();
  if (open.length === 0) return;
  const pending = await db
    .selectFrom('notifications')
    .select('lane')
    .distinct()
    .where('channel', '=', channel)
    .where('state', '=', 'pending')
    .execute();
  const now = world.clock.now();
  const rows: NewNotification[] = [];
  for (const { id, number, shown } of open) {
    if (pending.some(({ lane }) => lane === id)) continue;
    const message = await livingNow(world, id);
    if (message !== null && shownAs(message) !== shown) rows.push(livingRow(channel, id, number, now));
  }
  if (rows.length > 0) await world.store.tx((tx) => insertNotifications(tx, now, channel, rows));
}

const livingRow = (channel: string, lane: string, number: number, now: number): NewNotification => ({
  id: newId('ntf', now),
  channel,
  lane,
  kind: 'living',
  title: livingTitle(number),
  events: 0,
  first_event: 0,
  last_event: 0,
  payload: '{}',
  due_at: toIso(now),
});

/** How the outbox calls it. */
export const livingTitle = (number: number | null): string =>
  number === null ? 'a run' : `Run ${number}, kept up to date`;
