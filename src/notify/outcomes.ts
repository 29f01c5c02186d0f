import { sql } from 'kysely';
import { toIso } from '../kernel/clock.ts';
import { appendEvents, batches } from '../store/index.ts';
import type { Tx } from '../store/index.ts';
import { updateChannel } from './channel-store.ts';
import type { Notification } from './outbox.ts';
import { pauseAfter } from './patience.ts';
import type { Outcome } from './sender.ts';
import type { NotifyWorld } from './world.ts';

/** What became of one message, and what a living one shows now. */
export interface Entry {
  readonly notification: Notification;
  readonly outcome: Outcome;
  readonly shown: string | null;
}

/** How a channel has been answering, as its row has it. */
export interface Health {
  failures: number;
  /** Left alone until then, by our own patience. */
  paused_until: number | null;
  /** Left alone until then because it asked for that. */
  retry_after: number | null;
}

/** When a channel may be spoken to again; 0 for at once. */
export const restsUntil = (health: Health | undefined): number =>
  Math.max(health?.paused_until ?? 0, health?.retry_after ?? 0);

/**
 * Writes what became of some messages, in one transaction with what it means for their channels and lanes. Returns
 * those that were given up.
 */
export async function writeOutcomes(
  world: NotifyWorld,
  health: ReadonlyMap<string, Health>,
  entries: readonly Entry[],
): Promise<{ channel: string; error: string }[]> {
  const now = world.clock.now();
  const changes = new Map<string, Change>();
  const died = await world.store.tx(async (tx) => {
    const dead: { channel: string; lane: string; title: string; error: string }[] = [];
    await writeDelivered(tx, now, entries);
    for (const entry of entries) {
      const { notification, outcome } = entry;
      const change = changeOf(changes, health, notification.channel);
      if (outcome.kind === 'delivered') {
        if (change.failures >= world.timing.pause_after) change.recovered = true;
        change.failures = 0;
        change.paused_until = null;
        change.delivered = true;
        change.last_error = null;
        continue;
      }
      change.last_error = outcome.error;
      if (outcome.kind === 'never') {
        const error = outcome.hint === null ? outcome.error : `${outcome.error}. ${outcome.hint}`;
        await close(tx, now, notification, 'dead', error);
        dead.push({ ...notification, error });
        continue;
      }
      change.failures++;
      const pause = outcome.retry_after_ms;
      if (pause !== null && pause > 0) change.retry_after = Math.max(change.retry_after ?? 0, now + pause);
      else if (change.failures >= world.timing.pause_after)
        change.paused_until = now + pauseAfter(world, change.failures - world.timing.pause_after + 1);
      await tryLater(
        tx,
        now,
        notification,
        outcome.error,
        pause ?? pauseAfter(world, notification.attempts + 1),
      );
      dead.push(...(await giveUpOld(tx, world, now, notification, change.failures, outcome.error)));
    }
    for (const [channel, change] of changes) await writeChange(tx, now, channel, change);
    await tell(tx, now, dead);
    return dead.map(({ channel, error }) => ({ channel, error }));
  });
  for (const [channel, change] of changes) {
    const known = health.get(channel);
    if (known === undefined) continue;
    known.failures = change.failures;
    known.paused_until = change.paused_until;
    known.retry_after = change.retry_after;
  }
  return died;
}

interface Change extends Health {
  last_error: string | null | undefined;
  delivered: boolean;
  recovered: boolean;
}

function changeOf(
  changes: Map<string, Change>,
  health: ReadonlyMap<string, Health>,
  channel: string,
): Change {
  let change = changes.get(channel);
  if (change === undefined) {
    const known = health.get(channel) ?? { failures: 0, paused_until: null, retry_after: null };
    change = {
      ...known,
      last_error: undefined,
      delivered: false,
      recovered: false,
    };
    changes.set(channel, change);
  }
  return change;
}

