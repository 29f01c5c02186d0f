import type { Books } from './books.ts';
import { livingOf, parcelOf } from './compose.ts';
import { restsUntil } from './outcomes.ts';
import type { Health } from './outcomes.ts';
import { dueInLane, dueLanes, sealNotification } from './outbox.ts';
import type { Notification } from './outbox.ts';
import { shownAs } from './channels/slack.ts';
import type { Outcome, Sender } from './sender.ts';
import type { NotifyWorld } from './world.ts';

/** Lanes that are worked on at once, in all and per channel. */
const AT_ONCE = 16;
const PER_CHANNEL = 8;
const PER_LOOK = 100;
/** How many events of a lane may have gone out whose outcome is still being written down: what a crash makes come twice. */
const AHEAD = 4;

export interface Delivery {
  /** Begins with every lane that is due and not worked on, as far as there is room. */
  start(): Promise<void>;
  /** Resolves when the next lane is done with; null while none is worked on. */
  next(): Promise<void> | null;
  /** What went wrong with the store, once. */
  trouble(): Error | null;
  /** Nothing new is begun; resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

/**
 * Sends what is due: within a lane strictly one after the other, lanes beside each other. A lane goes on while its
 * messages are taken; a failure leaves the rest of it for later, a message that is given up does not.
 */
export function createDelivery(
  world: NotifyWorld,
  senders: ReadonlyMap<string, Sender>,
  health: ReadonlyMap<string, Health>,
  books: Books,
  cut: AbortSignal,
): Delivery {
  const working = new Map<string, Promise<void>>();
  let stopped = false;
  let trouble: Error | null = null;

  const busyIn = (channel: string): number =>
    [...working.keys()].filter((key) => key.startsWith(`${channel}\n`)).length;
  const isResting = (channel: string): boolean => restsUntil(health.get(channel)) > world.clock.now();
  const mayWork = (channel: string): boolean => {
    if (isResting(channel)) return false;
    const failures = health.get(channel)?.failures ?? 0;
    // A channel that has been failing gets one message to prove itself with.
    return busyIn(channel) < (failures >= world.timing.pause_after ? 1 : PER_CHANNEL);
  };

  const workLane = async (channel: string, lane: string, sender: Sender): Promise<void> => {
    for (;;) {
      const due = await dueInLane(world.store.db, world.clock.now(), channel, lane, PER_LOOK);
      if (due.length === 0) return;
      const noted: Promise<void>[] = [];
      for (const notification of due) {
        if (stopped || isResting(channel)) break;
        const sent = await send(world, sender, notification, cut);
        if (sent === null) continue;
        const note = books.note({ notification, ...sent });
        // Awaited below; until then its failure is nobody's surprise.
        note.catch(() => undefined);
        noted.push(note);
        if (sent.outcome.kind === 'later') break;
        // What people read is composed of what is on record, a living message's place for example.
        if (notification.kind !== 'event') await note;
        else if (noted.length > AHEAD) await noted.shift();
      }
      await Promise.all(noted);
      if (stopped || isResting(channel) || noted.length === 0) return;
    }
  };
  return {
    start: async () => {
      const open = [...senders.keys()].filter(mayWork);
      if (stopped || open.length === 0 || working.size >= AT_ONCE) return;
      for (const { channel, lane } of await dueLanes(world.store.db, world.clock.now(), open)) {
        const key = `${channel}\n${lane}`;
        const sender = senders.get(channel);
        if (working.size >= AT_ONCE) break;
        if (sender === undefined || working.has(key) || !mayWork(channel)) continue;
        working.set(
          key,
          workLane(channel, lane, sender)
            .catch((error: unknown) => {
              trouble = error instanceof Error ? error : new Error(String(error));
            })
            .finally(() => working.delete(key)),
        );
      }
    },
    next: () => (working.size === 0 ? null : Promise.race(working.values())),
    trouble: () => {
      const told = trouble;
      trouble = null;
      return told;
    },
    stop: async () => {
      stopped = true;
      await Promise.allSettled(working.values());
    },
  };
}

/** One attempt; null when the message is not open any more. */
async function send(
  world: NotifyWorld,
  sender: Sender,
  notification: Notification,
  cut: AbortSignal,
): Promise<{ outcome: Outcome; shown: string | null } | null> {
  if (notification.kind === 'event')
    return {
      outcome: await sender.send({ kind: 'event', id: notification.id, body: notification.payload }, cut),
      shown: null,
    };
  const sealed = await sealNotification(world.store.db, world.clock.now(), notification.seq);
  if (sealed === null) return null;
  const parcel = await parcelOf(world, sealed);
  if (parcel === null)
    return { outcome: { kind: 'never', error: 'its run is no longer there', hint: null }, shown: null };
  if (parcel.kind !== 'living') return { outcome: await sender.send(parcel, cut), shown: null };
  const shown = shownAs(parcel.message);
  const before = await livingOf(world, sealed.channel, sealed.lane);
  if (before?.shown === shown)
    return { outcome: { kind: 'delivered', answer: 'nothing new', ref: before.ref }, shown };
  return { outcome: await sender.send(parcel, cut), shown };
}
