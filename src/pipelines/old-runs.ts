import type { Db } from '../store/index.ts';
import { overFor } from './run-retention.ts';

/** A run that is over for long enough: it goes, or something depends on it. */
export interface OldRun {
  readonly id: string;
  readonly number: number;
  readonly action: 'remove' | 'keep';
  readonly why: string;
}

/**
 * Runs that are over since before `before`, oldest first, each with what is to become of it. A run stays while a model
 * it made has its files, while one of its jobs is the newest of its circuit (that is where plans read what is owed), and
 * while it is the newest of all: numbers are not given twice.
 * `leaving`: how many versions of each run would lose their files in a dry run before this.
 */
export async function* oldRuns(
  db: Db,
  now: number,
  before: string,
  leaving: ReadonlyMap<string, number>,
): AsyncGenerator<OldRun> {
  const last = await lastNumbers(db);
  const deciding = await decidingRuns(db);
  for (let after = 0; ;) {
    const rows = await db
      .selectFrom('runs')
      .select(['id', 'number', 'ended_at'])
      .where('parent_run_id', 'is', null)
      .where('ended_at', '<', before)
      .where('number', '>', after)
      .where('id', 'not in', (e) =>
        e.selectFrom('run_retention').select('run_id').where('removing_at', 'is not', null),
      )
      .orderBy('number')
      .limit(100)
      .execute();
    for (const { id, number, ended_at } of rows) {
      after = number;
      const why = last.has(number)
        ? 'the newest run'
        : deciding.has(number)
          ? 'a job of it is the newest of its circuit'
          : (await modelsLeft(db, id)) > (leaving.get(id) ?? 0)
            ? 'models of it have their files'
            : null;
      yield why === null
        ? { id, number, action: 'remove', why: overFor(ended_at ?? before, now) }
        : { id, number, action: 'keep', why };
    }
    if (rows.length < 100) return;
  }
}

/** The newest run of all, and the newest of each pipeline: `scripts --resume` asks for the last one. */
async function lastNumbers(db: Db): Promise<Set<number>> {
  const rows = await db
    .selectFrom('runs')
    .select((e) => e.fn.max('number').as('number'))
    .where('parent_run_id', 'is', null)
    .groupBy('pipeline')
    .execute();
  return new Set(rows.map((row) => row.number));
}

/** Runs with the newest job of a circuit, as `lastJobs` would find it. */
async function decidingRuns(db: Db): Promise<Set<number>> {
  const newest = db
    .selectFrom('jobs')
    .innerJoin('runs', 'runs.id', 'jobs.run_id')
    .select((e) => e.fn.max('runs.number').as('number'))
    .where('runs.pr', '=', 0)
    .where('runs.rehearsal', '=', 0)
    .where('runs.pipeline', '=', 'train')
    .groupBy('jobs.circuit_id');
  const rows = await db.selectFrom(newest.as('newest')).select('newest.number').distinct().execute();
  return new Set(rows.map((row) => row.number));
}

export async function modelsLeft(db: Db, run_id: string): Promise<number> {
  const row = await db
    .selectFrom('model_versions')
    .select((e) => e.fn.countAll<number>().as('n'))
    .where('run_id', '=', run_id)
    .where('files_removed_at', 'is', null)
    .executeTakeFirst();
  return Number(row?.n ?? 0);
}
