import { ok } from '../client/index.ts';
import type { Client } from '../client/index.ts';
import { systemClock } from '../kernel/clock.ts';
import type { ChannelView } from '../views/index.ts';
import { NOTHING_SENT, SEND_MS } from './notifying.ts';
import type { Sent } from './notifying.ts';
import { take } from './on-server.ts';
import { untilThere } from './there.ts';

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
  const before = await look();
  const { at, replayed, messages } = await start();
  if (messages === 0) return { replayed, ...NOTHING_SENT };
  const limit = new AbortController();
  void systemClock.sleep(SEND_MS, limit.signal).then(() => limit.abort());
  try {
    await untilThere(yard, { signal: limit.signal }, async () => isOver(yard, await look(), at));
  } finally {
    limit.abort();
  }
  return { replayed, ...sentBetween(before, await look(), replayed) };
}

/** Messages of a channel that are looked at, to see whether it was tried. */
const MOST_LOOKED_AT = 500;

async function isOver({ api }: Client, channels: readonly ChannelView[], since: string): Promise<boolean> {
  for (const { name, pending, dead, ok: fine } of channels) {
    // Nobody speaks to one that is not set up; it is no fault of one that something else could not be delivered.
    if (pending === 0 || (!fine && dead === 0)) continue;
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
    reasons: after.flatMap(({ name, last_error, ...left }) =>
      left.pending + left.dead > 0 && last_error !== null ? [`${name}: ${last_error}`] : [],
    ),
  };
}
