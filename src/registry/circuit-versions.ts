import { sql } from 'kysely';
import { z } from 'zod';
import { batches } from '../store/index.ts';
import type { Db } from '../store/index.ts';
import type { ModelRef, RegistryName } from './model-version.ts';

/** A version as a line of a circuit's history. */
export interface CircuitVersionRow {
  readonly circuit_id: string;
  readonly model_name: string;
  readonly version: number;
  readonly created_at: string;
  readonly training_hash: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly withdrawn: boolean;
  readonly pr: boolean;
  /** Number of the run that made it; null: that run is gone. */
  readonly run: number | null;
}

const Metrics = z.record(z.string(), z.number());

/** The last `each` versions of each circuit in a registry, oldest first; pull requests and withdrawn ones too. */
export async function versionsOfCircuits(
  db: Db,
  registry: RegistryName,
  circuit_ids: readonly string[],
  each: number,
): Promise<Map<string, CircuitVersionRow[]>> {
  const found = new Map<string, CircuitVersionRow[]>();
  for (const some of batches(circuit_ids)) {
    const rows = await db
      .with('newest', (q) =>
        q
          .selectFrom('model_versions')
          .select(['model_name', 'version'])
          .select(
            sql<number>`row_number() over (partition by circuit_id order by created_at desc)`.as('place'),
          )
          .where('registry', '=', registry)
          .where('circuit_id', 'in', some),
      )
      .selectFrom('newest')
      .innerJoin('model_versions as m', (join) =>
        join.onRef('m.model_name', '=', 'newest.model_name').onRef('m.version', '=', 'newest.version'),
      )
      .leftJoin('runs', 'runs.id', 'm.run_id')
      .where('newest.place', '<=', each)
      .where('m.registry', '=', registry)
      .select([
        'm.circuit_id',
        'm.model_name',
        'm.version',
        'm.created_at',
        'm.training_hash',
        'm.metrics',
        'm.withdrawn_at',
        'm.pr',
        'runs.number as run',
      ])
      .orderBy('m.circuit_id')
      .orderBy('m.created_at')
      .execute();
    for (const { withdrawn_at, pr, metrics, ...row } of rows) {
      const version = {
        ...row,
        metrics: Metrics.parse(JSON.parse(metrics)),
        withdrawn: withdrawn_at !== null,
        pr: pr === 1,
      };
      const of = found.get(row.circuit_id);
      if (of === undefined) found.set(row.circuit_id, [version]);
      else of.push(version);
    }
  }
  return found;
}

/** Metrics and run of these versions of the dev registry, by `model:version`. */
export async function metricsOf(
  db: Db,
  refs: readonly ModelRef[],
): Promise<Map<string, { readonly metrics: Readonly<Record<string, number>>; readonly run: number | null }>> {
  const found = new Map<
    string,
    { readonly metrics: Readonly<Record<string, number>>; readonly run: number | null }
  >();
  for (const some of batches(refs, 400)) {
    const { rows } = await sql<{ model_name: string; version: number; metrics: string; run: number | null }>`
      with wanted (model_name, version) as (values ${sql.join(
        some.map((ref) => sql`(${ref.model_name}, ${ref.version})`),
      )})
      select m.model_name, m.version, m.metrics, runs.number as run
      from wanted
      join model_versions as m
        on m.registry = 'dev' and m.model_name = wanted.model_name and m.version = wanted.version
      left join runs on runs.id = m.run_id`.execute(db);
    for (const { model_name, version, metrics, run } of rows)
      found.set(`${model_name}:${version}`, { metrics: Metrics.parse(JSON.parse(metrics)), run });
  }
  return found;
}
