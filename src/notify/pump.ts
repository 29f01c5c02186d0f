import { toIso } from '../kernel/clock.ts';
import { newId } from '../kernel/ids.ts';
import { batches, readEvents } from '../store/index.ts';
import type { Db, Event, Tx } from '../store/index.ts';
import { eventBody } from './channels/event-body.ts';
import { updateChannel } from './channel-store.ts';
import { Digest, clip, gather } from './digest.ts';
import { answered } from './facts.ts';
import { titleOf } from './message.ts';
import { gathering, insertNotifications } from './outbox.ts';
import type { NewNotification, Notification } from './outbox.ts';
import { livingTitle } from './refresh-living.ts';
import { ASKS, isNotice, isUrgent } from './routing.ts';
import type { RoutedRun, Router } from './routing.ts';
import type { NotifyWorld } from './world.ts';

/** How a channel wants to be told: every event by itself, gathered, or gathered into one message that is edited. */
export type Manner = 'events' | 'digests' | 'living';

const PAGE = 500;

interface PumpedRun extends RoutedRun {
  readonly number: number;
  readonly pipeline: string;
}

/**
 * Moves what happened since the channel's place in the event log into the outbox. The place and the messages are
 * written together, so that no event is told twice or passed over, whenever the process dies. Returns where it is now.
 */
export async function pump(
  world: NotifyWorld,
  router: Router,
  channel: string,
  manner: Manner,
  after: number,
): Promise<number> {
  for (let seq = after; ;) {
    const events = await readEvents(world.store.db, { after: seq, limit: PAGE });
    const last = events.at(-1);
    if (last === undefined) return seq;
    const runs = await runsOf(world.store.db, events, router.picks_circuits);
    const oldest = toIso(world.clock.now() - world.timing.news_ms);
    const told = events.filter((event) => {
      const run = event.run_id === null ? null : (runs.get(event.run_id) ?? null);
      return event.at >= oldest && router.wants(channel, event, run);
    });
    const followed =
      manner === 'living' ? await followedRuns(world.store.db, channel, [...runs.keys()]) : null;
    const moved = events.filter((event) => followed?.has(event.run_id ?? '') === true);
    seq = await world.store.tx(async (tx) => {
      const place = await tx
        .selectFrom('notification_channels')
        .select('seq')
        .where('channel', '=', channel)
        .executeTakeFirstOrThrow();
      // Another process has been here meanwhile: go on where it was.
      if (place.seq !== seq) return place.seq;
      if (told.length + moved.length > 0)
        await write(tx, world, { channel, manner, runs, events: told, moved });
      await updateChannel(tx, channel, { seq: last.seq });
      return last.seq;
    });
  }
}

async function runsOf(
  db: Db,
  events: readonly Event[],
  withCircuits: boolean,
): Promise<Map<string, PumpedRun>> {
  const ids = [...new Set(events.flatMap((event) => event.run_id ?? []))];
  const runs = new Map<string, PumpedRun>();
  for (const some of batches(ids)) {
    const rows = await db
      .selectFrom('runs')
      .select(['id', 'number', 'pipeline', 'rehearsal'])
      .where('id', 'in', some)
      .execute();
    for (const { id, number, pipeline, rehearsal } of rows)
      runs.set(id, {
        number,
        pipeline,
        rehearsal: rehearsal === 1,
        circuits: withCircuits ? await circuitsOf(db, id) : [],
      });
  }
  return runs;
}

/** Of the plan, and of jobs: a run of scripts has no plan. */
async function circuitsOf(db: Db, run_id: string): Promise<string[]> {
  const planned = await db
    .selectFrom('plan_circuits')
    .select('circuit_id')
    .where('run_id', '=', run_id)
    .where('action', '=', 'train')
    .execute();
  const rows =
    planned.length > 0
      ? planned
      : await db.selectFrom('jobs').select('circuit_id').distinct().where('run_id', '=', run_id).execute();
  return rows.map((row) => row.circuit_id);
}

/** Runs that have a living message: everything that happens to them is a reason to look at it again. */
async function followedRuns(db: Db, channel: string, ids: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (const some of batches(ids)) {
    const rows = await db
      .selectFrom('notifications')
      .select('lane')
      .distinct()
      .where('channel', '=', channel)
      .where('lane', 'in', some)
      .where('kind', '=', 'living')
      .execute();
    for (const { lane } of rows) found.add(lane);
  }
  return found;
}

