import type { Actor } from '../kernel/actor.ts';
import { toIso } from '../kernel/clock.ts';
import { appendAudit } from './audit.ts';
import { batches } from './batches.ts';
import { typesLike } from './types-like.ts';
import type { Db, Tx } from './store.ts';
import type { EventsTable } from './tables.ts';

export type Severity = 'info' | 'warning' | 'error';

/** Something that happened, in one line for people and with its facts for machines. Written with the change it reports. */
export interface NewEvent {
  /** Dotted, subject first: `run.started`, `job.failed`, `approval.requested`. */
  readonly type: string;
  readonly severity?: Severity;
  readonly run_id?: string | null;
  readonly stage?: string | null;
  readonly circuit_id?: string | null;
  /** Who did it; left out where nobody in particular did. With it, the event is part of the audit chain. */
  readonly actor?: Actor;
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

export type Event = Omit<EventsTable, 'seq' | 'data'> & { seq: number; data: Record<string, unknown> };

/** Appends in the caller's transaction, in order; what somebody answers for goes into the audit chain as well. */
export async function appendEvents(tx: Tx, now: number, events: readonly NewEvent[]): Promise<void> {
  for (const some of batches(events)) {
    const rows = some.map((e) => ({
      at: toIso(now),
      type: e.type,
      severity: e.severity ?? 'info',
      run_id: e.run_id ?? null,
      stage: e.stage ?? null,
      circuit_id: e.circuit_id ?? null,
      actor: e.actor?.name ?? null,
      identity: e.actor?.identity ?? null,
      message: e.message,
      data: JSON.stringify(e.data ?? {}),
    }));
    await tx.insertInto('events').values(rows).execute();
    await appendAudit(tx, rows);
  }
}

/** Events after `seq`, oldest first; of one run where `run_id` is given. */
export async function readEvents(
  db: Db,
  query: { readonly after: number; readonly run_id?: string; readonly limit: number },
): Promise<Event[]> {
  let select = db
    .selectFrom('events')
    .selectAll()
    .where('seq', '>', query.after)
    .orderBy('seq')
    .limit(query.limit);
  if (query.run_id !== undefined) select = select.where('run_id', '=', query.run_id);
  const rows = await select.execute();
  return rows.map((row) => ({ ...row, data: JSON.parse(row.data) as Record<string, unknown> }));
}

/** An event in a list: with the number that people call its run by, null where it concerns none or its run is gone. */
export type ListedEvent = Event & { readonly run: number | null };

interface EventsWanted {
  readonly run_id?: string | undefined;
  readonly circuit_id?: string | undefined;
  /** At least as grave. */
  readonly severity?: Severity | undefined;
  readonly after?: number | undefined;
  readonly before?: number | undefined;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
}

/** Events between `after` and `before` (seqs, both left out). `type` is a GLOB: `approval.*`. */
export async function listEvents(
  db: Db,
  query: EventsWanted & { readonly type?: string | undefined },
): Promise<ListedEvent[]> {
  if (query.type === undefined) return someEvents(db, query);
  // One type after the other, each by its index: types are few, and events of one may lie far apart.
  const found: ListedEvent[] = [];
  for (const type of await typesLike(db, 'events', query.type))
    found.push(...(await someEvents(db, { ...query, type })));
  return found
    .toSorted((a, b) => (query.order === 'asc' ? a.seq - b.seq : b.seq - a.seq))
    .slice(0, query.limit);
}

async function someEvents(
  db: Db,
  query: EventsWanted & { readonly type?: string | undefined },
): Promise<ListedEvent[]> {
  let select = db
    .selectFrom('events')
    .leftJoin('runs', 'runs.id', 'events.run_id')
    .selectAll('events')
    .select('runs.number as run')
    .orderBy('events.seq', query.order)
    .limit(query.limit);
  if (query.after !== undefined) select = select.where('events.seq', '>', query.after);
  if (query.before !== undefined) select = select.where('events.seq', '<', query.before);
  if (query.run_id !== undefined) select = select.where('events.run_id', '=', query.run_id);
  if (query.circuit_id !== undefined) select = select.where('events.circuit_id', '=', query.circuit_id);
  if (query.type !== undefined) select = select.where('events.type', '=', query.type);
  if (query.severity === 'error') select = select.where('events.severity', '=', 'error');
  if (query.severity !== undefined) select = select.where('events.severity', '!=', 'info');
  const rows = await select.execute();
  return rows.map((row) => ({ ...row, data: JSON.parse(row.data) as Record<string, unknown> }));
}

/** The seq of the newest event; 0 where there is none. */
export async function newestSeq(db: Db): Promise<number> {
  const row = await db
    .selectFrom('events')
    .select((e) => e.fn.max('seq').as('seq'))
    .executeTakeFirst();
  return Number(row?.seq ?? 0);
}
