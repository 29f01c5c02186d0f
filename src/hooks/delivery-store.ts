import { z } from 'zod';
import { fromIso, toIso } from '../kernel/clock.ts';
import { newId } from '../kernel/ids.ts';
import type { Db, HookDeliveriesTable, Tx } from '../store/index.ts';
import type { CallFacts } from './read-call.ts';

/**
 * `waiting`: nobody has dealt with it yet; `merged`: it came while others waited, and went with the newest of them;
 * `ignored`: genuine, and the hook is not for it.
 */
export const DeliveryOutcome = z.enum(['waiting', 'started', 'nothing', 'failed', 'merged', 'ignored']);
export type DeliveryOutcome = z.infer<typeof DeliveryOutcome>;

/** A genuine call of a hook, and what became of it. */
export type Delivery = Omit<HookDeliveriesTable, 'delivery_key' | 'circuits' | 'outcome'> & {
  readonly outcome: DeliveryOutcome;
};

/** One that nobody has dealt with, with the circuits that it names. */
export type WaitingDelivery = Delivery & { readonly circuits: readonly string[] | null };

/** So many calls that concern nobody are kept of each hook: a busy repository makes thousands. */
const MOST_IGNORED = 500;

/** A call that failed and comes again within this time is one that somebody recorded, or a sender in a hurry. */
const TRY_AGAIN_MS = 60_000;

/**
 * Keeps a genuine call, in the caller's transaction. `again`: it was there already, and its answer is what became of it;
 * one that failed waits once more, since whoever sends it again wants it done, and so does one that was ignored and is not
 * any more.
 * @param key the same when the same call comes again; null: every call is a new one
 */
export async function keepDelivery(
  tx: Tx,
  now: number,
  hook: string,
  key: string | null,
  facts: CallFacts,
): Promise<{ readonly delivery: Delivery; readonly again: boolean }> {
  const id = newId('dlv', now);
  const row: HookDeliveriesTable = {
    id,
    hook,
    delivery_key: key ?? id,
    received_at: toIso(now),
    event: facts.event,
    branch: facts.branch,
    named_circuits: facts.circuits?.length ?? null,
    circuits: facts.circuits === null ? null : JSON.stringify(facts.circuits),
    outcome: facts.ignored === null ? 'waiting' : 'ignored',
    message: facts.ignored ?? 'waits for its turn',
    decided_at: facts.ignored === null ? null : toIso(now),
    run_id: null,
    run_number: null,
  };
  const known = await tx
    .selectFrom('hook_deliveries')
    .selectAll()
    .where('hook', '=', hook)
    .where('delivery_key', '=', row.delivery_key)
    .executeTakeFirst();
  if (known === undefined) {
    await tx.insertInto('hook_deliveries').values(row).execute();
    if (row.outcome === 'ignored') await forgetOldestIgnored(tx, hook);
    return { delivery: toDelivery(row), again: false };
  }
  const mayAgain =
    known.outcome === 'ignored' ||
    (known.outcome === 'failed' && now - fromIso(known.decided_at ?? known.received_at) >= TRY_AGAIN_MS);
  if (!mayAgain || row.outcome !== 'waiting') return { delivery: toDelivery(known), again: true };
  const waits = { ...row, id: known.id };
  await tx.updateTable('hook_deliveries').set(waits).where('id', '=', known.id).execute();
  return { delivery: toDelivery(waits), again: false };
}

async function forgetOldestIgnored(tx: Tx, hook: string): Promise<void> {
  await tx
    .deleteFrom('hook_deliveries')
    .where('outcome', '=', 'ignored')
    .where('hook', '=', hook)
    .where('id', '<=', ({ selectFrom }) =>
      selectFrom('hook_deliveries as kept')
        .select('kept.id')
        .where('kept.outcome', '=', 'ignored')
        .where('kept.hook', '=', hook)
        .orderBy('kept.id', 'desc')
        .limit(1)
        .offset(MOST_IGNORED),
    )
    .execute();
}

/** Hooks with calls that nobody has dealt with. */
export async function waitingHooks(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('hook_deliveries')
    .select('hook')
    .distinct()
    .where('outcome', '=', 'waiting')
    .orderBy('hook')
    .execute();
  return rows.map((row) => row.hook);
}

/** So many are dealt with at once, and so many circuits in all; what came after them has its turn after that. */
const MOST_AT_ONCE = 1000;
const MOST_CIRCUITS_AT_ONCE = 20_000;

/** Those that wait, oldest first. */
export async function waitingDeliveries(db: Db, hook: string): Promise<WaitingDelivery[]> {
  const rows = await db
    .selectFrom('hook_deliveries')
    .select(['id', 'named_circuits'])
    .where('outcome', '=', 'waiting')
    .where('hook', '=', hook)
    .orderBy('id')
    .limit(MOST_AT_ONCE)
    .execute();
  let circuits = 0;
  const ids = rows.filter(({ named_circuits }, i) => {
    circuits += named_circuits ?? 0;
    return i === 0 || circuits <= MOST_CIRCUITS_AT_ONCE;
  });
  if (ids.length === 0) return [];
  const found = await db
    .selectFrom('hook_deliveries')
    .selectAll()
    .where(
      'id',
      'in',
      ids.map((row) => row.id),
    )
    .orderBy('id')
    .execute();
  return found.map((row) => ({
    ...toDelivery(row),
    circuits: row.circuits === null ? null : z.array(z.string()).parse(JSON.parse(row.circuits)),
  }));
}

