import type { Db } from '../store/index.ts';
import { overFor } from './run-retention.ts';
import { scriptsPipeline } from './scripts.ts';
import { trainPipeline } from './train.ts';

/** Jobs that are looked at in one piece. */
const JOBS = 5000;

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
 * Null after each piece of looking, for whoever lets others have their turn.
 */
export async function* oldRuns(
  db: Db,
  now: number,
  before: string,
  leaving: ReadonlyMap<string, number>,
): AsyncGenerator<OldRun | null> {
  const last = await lastNumbers(db);
  const deciding = new Set<number>();
  for await (const numbers of decidingRuns(db)) {
    for (const number of numbers) deciding.add(number);
    yield null;
  }
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

/** The newest run of each pipeline, the newest of all among them: `scripts --resume` asks for the last one. */
async function lastNumbers(db: Db): Promise<Set<number>> {
  const last = new Set<number>();
  for (const { name } of [trainPipeline, scriptsPipeline]) {
    const row = await db
      .selectFrom('runs')
      .select('number')
      .where('pipeline', '=', name)
      .where('parent_run_id', 'is', null)
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (row !== undefined) last.add(row.number);
  }
  return last;
}

/** Runs with the newest job of a circuit, as `lastJobs` would find it; some circuits at a time. */
async function* decidingRuns(db: Db): AsyncGenerator<number[]> {
  for (let after = ''; ;) {
    const circuits = await nextCircuits(db, after);
    const last = circuits.at(-1);
    if (last === undefined) return;
    after = last;
    const rows = await db
      .selectFrom('jobs')
      .innerJoin('runs', 'runs.id', 'jobs.run_id')
      .select((e) => e.fn.max('runs.number').as('number'))
      .where('jobs.circuit_id', 'in', circuits)
      .where('runs.pr', '=', 0)
      .where('runs.rehearsal', '=', 0)
      .where('runs.pipeline', '=', 'train')
      .groupBy('jobs.circuit_id')
      .execute();
    yield rows.map((row) => row.number);
  }
}

/** At least one, whatever its past. */
async function nextCircuits(db: Db, after: string): Promise<string[]> {
  const rows = await db
    .selectFrom('jobs')
    .select((e) => ['circuit_id', e.fn.countAll<number>().as('jobs')])
    .where('circuit_id', '>', after)
    .groupBy('circuit_id')
    .orderBy('circuit_id')
    .limit(500)
    .execute();
  let jobs = 0;
  return rows.filter((row, i) => (jobs += Number(row.jobs)) <= JOBS || i === 0).map((row) => row.circuit_id);
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
