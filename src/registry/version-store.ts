import { sql } from 'kysely';
import type { Insertable } from 'kysely';
import type { Actor } from '../kernel/actor.ts';
import { fromIso, nextTurn } from '../kernel/clock.ts';
import { addSeconds, appendEvents, batches } from '../store/index.ts';
import type { Db, ModelVersionsTable, Tx } from '../store/index.ts';
import { VERSION_COLUMNS, fromRow, refText } from './model-version.ts';
import type { ModelRef, ModelVersion, ModelVersionDetail, RegistryName } from './model-version.ts';
import type { ListQuery, VersionPage } from './registry.ts';

/** Rows per statement and per transaction. */
export const ROWS = 500;

export type NewVersion = Omit<
  Insertable<ModelVersionsTable>,
  | 'version'
  | 'created_at'
  | 'withdrawn_at'
  | 'withdrawn_by'
  | 'withdrawn_reason'
  | 'files_removed_at'
  | 'entered'
>;

/** What each job registered already. */
export async function versionsOfJobs(
  db: Db,
  registry: RegistryName,
  jobIds: readonly string[],
): Promise<Map<string, ModelRef & { readonly digest: string }>> {
  const found = new Map<string, ModelRef & { readonly digest: string }>();
  for (const ids of batches(jobIds, ROWS)) {
    const rows = await db
      .selectFrom('model_versions')
      .select(['job_id', 'model_name', 'version', 'digest'])
      .where('registry', '=', registry)
      .where('job_id', 'in', ids)
      .execute();
    for (const { job_id, ...version } of rows) found.set(job_id, version);
  }
  return found;
}

/**
 * Numbers new versions and inserts them, at most `ROWS`. The caller's transaction holds the write lock, so nobody else
 * numbers meanwhile. Their times are later than anything of the same circuit, whatever the clock does: "newest" is by time.
 */
export async function insertNumbered(
  tx: Tx,
  registry: RegistryName,
  versions: readonly NewVersion[],
  now: string,
): Promise<ModelRef[]> {
  const last = await lastNumbers(tx, registry, versions);
  const newest = await newestTimes(tx, registry, versions);
  let entered = await lastEntered(tx, registry);
  const rows = versions.map((version) => {
    const number = (last.get(version.model_name) ?? 0) + 1;
    last.set(version.model_name, number);
    const before = newest.get(version.circuit_id);
    const created = before === undefined || before < now ? now : addSeconds(before, 0.001);
    newest.set(version.circuit_id, created);
    return { ...version, version: number, created_at: created, entered: ++entered };
  });
  if (rows.length > 0) await tx.insertInto('model_versions').values(rows).execute();
  return rows.map(({ model_name, version }) => ({ model_name, version }));
}

/** Versions by name and number, in the order asked. */
export async function findVersions(
  db: Db,
  registry: RegistryName,
  refs: readonly ModelRef[],
): Promise<(ModelVersionDetail | null)[]> {
  const found = new Map<string, ModelVersionDetail>();
  for (const part of batches(refs, ROWS)) {
    const rows = await db
      .selectFrom('model_versions')
      .select([...VERSION_COLUMNS, 'settings'])
      .where('registry', '=', registry)
      .where(sql<boolean>`(model_name, version) in (values ${sql.join(part.map(pair))})`)
      .execute();
    for (const { settings, ...row } of rows) found.set(refText(row), { ...fromRow(row), settings });
  }
  return refs.map((ref) => found.get(refText(ref)) ?? null);
}

const pair = (ref: ModelRef) => sql`(${ref.model_name}, cast(${ref.version} as integer))`;

