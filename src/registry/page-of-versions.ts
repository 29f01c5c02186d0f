import { sql } from 'kysely';
import type { Expression, SqlBool } from 'kysely';
import { z } from 'zod';
import type { Db } from '../store/index.ts';
import type { ModelRef, RegistryName } from './model-version.ts';

/**
 * What became of a version. In a dev registry one version of a circuit is `good` and older ones are `superseded`; in a
 * shared registry all that may be used are `promoted`. `removed`: retention took its files.
 */
export const ModelState = z.enum(['good', 'superseded', 'promoted', 'pull_request', 'withdrawn', 'removed']);
export type ModelState = z.infer<typeof ModelState>;

export interface VersionsQuery {
  readonly registry: RegistryName;
  readonly model_name?: string | undefined;
  readonly circuit_id?: string | undefined;
  readonly run_id?: string | undefined;
  /** All of them must match exactly. */
  readonly tags: Readonly<Record<string, string>>;
  /** `promoted` in a dev registry: there is a copy in the shared one that may be used. */
  readonly state?: ModelState | undefined;
  /** Only models of these names, sorted. */
  readonly names?: readonly string[] | undefined;
  /** Of each model only its newest version. */
  readonly latest: boolean;
  readonly after: ModelRef | null;
  readonly limit: number;
}

/** Versions that are looked through for one page, where nothing but looking tells whether they match. */
const SCAN = 2000;
/** The same of a run or a circuit, which have no more than that. */
const SCAN_FEW = 20_000;
/** Names of models in one statement. */
const NAMES = 200;

/**
 * Names of versions by model, each model's newest first. Bounded in what it looks at: a page may hold fewer than `limit`
 * although `next` says that there is more.
 */
export async function pageOfVersions(
  db: Db,
  query: VersionsQuery,
): Promise<{ readonly refs: ModelRef[]; readonly next: ModelRef | null }> {
  const { after, limit } = query;
  const names = query.names?.filter((name) => after === null || name >= after.model_name);
  const some = names?.slice(0, NAMES);
  if (some?.length === 0) return { refs: [], next: null };
  const few = query.circuit_id !== undefined || query.run_id !== undefined;
  const tagged = Object.keys(query.tags).length > 0;
  const filtered = tagged || query.state !== undefined;
  // A copy has its original, as a rule.
  const scan = few ? SCAN_FEW : isCopied(query) && !tagged ? 2 * limit + 1 : filtered ? SCAN : limit + 1;
  const seen = await window(db, query, some, scan);
  const last = seen.at(-1);
  if (last === undefined) return { refs: [], next: after_(names, some) };
  const found = filtered ? await matching(db, query, some, seen) : seen.slice(0, limit + 1);
  const refs = found.slice(0, limit);
  if (found.length > limit) return { refs, next: refs.at(-1) ?? null };
  if (seen.length === scan) return { refs, next: last };
  return { refs, next: after_(names, some) };
}

/** Where the next names begin. */
const after_ = (
  names: readonly string[] | undefined,
  some: readonly string[] | undefined,
): ModelRef | null => {
  const last = some?.at(-1);
  return last === undefined || names === undefined || some === undefined || names.length === some.length
    ? null
    : { model_name: last, version: 0 };
};

/** What is looked through: the next versions in the order of the page, out of an index. */
async function window(
  db: Db,
  query: VersionsQuery,
  names: readonly string[] | undefined,
  scan: number,
): Promise<ModelRef[]> {
  // Copies in the shared registry lie in the same order, and nothing else has to be looked at.
  const candidates = isCopied(query)
    ? bounded(db, { ...query, registry: sharedOf(query.registry) }, names).where('m.withdrawn_at', 'is', null)
    : bounded(db, query, names);
  if (query.latest || query.state === 'good') {
    // The good one is the newest of those that may be used: nothing else has to be looked at.
    const usable = query.latest ? candidates : candidates.where(isUsable);
    const rows = await usable
      .select(['m.model_name', (e) => e.fn.max('m.version').as('version')])
      .groupBy('m.model_name')
      .orderBy('m.model_name')
      .limit(scan)
      .execute();
    return rows;
  }
  return candidates
    .select(['m.model_name', 'm.version'])
    .orderBy('m.model_name')
    .orderBy('m.version', 'desc')
    .limit(scan)
    .execute();
}

