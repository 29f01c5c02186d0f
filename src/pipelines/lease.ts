import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { toIso } from '../kernel/clock.ts';
import { TrainyardError } from '../kernel/errors.ts';
import { addSeconds } from '../store/index.ts';
import type { Store, Tx } from '../store/index.ts';
import { asRun } from './run-store.ts';
import type { Run } from './run-store.ts';

const LEASE_S = 60;

/** Raised when another process has taken a run over: whatever the loser was about to write must not be written. */
export class LeaseLostError extends TrainyardError {
  constructor(run_id: string) {
    super('conflict', `Another process has taken over ${run_id}.`);
  }
}

/** The runs that somebody is about; all others are left where they are. */
export interface RunScope {
  readonly pipelines: readonly string[];
  /** Left out: any. */
  readonly run_id?: string;
  readonly rehearsal?: boolean;
}

/** As a condition on table `runs`. */
export function inScope({ pipelines, run_id, rehearsal }: RunScope) {
  const parts = [sql<boolean>`pipeline in (${sql.join(pipelines)})`];
  if (run_id !== undefined) parts.push(sql<boolean>`id = ${run_id}`);
  if (rehearsal !== undefined) parts.push(sql<boolean>`rehearsal = ${rehearsal ? 1 : 0}`);
  return sql<boolean>`(${sql.join(parts, sql` and `)})`;
}

export interface Lease {
  readonly token: string;
  readonly run: Run;
}

/**
 * Takes the longest-due runs for this process. Due by our clock, leased by the database's: two hosts may disagree
 * about the time, but never about who holds a run. Claiming clears `due_at`; a wake-up that comes meanwhile sets it
 * again and is kept when the outcome is written.
 */
export async function claimDue(
  store: Store,
  now: number,
  owner: string,
  limit: number,
  scope: RunScope,
): Promise<Lease[]> {
  const token = randomUUID();
  const dbNow = store.now();
  const rows = await store.db
    .updateTable('runs')
    .set({
      lease_token: token,
      lease_owner: owner,
      lease_expires_at: addSeconds(dbNow, LEASE_S),
      due_at: null,
    })
    .where('id', 'in', (e) =>
      e
        .selectFrom('runs')
        .select('id')
        .where('due_at', '<=', toIso(now))
        .where('ended_at', 'is', null)
        .where(inScope(scope))
        .where((w) => w.or([w('lease_token', 'is', null), w('lease_expires_at', '<', dbNow)]))
        .orderBy('due_at')
        .limit(limit),
    )
    .returningAll()
    .execute();
  return rows.map((row) => ({ token, run: asRun(row) }));
}

/** Takes a run whoever has it, for whoever holds the project and knows better. Null: it is over. */
export async function takeOver(store: Store, run_id: string): Promise<Lease | null> {
  const token = randomUUID();
  const row = await store.db
    .updateTable('runs')
    .set({ lease_token: token, lease_expires_at: addSeconds(store.now(), LEASE_S) })
    .where('id', '=', run_id)
    .where('ended_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : { token, run: asRun(row) };
}

/** A transaction that holds only while the lease does. */
export function fenced<T>(store: Store, lease: Lease, work: (tx: Tx) => Promise<T>): Promise<T> {
  return store.tx(async (tx) => {
    const held = await tx
      .updateTable('runs')
      .set({ lease_expires_at: addSeconds(store.now(), LEASE_S) })
      .where('id', '=', lease.run.id)
      .where('lease_token', '=', lease.token)
      .executeTakeFirst();
    if (held.numUpdatedRows === 0n) throw new LeaseLostError(lease.run.id);
    return work(tx);
  });
}

/** Lets a run go within the caller's fenced transaction; keeps a wake-up that came while it was held. */
export async function release(tx: Tx, lease: Lease, due: number | null): Promise<void> {
  const next = due === null ? null : toIso(due);
  await tx
    .updateTable('runs')
    .set({
      lease_token: null,
      lease_owner: null,
      lease_expires_at: null,
      due_at:
        next === null
          ? sql<string | null>`due_at`
          : sql<string>`case when due_at is null or due_at > ${next} then ${next} else due_at end`,
    })
    .where('id', '=', lease.run.id)
    .execute();
}
