import type { NotificationSettings } from '../config/index.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Store } from '../store/index.ts';
import { keepBooks } from './books.ts';
import { restsUntil } from './outcomes.ts';
import type { Health } from './outcomes.ts';
import {
  beginChannels,
  channelRows,
  giveBackChannel,
  keepChannel,
  newestEvent,
  takeChannel,
} from './channel-store.ts';
import type { ChannelLease } from './channel-store.ts';
import { createDelivery } from './delivery.ts';
import { hurry, nextDue } from './outbox.ts';
import { pump } from './pump.ts';
import type { Manner } from './pump.ts';
import { refreshLiving } from './refresh-living.ts';
import { createRouter } from './routing.ts';
import type { Sender } from './sender.ts';
import { mannerOf, senderOf } from './senders.ts';
import { TIMING } from './world.ts';
import type { Links, NotifyWorld, Timing } from './world.ts';

/** How often the event log and the outbox are looked at while nothing is under way. */
const LOOK_MS = 500;
const RENEW_MS = 20_000;
/** How often living messages are compared with their runs. */
const REFRESH_MS = 60_000;
/** Before a process ends, nothing new is begun for so long. */
const LAST_MS = 500;
/** A command that ends tries a channel once more after a failure; then it leaves it to the next one. */
const ENOUGH_FAILURES = 2;
/** How often a channel that another process had is asked for again. */
const ASK_MS = 5000;

export interface NotifierOptions {
  readonly store: Store;
  readonly settings: NotificationSettings;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What messages call the project. */
  readonly project: string;
  readonly random?: () => number;
  readonly timing?: Partial<Timing>;
  readonly links?: Partial<Links>;
}

/** What is not sent when a process ends. */
export interface Leftover {
  readonly waiting: number;
  /** Given up since the process began. */
  readonly dead: number;
  /** Why, for each channel that is behind. */
  readonly reasons: readonly string[];
}

export interface Notifier {
  /** Gives channels that are new their place in the event log: what happened until now is no news to them. */
  begin(): Promise<void>;
  /** Tells and sends until the signal is aborted. Never throws: whatever goes wrong here is no fault of a run. */
  run(signal: AbortSignal): Promise<void>;
  /** Sends what can be sent within `limit_ms`, and lets go of everything. `all`: also what waits for its next try. */
  flush(limit_ms: number, which?: 'due' | 'all'): Promise<void>;
  /** Channels that rest are spoken to again: somebody knows better. */
  rouse(channels: readonly string[]): void;
  leftover(): Promise<Leftover>;
}

