import { sql } from 'kysely';
import { batches } from '../store/index.ts';
import type { Db } from '../store/index.ts';
import { VERSION_COLUMNS, fromRow, refText } from './model-version.ts';
import type { ModelRef, ModelVersion, RegistryName, VersionRow } from './model-version.ts';
import { sharedOf } from './page-of-versions.ts';
import type { ModelState } from './page-of-versions.ts';

/** A version with what the rest of the store says of it. */
export interface StatedVersion {
  readonly model: ModelVersion;
  readonly state: ModelState;
  /** When it came into the shared registry; null: there is no copy that may be used. */
  readonly promoted_at: string | null;
  /** Number of the run that made it; null: that run is gone. */
  readonly run: number | null;
}

/** Many versions at once in the order asked; those that do not exist are left out. */
export async function statedVersions(
  db: Db,
  registry: RegistryName,
  refs: readonly ModelRef[],
): Promise<StatedVersion[]> {
  const found = new Map<string, StatedVersion>();
  const columns = sql.join(VERSION_COLUMNS.map((column) => sql.ref(`m.${column}`)));
  for (const some of batches(refs, 400)) {
    const { rows } = await sql<
      VersionRow & { run: number | null; good_at: string | null; shared: string | null }
    >`
      with wanted (model_name, version) as (values ${sql.join(
        some.map((ref) => sql`(${ref.model_name}, ${ref.version})`),
      )})
      select ${columns}, runs.number as run, s.created_at as shared,
        (select max(g.created_at) from model_versions as g
         where g.registry = m.registry and g.circuit_id = m.circuit_id
           and g.pr = 0 and g.withdrawn_at is null and g.files_removed_at is null) as good_at
      from wanted
      join model_versions as m
        on m.registry = ${registry} and m.model_name = wanted.model_name and m.version = wanted.version
      left join model_versions as s
        on s.registry = ${sharedOf(registry)} and s.model_name = m.model_name and s.version = m.version
          and s.withdrawn_at is null
      left join runs on runs.id = m.run_id`.execute(db);
    for (const { run, good_at, shared, ...row } of rows) {
      const model = fromRow(row);
      found.set(refText(model), {
        model,
        state: stateOf(model, good_at),
        promoted_at: shared,
        run,
      });
    }
  }
  return refs.flatMap((ref) => found.get(refText(ref)) ?? []);
}

function stateOf(model: ModelVersion, good_at: string | null): ModelState {
  if (model.withdrawn !== null) return 'withdrawn';
  if (model.files_removed_at !== null) return 'removed';
  if (model.pr) return 'pull_request';
  if (!model.registry.endsWith('dev')) return 'promoted';
  return model.created_at === good_at ? 'good' : 'superseded';
}

/** How many versions a model has. */
export async function countVersions(db: Db, registry: RegistryName, model_name: string): Promise<number> {
  const row = await db
    .selectFrom('model_versions')
    .select((e) => e.fn.countAll<number>().as('count'))
    .where('registry', '=', registry)
    .where('model_name', '=', model_name)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** What the last versions of a model reported, oldest first. */
export async function metricsOfModel(
  db: Db,
  registry: RegistryName,
  model_name: string,
  limit: number,
): Promise<
  (Pick<ModelVersion, 'version' | 'created_at' | 'metrics' | 'pr' | 'withdrawn'> & {
    readonly run: number | null;
    readonly promoted: boolean;
  })[]
> {
  const rows = await db
    .selectFrom('model_versions as m')
    .leftJoin('runs', 'runs.id', 'm.run_id')
    .leftJoin('model_versions as s', (join) =>
      join
        .on('s.registry', '=', sharedOf(registry))
        .onRef('s.model_name', '=', 'm.model_name')
        .onRef('s.version', '=', 'm.version')
        .on('s.withdrawn_at', 'is', null),
    )
    .select([
      ...VERSION_COLUMNS.map((column) => `m.${column}` as const),
      'runs.number as run',
      's.version as shared',
    ])
    .where('m.registry', '=', registry)
    .where('m.model_name', '=', model_name)
    .orderBy('m.version', 'desc')
    .limit(limit)
    .execute();
  return rows
    .toReversed()
    .map(({ run, shared, ...row }) => ({ ...fromRow(row), run, promoted: shared !== null }));
}
