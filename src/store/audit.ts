import { canonicalJson, sha256 } from '../kernel/digest.ts';
import { SYSTEM } from '../kernel/actor.ts';
import type { Db, Tx } from './store.ts';
import type { AuditTable, EventsTable } from './tables.ts';

export type AuditEntry = Omit<AuditTable, 'data'> & { data: Record<string, unknown> };

type Told = Omit<EventsTable, 'seq'>;

/** What Trainyard itself changes and somebody may have to answer for; what people do is recorded whatever it is called. */
const AUDITED =
  /^(?:run\.(?:succeeded|failed|canceled)|approval\.|model\.|environment\.|component\.|data\.|schedule\.|retention\.|training\.(?:started|retried))/;

/** What stands before the first entry. */
const GENESIS = '0'.repeat(64);
const HEAD = 'audit_head';

/**
 * Appends to the audit chain what of these events belongs there, in the transaction of the change. Each entry's hash
 * covers the one before it, and the head is kept apart, so that no entry can be edited, removed or moved unnoticed.
 */
export async function appendAudit(tx: Tx, events: readonly Told[]): Promise<void> {
  const told = events.filter((e) => e.actor !== null || AUDITED.test(e.type));
  if (told.length === 0) return;
  let { seq, hash } = await headOf(tx);
  const rows = told.map((event): AuditTable => {
    const entry = {
      seq: ++seq,
      ...event,
      actor: event.actor ?? SYSTEM.name,
      identity: event.identity ?? SYSTEM.identity,
      previous: hash,
    };
    hash = hashOf(entry);
    const { severity: _severity, ...kept } = entry;
    return { ...kept, hash };
  });
  await tx.insertInto('audit').values(rows).execute();
  await tx
    .insertInto('meta')
    .values({ key: HEAD, value: `${seq} ${hash}` })
    .onConflict((c) => c.column('key').doUpdateSet({ value: `${seq} ${hash}` }))
    .execute();
}

/** Newest first; keyset paged by `before` (a seq). */
export async function listAudit(
  db: Db,
  query: {
    readonly run_id?: string | undefined;
    readonly actor?: string | undefined;
    /** A GLOB over types. */
    readonly type?: string | undefined;
    readonly before?: number | undefined;
    readonly limit: number;
  },
): Promise<AuditEntry[]> {
  let select = db.selectFrom('audit').selectAll().orderBy('seq', 'desc').limit(query.limit);
  if (query.run_id !== undefined) select = select.where('run_id', '=', query.run_id);
  if (query.actor !== undefined) select = select.where('actor', '=', query.actor);
  if (query.type !== undefined)
    select = select.where('type', 'like', query.type.replaceAll('_', '\\_').replaceAll('*', '%'));
  if (query.before !== undefined) select = select.where('seq', '<', query.before);
  const rows = await select.execute();
  return rows.map((row) => ({ ...row, data: JSON.parse(row.data) as Record<string, unknown> }));
}

export type AuditVerdict =
  | { readonly ok: true; readonly entries: number; readonly head: string }
  | { readonly ok: false; readonly entries: number; readonly seq: number; readonly problem: string };

/**
 * Goes through the whole chain. `kept` is a head that was noted earlier (`seq:hash`): whoever rewrote the whole chain
 * from some entry on is found by it too.
 */
export async function verifyAudit(db: Db, kept: string | null = null): Promise<AuditVerdict> {
  const [keptSeq, keptHash] = kept?.split(':') ?? [];
  let previous = GENESIS;
  let seq = 0;
  const broken = (at: number, problem: string): AuditVerdict => ({
    ok: false,
    entries: seq,
    seq: at,
    problem,
  });
  for (;;) {
    const page = await db
      .selectFrom('audit')
      .selectAll()
      .where('seq', '>', seq)
      .orderBy('seq')
      .limit(1000)
      .execute();
    for (const { hash, ...entry } of page) {
      if (entry.seq !== seq + 1)
        return broken(seq + 1, `entry ${seq + 1} was removed: entry ${seq} is followed by ${entry.seq}`);
      if (entry.previous !== previous)
        return broken(
          entry.seq,
          `entry ${entry.seq} does not follow entry ${seq}: one of them was moved or replaced`,
        );
      if (hashOf(entry) !== hash) return broken(entry.seq, `entry ${entry.seq} was edited`);
      if (String(entry.seq) === keptSeq && hash !== keptHash)
        return broken(
          entry.seq,
          `entry ${entry.seq} is another one than the head that was kept: the chain was rewritten`,
        );
      previous = hash;
      seq = entry.seq;
    }
    if (page.length < 1000) break;
  }
  const head = await headOf(db);
  if (head.seq !== seq) {
    const gone = head.seq - seq;
    return broken(
      seq + 1,
      gone > 0
        ? `the last ${gone === 1 ? 'entry was' : `${gone} entries were`} removed`
        : `entry ${seq} was added past the chain`,
    );
  }
  if (head.hash !== previous) return broken(seq, `entry ${seq} was replaced`);
  if (keptSeq !== undefined && Number(keptSeq) > seq)
    return broken(
      seq + 1,
      `the chain ends at ${seq}, and the head that was kept is entry ${keptSeq}: entries were removed`,
    );
  return { ok: true, entries: seq, head: `${seq}:${previous}` };
}

async function headOf(db: Db): Promise<{ seq: number; hash: string }> {
  const row = await db.selectFrom('meta').select('value').where('key', '=', HEAD).executeTakeFirst();
  const [seq, hash] = row?.value.split(' ') ?? [];
  return { seq: Number(seq ?? 0), hash: hash ?? GENESIS };
}

/** Over exactly what the row says, texts as they stand. */
const hashOf = (entry: Omit<AuditTable, 'hash'>): string =>
  sha256(
    canonicalJson([
      entry.seq,
      entry.at,
      entry.actor,
      entry.identity,
      entry.type,
      entry.run_id,
      entry.stage,
      entry.circuit_id,
      entry.message,
      entry.data,
      entry.previous,
    ]),
  );