export async function listVersions(db: Db, registry: RegistryName, query: ListQuery): Promise<VersionPage> {
  let select = db.selectFrom('model_versions').select(VERSION_COLUMNS).where('registry', '=', registry);
  if (query.model_name !== undefined) select = select.where('model_name', '=', query.model_name);
  if (query.circuit_id !== undefined) select = select.where('circuit_id', '=', query.circuit_id);
  if (query.run_id !== undefined) select = select.where('run_id', '=', query.run_id);
  if (query.pr !== undefined) select = select.where('pr', '=', query.pr ? 1 : 0);
  if (query.withdrawn !== undefined)
    select = select.where('withdrawn_at', query.withdrawn ? 'is not' : 'is', null);
  for (const [name, value] of Object.entries(query.tags ?? {})) {
    // Tags lie as canonical JSON of texts, where a quote inside a text is escaped: this piece occurs exactly where the
    // tag is. `replace` minds upper and lower case in every database, `like` does not.
    const piece = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
    select = select.where(sql<boolean>`replace(tags, ${piece}, '') <> tags`);
  }
  const after = query.after ?? null;
  if (after !== null) {
    select = select
      .where('model_name', '>=', after.model_name)
      .where((eb) => eb.or([eb('model_name', '>', after.model_name), eb('version', '<', after.version)]));
  }
  const limit = Math.min(1000, Math.max(1, Math.trunc(query.limit)));
  const rows = await select
    .orderBy('model_name')
    .orderBy('version', 'desc')
    .limit(limit + 1)
    .execute();
  const items = rows.slice(0, limit).map(fromRow);
  const last = items.at(-1);
  return {
    items,
    next:
      rows.length > limit && last !== undefined
        ? { model_name: last.model_name, version: last.version }
        : null,
  };
}

export async function versionsOfRun(db: Db, registry: RegistryName, runId: string): Promise<ModelVersion[]> {
  const rows = await db
    .selectFrom('model_versions')
    .select(VERSION_COLUMNS)
    .where('run_id', '=', runId)
    .where('registry', '=', registry)
    .orderBy('model_name')
    .orderBy('version')
    .execute();
  const versions: ModelVersion[] = [];
  for (const some of batches(rows)) {
    if (versions.length > 0) await nextTurn();
    versions.push(...some.map(fromRow));
  }
  return versions;
}

/** Marks a version, unless it is marked already. */
export async function withdrawVersion(
  tx: Tx,
  registry: RegistryName,
  ref: ModelRef,
  mark: { readonly at: string; readonly by: Actor; readonly reason: string },
): Promise<void> {
  const changed = await tx
    .updateTable('model_versions')
    .set({ withdrawn_at: mark.at, withdrawn_by: mark.by.name, withdrawn_reason: mark.reason })
    .where('registry', '=', registry)
    .where('model_name', '=', ref.model_name)
    .where('version', '=', ref.version)
    .where('withdrawn_at', 'is', null)
    .returning('circuit_id')
    .execute();
  await appendEvents(
    tx,
    fromIso(mark.at),
    changed.map(({ circuit_id }) => ({
      type: 'model.withdrawn',
      severity: 'warning',
      actor: mark.by,
      circuit_id,
      message: `${mark.by.name} withdrew ${ref.model_name} v${ref.version} from the ${registry} registry: ${mark.reason}`,
      data: { registry, model_name: ref.model_name, version: ref.version, reason: mark.reason },
    })),
  );
}

/** The number of the version that came in last; later ones have greater numbers. */
export async function lastEntered(db: Db, registry: RegistryName): Promise<number> {
  const row = await db
    .selectFrom('model_versions')
    .select((eb) => eb.fn.max('entered').as('entered'))
    .where('registry', '=', registry)
    .executeTakeFirst();
  return row?.entered ?? 0;
}

async function lastNumbers(
  tx: Tx,
  registry: RegistryName,
  versions: readonly NewVersion[],
): Promise<Map<string, number>> {
  if (versions.length === 0) return new Map();
  const rows = await tx
    .selectFrom('model_versions')
    .select(['model_name', (eb) => eb.fn.max('version').as('last')])
    .where('registry', '=', registry)
    .where('model_name', 'in', [...new Set(versions.map((v) => v.model_name))])
    .groupBy('model_name')
    .execute();
  return new Map(rows.map((row) => [row.model_name, row.last]));
}

async function newestTimes(
  tx: Tx,
  registry: RegistryName,
  versions: readonly NewVersion[],
): Promise<Map<string, string>> {
  if (versions.length === 0) return new Map();
  const rows = await tx
    .selectFrom('model_versions')
    .select(['circuit_id', (eb) => eb.fn.max('created_at').as('newest')])
    .where('registry', '=', registry)
    .where('circuit_id', 'in', [...new Set(versions.map((v) => v.circuit_id))])
    .groupBy('circuit_id')
    .execute();
  return new Map(rows.map((row) => [row.circuit_id, row.newest]));
}
