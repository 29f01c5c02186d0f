import { ok } from '../client/index.ts';
import type { Client } from '../client/index.ts';
import { systemClock } from '../kernel/clock.ts';
import type { ChannelView } from '../views/index.ts';
import { NOTHING_SENT, SEND_MS } from './notifying.ts';
import type { Sent } from './notifying.ts';
import { take } from './on-server.ts';

/** What a server was asked to send, and when. */
interface Asked {
  readonly at: string;
  /** How many of them had been given up. */
  readonly replayed: number;
  readonly messages: number;
}

/**
 * Has a server send, and watches what comes of it for as long as a command would send here: until nothing waits, or each
 * channel that something waits for was tried.
 */
export async function sendThere(
  yard: Client,
  channels: readonly string[] | undefined,
  start: () => Promise<Asked>,
): Promise<Sent & Pick<Asked, 'replayed'>> {
  const look = async (): Promise<ChannelView[]> =>
    (await ok(yard.api.channels.$get({}))).items.filter(
      ({ name }) => channels === undefined || channels.includes(name),
    );
  const stop = new AbortController();
  void systemClock.sleep(SEND_MS, stop.signal).then(() => stop.abort());
  const before = await look();
  const changes = yard.events({ signal: stop.signal });
  try {
    // The line stands before anything is sent, so that nothing is missed.
    await changes.next();
    const { at, replayed, messages } = await start();
    if (messages === 0) return { replayed, ...NOTHING_SENT };
    for (let timed_out = false; ;) {
      const now = await look();
      if (timed_out || (await isOver(yard, now, at)))
        return { replayed, ...sentBetween(before, now, replayed) };
      timed_out = (await changes.next()).done === true;
    }
  } finally {
    stop.abort();
  }
}

/** Messages of a channel that are looked at, to see whether it was tried. */
const MOST_LOOKED_AT = 500;

async function isOver({ api }: Client, channels: readonly ChannelView[], since: string): Promise<boolean> {
  for (const { name, pending, ok: ready } of channels) {
    if (pending === 0 || !ready) continue;
    const { items } = await take(MOST_LOOKED_AT, (query) =>
      ok(api.notifications.$get({ query: { ...query, state: 'pending', channel: name } })),
    );
    if (!items.some(({ attempted_at }) => attempted_at !== null && attempted_at >= since)) return false;
  }
  return true;
}

/** What left the channels meanwhile was sent, but for what was given up. */
function sentBetween(before: readonly ChannelView[], after: readonly ChannelView[], replayed: number): Sent {
  const sum = (channels: readonly ChannelView[], of: 'pending' | 'dead'): number =>
    channels.reduce((all, channel) => all + channel[of], 0);
  const waiting = sum(after, 'pending');
  const open = sum(after, 'pending') + sum(after, 'dead');
  const dead = Math.max(0, sum(after, 'dead') - (sum(before, 'dead') - replayed));
  return {
    sent: Math.max(0, sum(before, 'pending') + sum(before, 'dead') - open),
    waiting,
    dead,
    reasons: after.flatMap(({ name, pending, last_error }) =>
      pending + dead > 0 && last_error !== null ? [`${name}: ${last_error}`] : [],
    ),
  };
}
