import { hostname } from 'node:os';
import { toIso } from '../kernel/clock.ts';
import { newId } from '../kernel/ids.ts';
import { isAlive, processStart } from '../kernel/processes.ts';
import { addSeconds } from '../store/index.ts';
import type { Db, NotificationChannelsTable, Store, Tx } from '../store/index.ts';

const LEASE_S = 60;

/** One process at a time sends the messages of a channel. */
export interface ChannelLease {
  readonly channel: string;
  readonly token: string;
}

/** Channels that nobody has seen before begin with the next event: what happened until now is no news. */
export async function beginChannels(store: Store, now: number, channels: readonly string[]): Promise<void> {
  const known = await store.db.selectFrom('notification_channels').select('channel').execute();
  const fresh = channels.filter((channel) => !known.some((k) => k.channel === channel));
  if (fresh.length === 0) return;
  await store.tx(async (tx) => {
    const seq = await newestEvent(tx);
    await tx
      .insertInto('notification_channels')
      .values(fresh.map((channel) => ({ channel, seq, failures: 0, created_at: toIso(now) })))
      .onConflict((c) => c.doNothing())
      .execute();
  });
}

export async function newestEvent(db: Db): Promise<number> {
  const row = await db.selectFrom('events').select('seq').orderBy('seq', 'desc').limit(1).executeTakeFirst();
  return row?.seq ?? 0;
}

export const channelRows = (db: Db): Promise<NotificationChannelsTable[]> =>
  db.selectFrom('notification_channels').selectAll().orderBy('channel').execute();

/**
 * Takes the channel for this process, or returns null while another one that lives has it. Whoever takes it tries the
 * oldest message that failed as soon as the channel allows: the fault may have been the last process's, or be mended.
 */
export async function takeChannel(store: Store, now: number, channel: string): Promise<ChannelLease | null> {
  const token = newId('ntf', now);
  return store.tx(async (tx) => {
    const row = await tx
      .selectFrom('notification_channels')
      .selectAll()
      .where('channel', '=', channel)
      .executeTakeFirst();
    if (row === undefined || isHeld(row, store.now())) return null;
    await tx
      .updateTable('notification_channels')
      .set({
        lease_token: token,
        lease_owner: self(),
        lease_expires_at: addSeconds(store.now(), LEASE_S),
        paused_until: null,
      })
      .where('channel', '=', channel)
      .execute();
    const oldest = await tx
      .selectFrom('notifications')
      .select((e) => e.fn.min('seq').as('seq'))
      .where('channel', '=', channel)
      .where('state', '=', 'pending')
      .where('attempts', '>', 0)
      .executeTakeFirst();
    if (oldest?.seq != null)
      await tx
        .updateTable('notifications')
        .set({ due_at: toIso(now) })
        .where('seq', '=', oldest.seq)
        .execute();
    return { channel, token };
  });
}

/** Whether the lease still stands; it is longer afterwards. */
export async function keepChannel(store: Store, { channel, token }: ChannelLease): Promise<boolean> {
  const kept = await store.db
    .updateTable('notification_channels')
    .set({ lease_expires_at: addSeconds(store.now(), LEASE_S) })
    .where('channel', '=', channel)
    .where('lease_token', '=', token)
    .executeTakeFirst();
  return kept.numUpdatedRows > 0n;
}

export async function giveBackChannel(store: Store, { channel, token }: ChannelLease): Promise<void> {
  await store.db
    .updateTable('notification_channels')
    .set({ lease_token: null, lease_owner: null, lease_expires_at: null })
    .where('channel', '=', channel)
    .where('lease_token', '=', token)
    .execute();
}

/** The process that sends this channel's messages now, or null. */
export function holderOf(row: NotificationChannelsTable, dbNow: string): string | null {
  return isHeld(row, dbNow) ? (row.lease_owner?.split('/')[1] ?? null) : null;
}

/** The changes that one batch of outcomes makes to a channel. */
export async function updateChannel(
  tx: Tx,
  channel: string,
  fields: Partial<Omit<NotificationChannelsTable, 'channel' | 'created_at'>>,
): Promise<void> {
  await tx.updateTable('notification_channels').set(fields).where('channel', '=', channel).execute();
}

const self = (): string => `${hostname()}/${process.pid}/${processStart(process.pid)}`;

/** A dead process of this machine holds nothing; one of another machine holds until its lease is over. */
function isHeld(row: NotificationChannelsTable, dbNow: string): boolean {
  if (row.lease_token === null || row.lease_owner === null) return false;
  const [host, pid, start = ''] = row.lease_owner.split('/');
  if (host === hostname() && Number(pid) !== process.pid) return isAlive(Number(pid), start);
  return (row.lease_expires_at ?? '') > dbNow;
}
