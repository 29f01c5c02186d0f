import { sql } from 'kysely';
import { z } from 'zod';
import type { Db } from '../store/index.ts';
import type { RegistryName } from './model-version.ts';
import { sharedOf } from './page-of-versions.ts';
import { lastEntered } from './version-store.ts';

/**
 * How a model stands between the two registries: its newest version that may be used is `promoted`; it is `ahead` of the
 * one that was; it is `unpromoted` as none was; or there is none that may be used.
 */
export const ModelStanding = z.enum(['promoted', 'ahead', 'unpromoted', 'unusable']);
export type ModelStanding = z.infer<typeof ModelStanding>;

/** A model by its versions in a registry and in the shared one beside it. */
export interface StandingModel {
  readonly model_name: string;
  readonly standing: ModelStanding;
  readonly newest: number;
  /** The newest that may be used; null: there is none. */
  readonly current: number | null;
  /** The newest in the shared registry that may be used. */
  readonly shared: number | null;
}

export interface ModelsQuery {
  readonly registry: RegistryName;
  readonly standing?: ModelStanding | undefined;
  /** Only models of these names, sorted. */
  readonly names?: readonly string[] | undefined;
  /** The name that the page before ended with. */
  readonly after: string | null;
  readonly limit: number;
}

/** Models in one statement, and those that are looked through for one page. */
const STEP = 200;
const SCAN = 800;

/**
 * Models by name. Bounded in what it looks at: a page may hold fewer than `limit` although `next` says that there is more.
 */
export async function pageOfModels(
  db: Db,
  query: ModelsQuery,
): Promise<{ readonly models: StandingModel[]; readonly next: string | null }> {
  const { standing, limit } = query;
  const models: StandingModel[] = [];
  let { after } = query;
  for (let seen = 0; seen < SCAN; seen += STEP) {
    const names = await namesAfter(db, query, after, standing === undefined ? limit + 1 : STEP);
    for (const model of await standings(db, query.registry, names)) {
      if (standing !== undefined && model.standing !== standing) continue;
      if (models.length === limit) return { models, next: models.at(-1)?.model_name ?? null };
      models.push(model);
    }
    const last = names.at(-1);
    if (last === undefined || names.length < STEP) return { models, next: null };
    after = last;
  }
  return { models, next: after };
}

function namesAfter(
  db: Db,
  { registry, names }: ModelsQuery,
  after: string | null,
  limit: number,
): Promise<readonly string[]> {
  if (names === undefined) return allNames(db, registry, after ?? '', limit);
  const from = after === null ? 0 : names.findIndex((name) => name > after);
  return Promise.resolve(from === -1 ? [] : names.slice(from, from + limit));
}

/** One seek in the index for each name, however many versions it has. */
async function allNames(db: Db, registry: RegistryName, after: string, limit: number): Promise<string[]> {
  const { rows } = await sql<{ model_name: string }>`
    with recursive named (model_name) as (
      select min(model_name) from model_versions where registry = ${registry} and model_name > ${after}
      union all
      select (select min(m.model_name) from model_versions as m
              where m.registry = ${registry} and m.model_name > named.model_name)
      from named where named.model_name is not null
    )
    select model_name from named where model_name is not null limit ${limit}`.execute(db);
  return rows.map((row) => row.model_name);
}

async function standings(
  db: Db,
  registry: RegistryName,
  names: readonly string[],
): Promise<readonly StandingModel[]> {
  if (names.length === 0) return [];
  const newest = (of: RegistryName, usable: boolean) => sql<number | null>`(
    select max(m.version) from model_versions as m
    where m.registry = ${of} and m.model_name = wanted.model_name
      ${usable ? sql`and m.pr = 0 and m.withdrawn_at is null and m.files_removed_at is null` : sql``})`;
  const { rows } = await sql<Omit<StandingModel, 'standing' | 'newest'> & { newest: number | null }>`
    with wanted (model_name) as (values ${sql.join(names.map((name) => sql`(${name})`))})
    select wanted.model_name, ${newest(registry, false)} as newest, ${newest(registry, true)} as current,
      ${newest(sharedOf(registry), true)} as shared
    from wanted order by wanted.model_name`.execute(db);
  return rows.flatMap(({ newest: last, ...row }) =>
    last === null ? [] : [{ ...row, newest: last, standing: standingOf(row) }],
  );
}

