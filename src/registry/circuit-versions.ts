import { sql } from 'kysely';
import { z } from 'zod';
import { batches } from '../store/index.ts';
import type { Db } from '../store/index.ts';
import type { ModelRef } from './model-version.ts';

/** A version of the dev registry as a line of a circuit's history. */
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

type VersionRow = Omit<CircuitVersionRow, 'metrics' | 'withdrawn' | 'pr'> & {
  readonly metrics: string;
  readonly withdrawn_at: string | null;
  readonly pr: number;
};

const Metrics = z.record(z.string(), z.number());

/** The last `each` versions of each circuit in the dev registry, oldest first; pull requests and withdrawn ones too. */
export async function versionsOfCircuits(
  db: Db,
  circuit_ids: readonly string[],
  each: number,
): Promise<Map<string, CircuitVersionRow[]>> {
  const found = new Map<string, CircuitVersionRow[]>();
  for (const some of batches(circuit_ids)) {
    // Of each the newest out of the index, and nothing of what came before.
    const { rows } = await sql<VersionRow>`
      with wanted (id) as (values ${sql.join(some.map((id) => sql`(${id})`))})
      select m.circuit_id, m.model_name, m.version, m.created_at, m.training_hash, m.metrics, m.withdrawn_at, m.pr,
        runs.number as run
      from wanted cross join model_versions as m
      left join runs on runs.id = m.run_id
      where m.rowid in (
        select n.rowid from model_versions as n
        where n.registry = 'dev' and n.circuit_id = wanted.id order by n.created_at desc limit ${each})
      order by m.circuit_id, m.created_at`.execute(db);
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
