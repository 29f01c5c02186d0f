import type { Actor } from '../kernel/actor.ts';
import { toIso } from '../kernel/clock.ts';
import { appendAudit } from './audit.ts';
import { batches } from './batches.ts';
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
