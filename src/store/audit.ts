import { canonicalJson, sha256 } from '../kernel/digest.ts';
import { SYSTEM } from '../kernel/actor.ts';
import type { Db, Tx } from './store.ts';
import type { AuditTable, EventsTable } from './tables.ts';
import { typesLike } from './types-like.ts';

export type AuditEntry = Omit<AuditTable, 'data'> & { data: Record<string, unknown> };

type Told = Omit<EventsTable, 'seq'>;

/** What Trainyard itself changes and somebody may have to answer for; what people do is recorded whatever it is called. */
const AUDITED =
  /^(?:run\.(?:succeeded|failed|canceled)|approval\.|model\.|environment\.|component\.|data\.|schedule\.|retention\.|access\.|training\.(?:started|retried))/;

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

interface AuditWanted {
  readonly run_id?: string | undefined;
  readonly circuit_id?: string | undefined;
  readonly actor?: string | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
}

/** Newest first; keyset paged by `before` (a seq). `type` is a GLOB: `approval.*`. */
export async function listAudit(
  db: Db,
  query: AuditWanted & { readonly type?: string | undefined },
): Promise<AuditEntry[]> {
  if (query.type === undefined) return someAudit(db, query);
  const found: AuditEntry[] = [];
  for (const type of await typesLike(db, 'audit', query.type))
    found.push(...(await someAudit(db, { ...query, type })));
  return found.toSorted((a, b) => b.seq - a.seq).slice(0, query.limit);
}

async function someAudit(
  db: Db,
  query: AuditWanted & { readonly type?: string | undefined },
): Promise<AuditEntry[]> {
  let select = db.selectFrom('audit').selectAll().orderBy('seq', 'desc').limit(query.limit);
  if (query.run_id !== undefined) select = select.where('run_id', '=', query.run_id);
  if (query.circuit_id !== undefined) select = select.where('circuit_id', '=', query.circuit_id);
  if (query.actor !== undefined) select = select.where('actor', '=', query.actor);
  if (query.type !== undefined) select = select.where('type', '=', query.type);
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
  const [keptSeq, keptHash] = kept === null ? [null, null] : splitHead(kept);
  const end = await lastAndHead(db);
  let previous = GENESIS;
  let seq = 0;
  const broken = (at: number, problem: string): AuditVerdict => ({
    ok: false,
    entries: seq,
    seq: at,
    problem,
  });
  const isKept = (): boolean => seq !== keptSeq || previous === keptHash;
  while (isKept()) {
    // What is appended meanwhile is none of this look's business.
    const page = await db
      .selectFrom('audit')
      .selectAll()
      .where('seq', '>', seq)
      .where('seq', '<=', end.last)
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
      previous = hash;
      seq = entry.seq;
      if (!isKept()) break;
    }
    if (page.length < 1000) break;
  }
  if (!isKept())
    return broken(seq, `entry ${seq} is another one than the head that was kept: the chain was rewritten`);
  if (end.head.seq !== seq) {
    const gone = end.head.seq - seq;
    return broken(
      seq + 1,
      gone > 0
        ? `the last ${gone === 1 ? 'entry was' : `${gone} entries were`} removed`
        : `entry ${seq} was added past the chain`,
    );
  }
  if (end.head.hash !== previous) return broken(seq, `entry ${seq} was replaced`);
  if (seq === 0 && (await anybodyActed(db))) return broken(1, 'the whole record was removed');
  if (keptSeq !== null && keptSeq > seq)
    return broken(
      seq + 1,
      `the chain ends at ${seq}, and the head that was kept is entry ${keptSeq}: entries were removed`,
    );
  return { ok: true, entries: seq, head: `${seq}:${previous}` };
}

function splitHead(kept: string): [seq: number, hash: string] {
  const [seq, hash] = kept.split(':');
  return [Number(seq), hash ?? ''];
}

/** The newest entry and the head in one look, so that nobody appends in between. */
async function lastAndHead(db: Db): Promise<{ last: number; head: { seq: number; hash: string } }> {
  const row = await db
    .selectNoFrom((e) => [
      e
        .selectFrom('audit')
        .select((a) => a.fn.max('seq').as('last'))
        .as('last'),
      e.selectFrom('meta').select('value').where('key', '=', HEAD).as('head'),
    ])
    .executeTakeFirstOrThrow();
  return { last: Number(row.last ?? 0), head: headFrom(row.head) };
}

const headFrom = (value: string | null | undefined): { seq: number; hash: string } => {
  const [seq, hash] = value?.split(' ') ?? [];
  return { seq: Number(seq ?? 0), hash: hash ?? GENESIS };
};

async function anybodyActed(db: Db): Promise<boolean> {
  const row = await db
    .selectFrom('events')
    .select('seq')
    .where('actor', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

async function headOf(db: Db): Promise<{ seq: number; hash: string }> {
  const row = await db.selectFrom('meta').select('value').where('key', '=', HEAD).executeTakeFirst();
  return headFrom(row?.value);
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