/** How many of each hook nobody has dealt with. */
export async function countWaiting(db: Db): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('hook_deliveries')
    .select((e) => ['hook', e.fn.countAll<number>().as('n')])
    .where('outcome', '=', 'waiting')
    .groupBy('hook')
    .execute();
  return new Map(rows.map((row) => [row.hook, Number(row.n)]));
}

/** What became of calls that waited. */
export interface Decision {
  readonly outcome: Exclude<DeliveryOutcome, 'waiting' | 'ignored' | 'merged'>;
  readonly message: string;
  readonly run: { readonly id: string; readonly number: number } | null;
}

/**
 * Puts on record what became of calls: of the newest, and that the others went with it. False, and nothing written, when
 * one of them is dealt with already.
 */
export async function decideDeliveries(
  tx: Tx,
  now: number,
  deliveries: readonly Delivery[],
  { outcome, message, run }: Decision,
): Promise<boolean> {
  const newest = deliveries.at(-1);
  if (newest === undefined) return false;
  const ids = deliveries.map((delivery) => delivery.id);
  const waiting = await tx
    .selectFrom('hook_deliveries')
    .select((e) => e.fn.countAll<number>().as('n'))
    .where('id', 'in', ids)
    .where('outcome', '=', 'waiting')
    .executeTakeFirst();
  if (Number(waiting?.n ?? 0) !== ids.length) return false;
  const decided = {
    decided_at: toIso(now),
    run_id: run?.id ?? null,
    run_number: run?.number ?? null,
    // Which circuits they were is part of the run; what failed may be tried again.
    ...(outcome === 'failed' ? {} : { circuits: null }),
  };
  await tx
    .updateTable('hook_deliveries')
    .set({
      ...decided,
      // Whoever sends one of them again wants it done, and not to hear that another one failed.
      outcome: outcome === 'failed' ? 'failed' : 'merged',
      message: `went with ${newest.id}: ${message}`,
    })
    .where('id', 'in', ids.slice(0, -1))
    .execute();
  await tx
    .updateTable('hook_deliveries')
    .set({ ...decided, outcome, message })
    .where('id', '=', newest.id)
    .execute();
  return true;
}

/** A run that this hook started and that is not over, or null. */
export async function openRunOfHook(
  db: Db,
  hook: string,
): Promise<{ readonly number: number; readonly status: string } | null> {
  const row = await db
    .selectFrom('runs')
    .innerJoin('hook_deliveries as delivery', 'delivery.run_id', 'runs.id')
    .select(['runs.number', 'runs.status'])
    .where('runs.ended_at', 'is', null)
    .where('delivery.hook', '=', hook)
    .orderBy('runs.number', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** Newest first; keyset paged by `before` (an id). */
export async function listDeliveries(
  db: Db,
  query: {
    readonly hook: string;
    readonly outcome?: DeliveryOutcome | undefined;
    readonly before?: string | undefined;
    readonly limit: number;
  },
): Promise<Delivery[]> {
  let select = db
    .selectFrom('hook_deliveries')
    .select(LISTED)
    .where('hook', '=', query.hook)
    .orderBy('id', 'desc')
    .limit(query.limit);
  if (query.outcome !== undefined) select = select.where('outcome', '=', query.outcome);
  if (query.before !== undefined) select = select.where('id', '<', query.before);
  return (await select.execute()).map(toDelivery);
}

/**
 * Has calls that failed wait once more: those named, else the newest with all that failed together with it. Returns which
 * ones.
 */
export async function waitAgain(tx: Tx, hook: string, ids: readonly string[] | null): Promise<string[]> {
  const failed = tx
    .selectFrom('hook_deliveries')
    .select(['id', 'decided_at'])
    .where('outcome', '=', 'failed')
    .where('hook', '=', hook);
  const newest = await failed.orderBy('id', 'desc').limit(1).executeTakeFirst();
  const wanted =
    ids === null ? failed.where('decided_at', '=', newest?.decided_at ?? '') : failed.where('id', 'in', ids);
  const found = (await wanted.execute()).map((row) => row.id);
  if (found.length > 0)
    await tx
      .updateTable('hook_deliveries')
      .set({ outcome: 'waiting', message: 'waits for its turn', decided_at: null })
      .where('id', 'in', found)
      .execute();
  return found;
}

/** Names of hooks that were ever called. */
export async function calledHooks(db: Db): Promise<string[]> {
  const rows = await db.selectFrom('hook_deliveries').select('hook').distinct().orderBy('hook').execute();
  return rows.map((row) => row.hook);
}

/**
 * Removes what came in before `before` (ISO text) and started nothing. What started something stays: as long as it is
 * known, the same call starts nothing again. Returns how many went.
 */
export async function forgetDeliveries(tx: Tx, before: string): Promise<number> {
  const result = await tx
    .deleteFrom('hook_deliveries')
    .where('outcome', 'in', ['nothing', 'failed', 'ignored'])
    .where('received_at', '<', before)
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

/** Without the circuits, which may be thousands. */
const LISTED = [
  'id',
  'hook',
  'received_at',
  'event',
  'branch',
  'named_circuits',
  'outcome',
  'message',
  'decided_at',
  'run_id',
  'run_number',
] as const;

const toDelivery = (row: Pick<HookDeliveriesTable, (typeof LISTED)[number]>): Delivery => ({
  id: row.id,
  hook: row.hook,
  received_at: row.received_at,
  event: row.event,
  branch: row.branch,
  named_circuits: row.named_circuits,
  outcome: DeliveryOutcome.parse(row.outcome),
  message: row.message,
  decided_at: row.decided_at,
  run_id: row.run_id,
  run_number: row.run_number,
});
