import { z } from 'zod';
import { toIso } from '../kernel/clock.ts';
import type { Db, Store, Tx } from '../store/index.ts';
import { modelsLeft } from './old-runs.ts';

/** Rows that go in one transaction: a server answers nobody meanwhile. */
const ROWS = 100;
/** Circuits of a plan, for which the plans of all other runs are looked at. */
const CIRCUITS = 50;

/** Runs whose removal was begun by a process that died. */
export async function halfRemovedRuns(db: Db): Promise<{ id: string; number: number }[]> {
  return db
    .selectFrom('run_retention')
    .innerJoin('runs', 'runs.id', 'run_retention.run_id')
    .select(['runs.id', 'runs.number'])
    .where('removing_at', 'is not', null)
    .orderBy('runs.number')
    .execute();
}

/**
 * Removes a run with everything that belongs to it, in pieces: from the first on it counts as gone. Names of its jobs
 * stay taken, and data assets go with it that no other run names. Yields after each piece; returns false when the run is
 * open again. `before` null: it was begun before.
 */
export async function* removeRun(
  store: Store,
  now: number,
  run_id: string,
  before: string | null,
  faultPoint: (name: string) => void,
): AsyncGenerator<void, boolean> {
  if (before !== null) {
    if (!(await store.tx((tx) => beginRemoval(tx, now, run_id, before)))) return false;
    faultPoint('prune.run_begun');
    yield;
  }
  for (const piece of [removeEvents, removeChildren, removeCircuits, removeJobs, removeSubjects]) {
    for (let more = true; more;) {
      more = await store.tx((tx) => piece(tx, run_id));
      faultPoint('prune.run_piece');
      yield;
    }
  }
  await store.tx(async (tx) => {
    // What only this rehearsal registered would pass for registered in earnest without it.
    await tx
      .deleteFrom('assets')
      .where('run_id', 'in', (e) =>
        e.selectFrom('runs').select('id').where('id', '=', run_id).where('rehearsal', '=', 1),
      )
      .execute();
    await tx.deleteFrom('runs').where('id', '=', run_id).execute();
  });
  faultPoint('prune.run_removed');
  return true;
}

async function beginRemoval(tx: Tx, now: number, run_id: string, before: string): Promise<boolean> {
  const run = await tx
    .selectFrom('runs')
    .select('id')
    .where('id', '=', run_id)
    .where('ended_at', '<', before)
    .executeTakeFirst();
  if (run === undefined || (await modelsLeft(tx, run_id)) > 0) return false;
  const at = toIso(now);
  await tx
    .insertInto('run_retention')
    .values({ run_id, logs_removed_at: at, removing_at: at })
    .onConflict((conflict) => conflict.column('run_id').doUpdateSet({ removing_at: at }))
    .execute();
  return true;
}

async function removeEvents(tx: Tx, run_id: string): Promise<boolean> {
  const result = await tx
    .deleteFrom('events')
    .where('seq', 'in', (e) =>
      e.selectFrom('events').select('seq').where('run_id', '=', run_id).orderBy('seq').limit(ROWS),
    )
    .executeTakeFirst();
  return Number(result.numDeletedRows) === ROWS;
}

async function removeChildren(tx: Tx, run_id: string): Promise<boolean> {
  const result = await tx
    .deleteFrom('runs')
    .where('id', 'in', (e) =>
      e.selectFrom('runs').select('id').where('parent_run_id', '=', run_id).limit(ROWS),
    )
    .executeTakeFirst();
  return Number(result.numDeletedRows) === ROWS;
}

async function removeJobs(tx: Tx, run_id: string): Promise<boolean> {
  const rows = await tx
    .selectFrom('jobs')
    .select(['id', 'name', 'base_name'])
    .where('run_id', '=', run_id)
    .limit(ROWS)
    .execute();
  if (rows.length === 0) return false;
  await tx
    .insertInto('used_job_names')
    .values(rows.map(({ name, base_name }) => ({ name, base_name })))
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  await tx
    .deleteFrom('jobs')
    .where(
      'id',
      'in',
      rows.map((row) => row.id),
    )
    .execute();
  return rows.length === ROWS;
}

async function removeSubjects(tx: Tx, run_id: string): Promise<boolean> {
  const next = await tx
    .selectFrom('approval_subjects as subject')
    .innerJoin('approvals', 'approvals.id', 'subject.approval_id')
    .select('approvals.id')
    .where('approvals.run_id', '=', run_id)
    .limit(1)
    .executeTakeFirst();
  if (next === undefined) return false;
  await tx
    .deleteFrom('approval_subjects')
    .where('approval_id', '=', next.id)
    .where('subject', 'in', (e) =>
      e.selectFrom('approval_subjects').select('subject').where('approval_id', '=', next.id).limit(ROWS),
    )
    .execute();
  // The run may have other requests.
  return true;
}

const DataAsset = z.object({ name: z.string(), version: z.string() });

async function removeCircuits(tx: Tx, run_id: string): Promise<boolean> {
  const rows = await tx
    .selectFrom('plan_circuits')
    .select(['circuit_id', 'data_asset'])
    .where('run_id', '=', run_id)
    .orderBy('circuit_id')
    .limit(CIRCUITS)
    .execute();
  if (rows.length === 0) return false;
  for (const { name, version } of await unneededData(tx, rows, new Set([run_id])))
    await tx
      .deleteFrom('assets')
      .where('kind', '=', 'data')
      .where('name', '=', name)
      .where('version', '=', version)
      .execute();
  await tx
    .deleteFrom('plan_circuits')
    .where('run_id', '=', run_id)
    .where(
      'circuit_id',
      'in',
      rows.map((row) => row.circuit_id),
    )
    .execute();
  return rows.length === CIRCUITS;
}

/** Data assets that these circuits of a plan name, and that no run but those `without` names. */
async function unneededData(
  db: Db,
  circuits: readonly { readonly circuit_id: string; readonly data_asset: string | null }[],
  without: ReadonlySet<string>,
): Promise<{ name: string; version: string }[]> {
  const named = new Map<string, { name: string; version: string }>();
  for (const { data_asset } of circuits)
    if (data_asset !== null) {
      const { name, version } = DataAsset.parse(JSON.parse(data_asset));
      named.set(`${name}:${version}`, { name, version });
    }
  if (named.size === 0) return [];
  const others = await db
    .selectFrom('plan_circuits')
    .select(['run_id', 'data_asset'])
    .where(
      'circuit_id',
      'in',
      circuits.map((row) => row.circuit_id),
    )
    .where('data_asset', 'is not', null)
    .execute();
  for (const { run_id, data_asset } of others) {
    if (without.has(run_id)) continue;
    const { name, version } = DataAsset.parse(JSON.parse(data_asset ?? 'null'));
    named.delete(`${name}:${version}`);
  }
  return [...named.values()];
}

/** Data assets that would go with these runs, as `name:version`: for a dry run. */
export async function dataOfRuns(db: Db, run_ids: ReadonlySet<string>): Promise<Set<string>> {
  const found = new Set<string>();
  for (const run_id of run_ids) {
    for (let after = ''; ;) {
      const rows = await db
        .selectFrom('plan_circuits')
        .select(['circuit_id', 'data_asset'])
        .where('run_id', '=', run_id)
        .where('circuit_id', '>', after)
        .orderBy('circuit_id')
        .limit(500)
        .execute();
      for (const { name, version } of await unneededData(db, rows, run_ids)) found.add(`${name}:${version}`);
      if (rows.length < 500) break;
      after = rows.at(-1)?.circuit_id ?? '';
    }
  }
  return found;
}