/** Those of the window that match. */
async function matching(
  db: Db,
  query: VersionsQuery,
  names: readonly string[] | undefined,
  seen: readonly ModelRef[],
): Promise<ModelRef[]> {
  const last = seen.at(-1);
  if (last === undefined) return [];
  let select = bounded(db, query, names)
    .where('m.model_name', '<=', last.model_name)
    .where((e) => e.or([e('m.model_name', '<', last.model_name), e('m.version', '>=', last.version)]));
  if (isCopied(query))
    select = select.where(
      sql<SqlBool>`(m.model_name, m.version) in (values ${sql.join(
        seen.map((ref) => sql`(${ref.model_name}, ${ref.version})`),
      )})`,
    );
  for (const [name, value] of Object.entries(query.tags)) {
    // As in `listVersions`: this piece occurs in the canonical JSON exactly where the tag is.
    const piece = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
    select = select.where(sql<SqlBool>`replace(m.tags, ${piece}, '') <> m.tags`);
  }
  if (query.state !== undefined) select = select.where(inState(query.registry, query.state));
  if (query.latest)
    select = select.where(
      sql<SqlBool>`m.version = (select max(n.version) from model_versions as n where n.registry = m.registry and n.model_name = m.model_name)`,
    );
  return select
    .select(['m.model_name', 'm.version'])
    .orderBy('m.model_name')
    .orderBy('m.version', 'desc')
    .limit(query.limit + 1)
    .execute();
}

/** What an index answers. */
function bounded(db: Db, query: VersionsQuery, names: readonly string[] | undefined) {
  let select = db.selectFrom('model_versions as m').where('m.registry', '=', query.registry);
  if (query.model_name !== undefined) select = select.where('m.model_name', '=', query.model_name);
  if (query.circuit_id !== undefined) select = select.where('m.circuit_id', '=', query.circuit_id);
  if (query.run_id !== undefined) select = select.where('m.run_id', '=', query.run_id);
  if (names !== undefined) select = select.where('m.model_name', 'in', names);
  if (query.state === 'withdrawn') select = select.where('m.withdrawn_at', 'is not', null);
  if (query.state === 'removed') select = select.where('m.files_removed_at', 'is not', null);
  // As it stands in the condition of its index.
  if (query.state === 'pull_request') select = select.where(sql<SqlBool>`m.pr = 1`);
  const { after } = query;
  if (after === null) return select;
  // Of one version of each model, the model that was shown is done with.
  if (query.latest || query.state === 'good') return select.where('m.model_name', '>', after.model_name);
  return select
    .where('m.model_name', '>=', after.model_name)
    .where((e) => e.or([e('m.model_name', '>', after.model_name), e('m.version', '<', after.version)]));
}

/** Asked for in a dev registry are those with a copy in the shared one that may be used. */
const isCopied = ({ state, registry }: VersionsQuery): boolean => state === 'promoted' && isDev(registry);

const isDev = (registry: RegistryName): boolean => registry.endsWith('dev');
export const sharedOf = (registry: RegistryName): RegistryName =>
  registry.startsWith('rehearsal-') ? 'rehearsal-shared' : 'shared';

const isUsable = sql<SqlBool>`m.pr = 0 and m.withdrawn_at is null and m.files_removed_at is null`;

const isNewest = sql<SqlBool>`m.created_at = (
  select max(g.created_at) from model_versions as g
  where g.registry = m.registry and g.circuit_id = m.circuit_id
    and g.pr = 0 and g.withdrawn_at is null and g.files_removed_at is null)`;

/** Each version is in one state, except that a dev version is beside its own also promoted or not. */
function inState(registry: RegistryName, state: ModelState): Expression<SqlBool> {
  switch (state) {
    case 'withdrawn':
      return sql<SqlBool>`m.withdrawn_at is not null`;
    case 'removed':
      return sql<SqlBool>`m.withdrawn_at is null and m.files_removed_at is not null`;
    case 'pull_request':
      return sql<SqlBool>`m.withdrawn_at is null and m.files_removed_at is null and m.pr = 1`;
    case 'promoted':
      return isDev(registry) ? sql<SqlBool>`1 = 1` : isUsable;
    case 'good':
      return isDev(registry) ? sql<SqlBool>`${isUsable} and ${isNewest}` : sql<SqlBool>`1 = 0`;
    case 'superseded':
      return isDev(registry) ? sql<SqlBool>`${isUsable} and not ${isNewest}` : sql<SqlBool>`1 = 0`;
    default:
      return state satisfies never;
  }
}