async function write(
  tx: Tx,
  world: NotifyWorld,
  page: {
    readonly channel: string;
    readonly manner: Manner;
    readonly runs: ReadonlyMap<string, PumpedRun>;
    /** What the channel wants to be told. */
    readonly events: readonly Event[];
    /** All that happened to runs with a living message. */
    readonly moved: readonly Event[];
  },
): Promise<void> {
  const { channel, manner, runs, events, moved } = page;
  const now = world.clock.now();
  if (manner === 'events') {
    const rows = events.map((event): NewNotification => {
      const run = event.run_id === null ? null : (runs.get(event.run_id) ?? null);
      return {
        ...about(channel, event.run_id ?? '', [event], now),
        kind: 'event',
        title: clip(`${event.type}: ${event.message}`, 200),
        payload: eventBody(event, { project: world.project, run }),
        due_at: toIso(now),
      };
    });
    await insertNotifications(tx, now, channel, rows);
    return;
  }
  // A request that was answered before anybody could be told of it asks nobody.
  const asks = events.filter((event) => ASKS.includes(event.type));
  const over = await answered(
    tx,
    asks.flatMap((event) => approvalOf(event) ?? []),
  );
  const news = events.filter((event) => !asks.includes(event) || !over.has(approvalOf(event) ?? ''));
  const lanes = Map.groupBy(news, (event) => event.run_id ?? '');
  for (const event of moved) if (!lanes.has(event.run_id ?? '')) lanes.set(event.run_id ?? '', []);
  const open = await gathering(tx, channel, [...lanes.keys()]);
  const fresh: NewNotification[] = [];
  const put = async (row: NewNotification, into: Notification | undefined): Promise<void> => {
    if (into === undefined) fresh.push(row);
    else await rewrite(tx, into, row);
  };
  for (const [lane, some] of lanes) {
    const run = runs.get(lane) ?? null;
    if (manner === 'digests' || lane === '') {
      const into = open.get(`digest/${lane}`);
      await put(digestRow(world, channel, lane, some, run, into, now), into);
      continue;
    }
    const into = open.get(`living/${lane}`);
    const all = moved.some((event) => event.run_id === lane)
      ? moved.filter((event) => event.run_id === lane)
      : some;
    await put(livingRow(world, channel, lane, all, run, into, now), into);
    for (const event of some.filter(isNotice))
      fresh.push({ ...digestRow(world, channel, lane, [event], run, undefined, now), kind: 'notice' });
  }
  await insertNotifications(tx, now, channel, fresh);
}

function approvalOf({ data }: Event): string | null {
  const id = data['approval_id'];
  return typeof id === 'string' ? id : null;
}

const about = (channel: string, lane: string, events: readonly Event[], now: number) => ({
  id: newId('ntf', now),
  channel,
  lane,
  events: events.length,
  first_event: events[0]?.seq ?? 0,
  last_event: events.at(-1)?.seq ?? 0,
});

function digestRow(
  world: NotifyWorld,
  channel: string,
  lane: string,
  events: readonly Event[],
  run: PumpedRun | null,
  into: Notification | undefined,
  now: number,
): NewNotification {
  const digest = gather(into === undefined ? null : Digest.parse(JSON.parse(into.payload)), events);
  return {
    ...about(channel, lane, events, now),
    kind: 'digest',
    title: titleOf(digest, run),
    payload: JSON.stringify(digest),
    due_at: dueAt(events, into, now, world.timing.gather_ms),
  };
}

function livingRow(
  world: NotifyWorld,
  channel: string,
  lane: string,
  events: readonly Event[],
  run: PumpedRun | null,
  into: Notification | undefined,
  now: number,
): NewNotification {
  return {
    ...about(channel, lane, events, now),
    kind: 'living',
    title: livingTitle(run?.number ?? null),
    payload: '{}',
    due_at: dueAt(events, into, now, world.timing.edit_ms),
  };
}

function dueAt(
  events: readonly Event[],
  into: Notification | undefined,
  now: number,
  gather_ms: number,
): string {
  const later = into?.due_at ?? toIso(now + gather_ms);
  return events.some(isUrgent) && later > toIso(now) ? toIso(now) : later;
}

/** More events for a message that is still gathering. */
async function rewrite(tx: Tx, into: Notification, row: NewNotification): Promise<void> {
  await tx
    .updateTable('notifications')
    .set({
      title: row.title,
      events: into.events + row.events,
      last_event: row.last_event,
      payload: row.payload,
      due_at: row.due_at,
    })
    .where('seq', '=', into.seq)
    .execute();
}