function standingOf({ current, shared }: Pick<StandingModel, 'current' | 'shared'>): ModelStanding {
  if (shared !== null) return current !== null && current > shared ? 'ahead' : 'promoted';
  return current === null ? 'unusable' : 'unpromoted';
}

/** Every name of a model that came into the registry after `entered`; and where to look from the next time. */
export async function modelNames(
  db: Db,
  registry: RegistryName,
  entered: number,
): Promise<{ readonly names: string[]; readonly entered: number }> {
  const last = await lastEntered(db, registry);
  if (entered === 0) return { names: await allNames(db, registry, '', -1), entered: last };
  // Not `distinct`: for that SQLite walks all versions by their names, instead of the few that came meanwhile.
  const rows = await db
    .selectFrom('model_versions')
    .select('model_name')
    .where('registry', '=', registry)
    .where('entered', '>', entered)
    .orderBy('entered')
    .execute();
  return { names: [...new Set(rows.map((row) => row.model_name))], entered: Math.max(entered, last) };
}

/** Of each of these models how many versions it has. */
export async function versionCounts(
  db: Db,
  registry: RegistryName,
  names: readonly string[],
): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('model_versions')
    .select(['model_name', (e) => e.fn.countAll<number>().as('versions')])
    .where('registry', '=', registry)
    .where('model_name', 'in', names)
    .groupBy('model_name')
    .execute();
  return new Map(rows.map((row) => [row.model_name, Number(row.versions)]));
}

/** What one of the last versions of a model reported. */
export interface ReportedVersion {
  readonly metrics: Readonly<Record<string, number>>;
  readonly withdrawn: boolean;
  readonly pr: boolean;
}

/** The last `each` versions of each of these models by its name, oldest first. Numbers have no gaps: none is searched for. */
export async function lastVersions(
  db: Db,
  registry: RegistryName,
  models: readonly Pick<StandingModel, 'model_name' | 'newest'>[],
  each: number,
): Promise<Map<string, ReportedVersion[]>> {
  const found = new Map<string, ReportedVersion[]>();
  if (models.length === 0) return found;
  const { rows } = await sql<{ model_name: string; metrics: string; withdrawn: number; pr: number }>`
    with wanted (model_name, newest) as (values ${sql.join(
      models.map(({ model_name, newest }) => sql`(${model_name}, ${newest})`),
    )})
    select m.model_name, m.metrics, m.withdrawn_at is not null as withdrawn, m.pr
    from wanted cross join model_versions as m
    where m.registry = ${registry} and m.model_name = wanted.model_name
      and m.version between wanted.newest - ${each - 1} and wanted.newest
    order by m.model_name, m.version`.execute(db);
  for (const { model_name, metrics, withdrawn, pr } of rows) {
    const version = {
      metrics: Metrics.parse(JSON.parse(metrics)),
      withdrawn: withdrawn === 1,
      pr: pr === 1,
    };
    const of = found.get(model_name);
    if (of === undefined) found.set(model_name, [version]);
    else of.push(version);
  }
  return found;
}

const Metrics = z.record(z.string(), z.number());

/** The circuit and the plant of each of these models, as its newest version was trained. */
export async function ownersOf(
  db: Db,
  registry: RegistryName,
  names: readonly string[],
): Promise<{ readonly model_name: string; readonly circuit_id: string; readonly plant_id: string | null }[]> {
  if (names.length === 0) return [];
  const { rows } = await sql<{ model_name: string; circuit_id: string; plant_id: string | null }>`
    with wanted (model_name) as (values ${sql.join(names.map((name) => sql`(${name})`))})
    select m.model_name, m.circuit_id, json_extract(m.settings, '$.circuit.plant_id') as plant_id
    from wanted cross join model_versions as m
    where m.registry = ${registry} and m.model_name = wanted.model_name and m.version =
      (select max(n.version) from model_versions as n
       where n.registry = m.registry and n.model_name = wanted.model_name)`.execute(db);
  return rows;
}
