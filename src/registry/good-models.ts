import { sql } from 'kysely';
import { batches } from '../store/index.ts';
import type { Db } from '../store/index.ts';
import { ROWS } from './version-store.ts';

/**
 * A circuit's good model: the newest version in the dev registry that nobody withdrew and no pull-request run made, and
 * that still has its files.
 * Lean on purpose, there may be 100,000; `goodSettings` fetches the rest for those that need it.
 */
export interface GoodModel {
  readonly circuit_id: string;
  readonly model_name: string;
  readonly version: number;
  readonly training_hash: string;
  readonly inputs_digest: string;
  readonly created_at: string;
  /** What this version was accepted to stand for, by the newest word on it. */
  readonly accepted: Accepted | null;
}

export interface Accepted {
  /** A training hash. */
  readonly hash: string;
  /** An inputs digest. */
  readonly digest: string;
  readonly reason: string;
  readonly by: string;
  readonly at: string;
}

/** Versions and acceptances that are read at once: enough to be quick, few enough to be forgotten soon. */
const PAGE = 5000;

/** The good models of all circuits that have one, by circuit id. */
export async function goodModels(db: Db): Promise<Map<string, GoodModel>> {
  const found = new Map<string, GoodModel & { accepted: Accepted | null }>();
  for (let after = ''; ;) {
    const rows = await goodVersions(
      db,
      newestTimes(db).where('circuit_id', '>', after).orderBy('circuit_id').limit(PAGE),
    ).execute();
    for (const row of rows) found.set(row.circuit_id, toGoodModel(row, null));
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) break;
    after = last.circuit_id;
  }
  for (let after = { circuit_id: '', accepted_at: '' }; ;) {
    const rows = await db
      .selectFrom('acceptances')
      .selectAll()
      .where(sql<boolean>`(circuit_id, accepted_at) > (${after.circuit_id}, ${after.accepted_at})`)
      .orderBy('circuit_id')
      .orderBy('accepted_at')
      .limit(PAGE)
      .execute();
    for (const row of rows) acceptedBy(row, found);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) break;
    after = last;
  }
  return found;
}

/** The good models of some circuits, by circuit id. */
export async function goodModelsOf(
  db: Db,
  circuit_ids: readonly string[],
): Promise<Map<string, GoodModel & { accepted: Accepted | null }>> {
  const found = new Map<string, GoodModel & { accepted: Accepted | null }>();
  for (const ids of batches(circuit_ids, ROWS)) {
    const versions = await goodVersions(db, newestTimes(db).where('circuit_id', 'in', ids)).execute();
    for (const row of versions) found.set(row.circuit_id, toGoodModel(row, null));
    const words = db.selectFrom('acceptances').selectAll().where('circuit_id', 'in', ids);
    for (const row of await words.orderBy('accepted_at').execute()) acceptedBy(row, found);
  }
  return found;
}

/** One circuit's good model, or null. */
export const goodModel = async (db: Db, circuit_id: string): Promise<GoodModel | null> =>
  (await goodModelsOf(db, [circuit_id])).get(circuit_id) ?? null;

/** The settings that the good models of these circuits were trained with, as the JSON text that was registered. */
export async function goodSettings(db: Db, circuit_ids: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const ids of batches(circuit_ids, ROWS)) {
    const rows = await goodVersions(db, newestTimes(db).where('circuit_id', 'in', ids))
      .select('m.settings')
      .execute();
    for (const row of rows) found.set(row.circuit_id, row.settings);
  }
  return found;
}

/** When each circuit's good model was made. Within a circuit all times differ, so the time names the version. */
const newestTimes = (db: Db) =>
  db
    .selectFrom('model_versions')
    .select(['circuit_id', (eb) => eb.fn.max('created_at').as('created_at')])
    .where('registry', '=', 'dev')
    .where('pr', '=', 0)
    .where('withdrawn_at', 'is', null)
    .where('files_removed_at', 'is', null)
    .groupBy('circuit_id');

/** A cross join, because SQLite keeps its order: the few newest first, then one look each, never all versions again. */
const goodVersions = (db: Db, newest: ReturnType<typeof newestTimes>) =>
  db
    .selectFrom(newest.as('n'))
    .crossJoin('model_versions as m')
    .whereRef('m.circuit_id', '=', 'n.circuit_id')
    .whereRef('m.created_at', '=', 'n.created_at')
    .where('m.registry', '=', 'dev')
    .where('m.pr', '=', 0)
    .where('m.withdrawn_at', 'is', null)
    .where('m.files_removed_at', 'is', null)
    .select([
      'm.circuit_id',
      'm.model_name',
      'm.version',
      'm.training_hash',
      'm.inputs_digest',
      'm.created_at',
    ])
    .orderBy('n.circuit_id');

/** A plain object: those that the database driver makes take three times the room. */
const toGoodModel = (
  row: Omit<GoodModel, 'accepted'>,
  accepted: Accepted | null,
): GoodModel & { accepted: Accepted | null } => ({
  circuit_id: row.circuit_id,
  model_name: row.model_name,
  version: row.version,
  training_hash: row.training_hash,
  inputs_digest: row.inputs_digest,
  created_at: row.created_at,
  accepted,
});

/** In the order of their times, so the newest word on this very version stays. */
function acceptedBy(
  row: AcceptanceRow,
  found: ReadonlyMap<string, GoodModel & { accepted: Accepted | null }>,
): void {
  const model = found.get(row.circuit_id);
  if (model?.model_name === row.model_name && model.version === row.version) model.accepted = toAccepted(row);
}

interface AcceptanceRow {
  readonly circuit_id: string;
  readonly model_name: string;
  readonly version: number;
  readonly training_hash: string;
  readonly inputs_digest: string;
  readonly reason: string;
  readonly accepted_by: string;
  readonly accepted_at: string;
}

const toAccepted = (row: AcceptanceRow): Accepted => ({
  hash: row.training_hash,
  digest: row.inputs_digest,
  reason: row.reason,
  by: row.accepted_by,
  at: row.accepted_at,
});
