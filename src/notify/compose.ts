import { Digest } from './digest.ts';
import { failuresByReason, openRequests, runFacts } from './facts.ts';
import type { RunFacts } from './facts.ts';
import { livingMessage } from './living-message.ts';
import { digestMessage } from './message.ts';
import type { About, Message } from './message.ts';
import type { Notification } from './outbox.ts';
import type { Parcel } from './sender.ts';
import type { NotifyWorld } from './world.ts';

/** The message as it reads now: what it tells of was gathered, how things stand is looked up. Null: its run was removed. */
export async function parcelOf(world: NotifyWorld, notification: Notification): Promise<Parcel | null> {
  const { id, lane, channel } = notification;
  if (notification.kind === 'living') {
    const message = await livingNow(world, lane);
    if (message === null) return null;
    return { kind: 'living', id, message, ref: (await livingOf(world, channel, lane))?.ref ?? null };
  }
  const run = lane === '' ? null : await runFacts(world.store.db, lane);
  const digest = Digest.parse(JSON.parse(notification.payload));
  const isReply =
    notification.kind === 'notice' && digest.items.every((item) => item.type === 'jobs.running_long');
  return {
    kind: 'message',
    id,
    message: digestMessage(digest, await aboutRun(world, run)),
    thread:
      lane === ''
        ? null
        : {
            id: `${lane}.${channel}`,
            subject: `[${world.project}] Run ${run?.number ?? lane}${run?.rehearsal === true ? ' (rehearsal)' : ''}`,
            opens: notification.opens === 1,
          },
    below: isReply ? ((await livingOf(world, channel, lane))?.ref ?? null) : null,
  };
}

/** What a living message about this run has to show now; null when the run was removed. */
export async function livingNow(world: NotifyWorld, run_id: string): Promise<Message | null> {
  const { db } = world.store;
  const run = await runFacts(db, run_id);
  if (run === null) return null;
  return livingMessage(run, await failuresByReason(db, run_id), await aboutRun(world, run));
}

/** The living message about a run, as the channel has it. */
export async function livingOf(
  { store }: NotifyWorld,
  channel: string,
  run_id: string,
): Promise<{ ref: string; shown: string } | null> {
  const row = await store.db
    .selectFrom('living_messages')
    .select(['ref', 'shown'])
    .where('channel', '=', channel)
    .where('run_id', '=', run_id)
    .executeTakeFirst();
  return row ?? null;
}

const aboutRun = async (world: NotifyWorld, run: RunFacts | null): Promise<About> => ({
  project: world.project,
  base_url: world.settings.base_url,
  run,
  requests: run === null ? [] : await openRequests(world.store.db, run.id),
  now: world.clock.now(),
});