/** Events to messages to channels, for one process. */
export function createNotifier(options: NotifierOptions): Notifier {
  const world = notifyWorld(options);
  const { store, clock } = world;
  const names = Object.keys(world.settings.channels);
  const router = createRouter(world.settings);
  const leases = new Map<string, ChannelLease>();
  const places = new Map<string, number>();
  const health = new Map<string, Health>();
  const senders = new Map<string, Sender>();
  const unready = new Map<string, string>();
  const cut = new AbortController();
  const books = keepBooks(world, health, cut.signal);
  const delivery = createDelivery(world, senders, health, books, cut.signal);
  let renew_at = 0;
  let ask_at = 0;
  let refresh_at = clock.now() + REFRESH_MS;
  let due_at = Number.NEGATIVE_INFINITY;
  let mark = '';
  let behind: readonly string[] = [];

  /** Takes the channels that are free; keeps those that this process has. */
  const hold = async (): Promise<void> => {
    const now = clock.now();
    if (leases.size > 0 && now >= renew_at) {
      renew_at = now + RENEW_MS;
      for (const lease of [...leases.values()]) if (!(await keepChannel(store, lease))) letGo(lease.channel);
    }
    if (places.size === names.length || now < ask_at) return;
    ask_at = now + ASK_MS;
    for (const name of names) {
      if (places.has(name)) continue;
      const lease = await takeChannel(store, now, name);
      if (lease !== null) await take(lease);
    }
  };
  const take = async (lease: ChannelLease): Promise<void> => {
    const { channel } = lease;
    const settings = world.settings.channels[channel];
    const row = (await channelRows(store.db)).find((r) => r.channel === channel);
    if (settings === undefined || row === undefined) return;
    const readiness = await senderOf(world, settings);
    places.set(channel, row.seq);
    health.set(channel, {
      failures: row.failures,
      paused_until: null,
      retry_after: row.retry_after === null ? null : Date.parse(row.retry_after),
    });
    due_at = Number.NEGATIVE_INFINITY;
    if (readiness.ready) {
      leases.set(channel, lease);
      senders.set(channel, readiness.sender);
      return;
    }
    // Another process may have what is missing here. What happens is noted all the same.
    unready.set(channel, readiness.problem);
    await giveBackChannel(store, lease);
  };
  const letGo = (channel: string): void => {
    for (const known of [leases, places, senders]) known.delete(channel);
  };

  /** Everything that is to be done now. */
  const round = async (): Promise<void> => {
    const trouble = delivery.trouble();
    if (trouble !== null) throw trouble;
    await hold();
    let moved = await pumpAll();
    if (clock.now() >= refresh_at) {
      refresh_at = clock.now() + REFRESH_MS;
      for (const channel of places.keys()) {
        if (mannerIn(channel) !== 'living') continue;
        await refreshLiving(world, channel);
        moved = true;
      }
    }
    // What somebody else wrote may be due too: a replay, for example.
    const now_mark = store.readMark();
    if (!moved && now_mark === mark && clock.now() < due_at) return;
    mark = now_mark;
    await deliver();
  };
  const pumpAll = async (): Promise<boolean> => {
    const newest = await newestEvent(store.db);
    let moved = false;
    for (const [channel, place] of places) {
      if (newest <= place) continue;
      places.set(channel, await pump(world, router, channel, mannerIn(channel), place));
      moved = true;
    }
    return moved;
  };
  const mannerIn = (channel: string): Manner => {
    const settings = world.settings.channels[channel];
    return settings === undefined ? 'digests' : mannerOf(settings);
  };
  const deliver = async (): Promise<void> => {
    await delivery.start();
    const next = await nextDue(store.db, [...senders.keys()]);
    // A message is not due before its channel is spoken to again.
    behind = [...next.keys()];
    const times = [...next].map(([channel, due]) => Math.max(due, restsUntil(health.get(channel))));
    due_at = Math.min(Number.POSITIVE_INFINITY, ...times);
  };

  /** True while every channel that a message waits for failed again when it was tried again. */
  const allFail = (): boolean =>
    behind.every((channel) => (health.get(channel)?.failures ?? 0) >= ENOUGH_FAILURES);

  /** Until a lane is done with, or the time is over. */
  const wait = async (ms: number, signal: AbortSignal): Promise<void> => {
    const done = delivery.next();
    const enough = new AbortController();
    const stop = (): void => enough.abort();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const pause = clock.sleep(ms, enough.signal);
    await (done === null
      ? pause
      : Promise.race([pause, done.then(() => (due_at = Number.NEGATIVE_INFINITY))]));
    signal.removeEventListener('abort', stop);
    stop();
  };

  /** Lets what is under way come to its end, for so long; then everything is free for the next process. */
  const letGoOfAll = async (ms: number): Promise<void> => {
    const stopped = delivery.stop();
    const enough = new AbortController();
    await Promise.race([stopped, clock.sleep(ms, enough.signal)]);
    enough.abort();
    cut.abort();
    await stopped;
    for (const lease of leases.values()) await giveBackChannel(store, lease).catch(() => undefined);
  };

  return {
    begin: () => beginChannels(store, clock.now(), names),
    run: async (signal) => {
      while (!signal.aborted) {
        try {
          await round();
        } catch {
          // The store may be the trouble (a full disk); what is in it is still there at the next look.
          await clock.sleep(RENEW_MS, signal);
        }
        await wait(LOOK_MS, signal);
      }
    },
    flush: async (limit_ms, which = 'due') => {
      const end = clock.now() + limit_ms;
      // What begins too late is cut off before its answer, and may come twice.
      const last_begin = end - Math.min(LAST_MS, limit_ms / 4);
      const never = new AbortController().signal;
      try {
        await hold();
        if (which === 'all') {
          for (const known of health.values()) known.retry_after = null;
          await hurry(store.db, clock.now(), [...senders.keys()], 'all');
        }
        while (clock.now() < last_begin) {
          await round();
          await hurry(store.db, clock.now(), [...senders.keys()], 'gathering');
          await deliver();
          const now = clock.now();
          if (delivery.next() === null && (due_at > last_begin || allFail())) break;
          const pause = delivery.next() === null ? Math.max(due_at - now, 10) : LOOK_MS;
          await wait(Math.min(last_begin - now, pause), never);
        }
      } catch {
        // As above: the next process finds everything where it is.
      } finally {
        await letGoOfAll(end - clock.now());
      }
    },
    rouse: (channels) => {
      for (const channel of channels) {
        const known = health.get(channel);
        if (known !== undefined) known.paused_until = known.retry_after = null;
      }
      due_at = Number.NEGATIVE_INFINITY;
    },
    leftover: async () => {
      if (names.length === 0) return { waiting: 0, dead: 0, reasons: [] };
      const waiting = await store.db
        .selectFrom('notifications')
        .select((e) => ['channel', e.fn.countAll<number>().as('n')])
        .where('state', '=', 'pending')
        .where('channel', 'in', names)
        .groupBy('channel')
        .execute();
      const rows = await channelRows(store.db);
      const behind = [...new Set([...waiting.map((w) => w.channel), ...books.died.map((d) => d.channel)])];
      return {
        waiting: waiting.reduce((sum, w) => sum + Number(w.n), 0),
        dead: books.died.length,
        reasons: behind.flatMap((channel) => {
          const why =
            unready.get(channel) ??
            rows.find((r) => r.channel === channel)?.last_error ??
            books.died.find((d) => d.channel === channel)?.error;
          return why == null ? [] : [`${channel}: ${why}`];
        }),
      };
    },
  };
}

/** What a notifier works with, with the defaults of whatever is not given. */
export function notifyWorld(options: NotifierOptions): NotifyWorld {
  return {
    store: options.store,
    settings: options.settings,
    clock: options.clock,
    env: options.env,
    project: options.project,
    random: options.random ?? Math.random,
    timing: { ...TIMING, ...options.timing },
    links: { slack_api: 'https://slack.com/api', ...options.links },
  };
}