async function writeDelivered(tx: Tx, now: number, entries: readonly Entry[]): Promise<void> {
  const delivered = entries.filter((e) => e.outcome.kind === 'delivered');
  const plain = delivered.filter((e) => e.outcome.kind === 'delivered' && e.outcome.flaw === undefined);
  for (const some of batches(plain)) {
    await tx
      .updateTable('notifications')
      .set({
        state: 'delivered',
        ended_at: toIso(now),
        attempted_at: toIso(now),
        last_error: null,
        attempts: sql<number>`attempts + 1`,
      })
      .where(
        'seq',
        'in',
        some.map((e) => e.notification.seq),
      )
      .execute();
  }
  for (const { notification, outcome, shown } of delivered) {
    if (outcome.kind !== 'delivered') continue;
    if (outcome.flaw !== undefined) await close(tx, now, notification, 'delivered', outcome.flaw);
    if (notification.kind !== 'living' || outcome.ref === undefined || shown === null) continue;
    const living = { ref: outcome.ref, shown, updated_at: toIso(now) };
    await tx
      .insertInto('living_messages')
      .values({ channel: notification.channel, run_id: notification.lane, ...living })
      .onConflict((c) => c.columns(['channel', 'run_id']).doUpdateSet(living))
      .execute();
  }
}

async function close(
  tx: Tx,
  now: number,
  { seq }: Notification,
  state: 'delivered' | 'dead',
  last_error: string,
): Promise<void> {
  await tx
    .updateTable('notifications')
    .set({
      state,
      last_error,
      ended_at: toIso(now),
      attempted_at: toIso(now),
      attempts: sql<number>`attempts + 1`,
    })
    .where('seq', '=', seq)
    .execute();
}

async function tryLater(
  tx: Tx,
  now: number,
  { seq }: Notification,
  error: string,
  pause_ms: number,
): Promise<void> {
  await tx
    .updateTable('notifications')
    .set({
      last_error: error,
      due_at: toIso(now + pause_ms),
      attempted_at: toIso(now),
      attempts: sql<number>`attempts + 1`,
    })
    .where('seq', '=', seq)
    .execute();
}

/**
 * After a day of failures a message is given up, and while its whole channel fails, every other that is as old and was
 * tried too. What was never tried is not: it may only have waited behind one that nobody wanted.
 */
async function giveUpOld(
  tx: Tx,
  { timing }: NotifyWorld,
  now: number,
  tried: Notification,
  channel_failures: number,
  error: string,
): Promise<{ channel: string; lane: string; title: string; error: string }[]> {
  const whole = channel_failures >= timing.give_up_after;
  if (!whole && tried.attempts + 1 < timing.give_up_after) return [];
  let select = tx
    .selectFrom('notifications')
    .select(['seq', 'channel', 'lane', 'title'])
    .where('channel', '=', tried.channel)
    .where('state', '=', 'pending')
    .where('attempts', '>', 0)
    .where('queued_at', '<=', toIso(now - timing.give_up_ms));
  if (!whole) select = select.where('seq', '=', tried.seq);
  const old = await select.execute();
  for (const some of batches(old)) {
    await tx
      .updateTable('notifications')
      .set({ state: 'dead', last_error: error, ended_at: toIso(now) })
      .where(
        'seq',
        'in',
        some.map((o) => o.seq),
      )
      .execute();
  }
  return old.map((o) => ({ ...o, error }));
}

async function writeChange(tx: Tx, now: number, channel: string, change: Change): Promise<void> {
  const { failures, paused_until, retry_after, last_error, delivered, recovered } = change;
  await updateChannel(tx, channel, {
    failures,
    paused_until: paused_until === null ? null : toIso(paused_until),
    retry_after: retry_after === null ? null : toIso(retry_after),
    ...(last_error === undefined ? {} : { last_error }),
    ...(delivered ? { delivered_at: toIso(now) } : {}),
  });
  // The channel is back: what waited for its own next try need not wait any longer.
  if (recovered)
    await tx
      .updateTable('notifications')
      .set({ due_at: toIso(now) })
      .where('channel', '=', channel)
      .where('state', '=', 'pending')
      .where('attempts', '>', 0)
      .where('due_at', '>', toIso(now))
      .execute();
}

/** A message that nobody gets is itself something that happened. */
async function tell(
  tx: Tx,
  now: number,
  dead: readonly { channel: string; lane: string; title: string; error: string }[],
): Promise<void> {
  const byLane = Map.groupBy(dead, ({ channel, lane }) => `${channel}/${lane}`);
  await appendEvents(
    tx,
    now,
    [...byLane.values()].flatMap((some) => {
      const [first] = some;
      if (first === undefined) return [];
      const what = some.length === 1 ? `"${first.title}"` : `${some.length} messages`;
      return [
        {
          type: 'notification.dead',
          severity: 'warning' as const,
          run_id: first.lane === '' ? null : first.lane,
          message: `${first.channel} could not be told ${what}: ${first.error}`,
          data: { channel: first.channel, messages: some.length },
        },
      ];
    }),
  );
}
