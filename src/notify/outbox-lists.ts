import type { Actor } from '../kernel/actor.ts';
import { toIso } from '../kernel/clock.ts';
import { ConflictError, NotFoundError } from '../kernel/errors.ts';
import { nearest } from '../kernel/suggest.ts';
import { appendEvents, batches } from '../store/index.ts';
import type { Db, NewEvent, Store } from '../store/index.ts';
import { asNotification } from './outbox.ts';
import type { Notification } from './outbox.ts';

export const NOTIFICATION_STATES = ['pending', 'dead', 'delivered'] as const;
export type NotificationState = (typeof NOTIFICATION_STATES)[number];

/** Newest first; keyset paged by `before` (an id). */
export async function listNotifications(
  db: Db,
  query: {
    readonly states: readonly NotificationState[];
    readonly channel?: string | undefined;
    readonly run_id?: string | undefined;
    readonly before?: string | undefined;
    readonly limit: number;
  },
): Promise<Notification[]> {
  let select = db
    .selectFrom('notifications')
    .selectAll()
    .where('state', 'in', query.states)
    .orderBy('seq', 'desc')
    .limit(query.limit);
  // As the index has it: what was delivered is most of the table.
  if (!query.states.includes('delivered')) select = select.where('state', '!=', 'delivered');
  if (query.channel !== undefined) select = select.where('channel', '=', query.channel);
  if (query.run_id !== undefined) select = select.where('lane', '=', query.run_id);
  if (query.before !== undefined)
    select = select.where('seq', '<', (await notificationNamed(db, query.before)).seq);
  return (await select.execute()).map(asNotification);
}

/** How many messages of each channel stand where. */
export async function countNotifications(
  db: Db,
): Promise<Map<string, Readonly<Record<NotificationState, number>>>> {
  const rows = await db
    .selectFrom('notifications')
    .select((e) => ['channel', 'state', e.fn.countAll<number>().as('n')])
    .groupBy(['channel', 'state'])
    .execute();
  const counts = new Map<string, Record<NotificationState, number>>();
  for (const { channel, state, n } of rows) {
    const known = counts.get(channel) ?? { pending: 0, dead: 0, delivered: 0 };
    for (const name of NOTIFICATION_STATES) if (name === state) known[name] = Number(n);
    counts.set(channel, known);
  }
  return counts;
}

/** @throws NotFoundError with the nearest ids */
async function notificationNamed(db: Db, id: string): Promise<Notification> {
  const row = await db.selectFrom('notifications').selectAll().where('id', '=', id).executeTakeFirst();
  if (row !== undefined) return asNotification(row);
  const dead = await db
    .selectFrom('notifications')
    .select('id')
    .where('state', '=', 'dead')
    .orderBy('seq', 'desc')
    .limit(200)
    .execute();
  const near = nearest(
    id,
    dead.map((d) => d.id),
  );
  throw new NotFoundError(`There is no message ${id}.`, {
    hint:
      near.length > 0 ? `Did you mean ${near.join(' or ')}?` : 'List them with `trainyard notify --dead`.',
  });
}

/** Which dead letters: those named, else all of them, or those of one channel. */
export type DeadLetters = { readonly ids: readonly string[] } | { readonly channel: string | undefined };

/**
 * Gives dead letters another life: they are sent before everything that their runs said later. Returns how many.
 * @throws ConflictError for a message that is not dead
 */
export async function replayDead(store: Store, now: number, which: DeadLetters, by: Actor): Promise<number> {
  const at = toIso(now);
  return store.tx(async (tx) => {
    const seqs = await deadOnes(tx, which);
    for (const some of batches(seqs))
      await tx
        .updateTable('notifications')
        .set({ state: 'pending', due_at: at, queued_at: at, ended_at: null, attempts: 0 })
        .where('seq', 'in', some)
        .where('state', '=', 'dead')
        .execute();
    await appendEvents(tx, now, about(seqs.length, 'replayed', by));
    return seqs.length;
  });
}

const about = (count: number, what: 'replayed' | 'dropped', by: Actor): NewEvent[] =>
  count === 0
    ? []
    : [
        {
          type: `notification.${what}`,
          actor: by,
          message: `${by.name} ${what} ${count === 1 ? '1 message that was' : `${count} messages that were`} not delivered`,
          data: { count },
        },
      ];

/** Forgets dead letters that nobody needs any more. Returns how many. */
export async function dropDead(store: Store, now: number, which: DeadLetters, by: Actor): Promise<number> {
  return store.tx(async (tx) => {
    const seqs = await deadOnes(tx, which);
    for (const some of batches(seqs))
      await tx.deleteFrom('notifications').where('seq', 'in', some).where('state', '=', 'dead').execute();
    await appendEvents(tx, now, about(seqs.length, 'dropped', by));
    return seqs.length;
  });
}

async function deadOnes(db: Db, which: DeadLetters): Promise<number[]> {
  if ('ids' in which) {
    const found: number[] = [];
    for (const id of which.ids) {
      const { seq, state, ended_at } = await notificationNamed(db, id);
      if (state !== 'dead')
        throw new ConflictError(
          state === 'delivered'
            ? `Message ${id} was delivered at ${ended_at}.`
            : `Message ${id} is still waiting to be sent.`,
          {
            hint: 'Only what could not be delivered can be sent again or dropped; list it with `trainyard notify --dead`.',
          },
        );
      found.push(seq);
    }
    return found;
  }
  let select = db.selectFrom('notifications').select('seq').where('state', '=', 'dead').orderBy('seq');
  if (which.channel !== undefined) select = select.where('channel', '=', which.channel);
  return (await select.execute()).map((row) => row.seq);
}
