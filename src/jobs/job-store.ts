import { sql } from 'kysely';
import { z } from 'zod';
import { nextTurn, toIso } from '../kernel/clock.ts';
import { NotFoundError } from '../kernel/errors.ts';
import { nearest } from '../kernel/suggest.ts';
import { batches } from '../store/index.ts';
import type { Db, JobsTable, Tx } from '../store/index.ts';
import { attemptKey, freeJobName } from './job-names.ts';
import { JOB_MOVES, JobStatus, NO_JOBS, OPEN_STATUSES } from './status.ts';
import type { JobCounts } from './status.ts';

/** A row of table jobs with its status checked. */
export type Job = Omit<JobsTable, 'status'> & { status: JobStatus };

const isJob = (row: JobsTable): row is Job => Object.hasOwn(JOB_MOVES, row.status);

/** Checked, not copied: rows are read by the ten thousand. */
function asJob(row: JobsTable): Job {
  if (isJob(row)) return row;
  throw new TypeError(`Job ${row.name} has the status "${row.status}", which this Trainyard does not know.`);
}

const Metrics = z.record(z.string(), z.number());

/** The numbers that a job reported; null: none. */
export const metricsOf = ({ metrics }: Pick<Job, 'metrics'>): Record<string, number> | null =>
  metrics === null ? null : Metrics.parse(JSON.parse(metrics));

/** Columns of a job that nothing has happened to yet. */
export const NOT_BEGUN = {
  submitted_at: null,
  running_at: null,
  ended_at: null,
  queued_s: null,
  preparing_s: null,
  running_s: null,
  cpu_s: null,
  peak_memory_mib: null,
  exit_code: null,
  metrics: null,
  url: null,
  cancel_requested_at: null,
  not_before: null,
  failure: null,
} as const;

/** Writes new jobs down with their first attempts: the intent, before any provider hears of them. */
export async function insertJobs(tx: Tx, rows: readonly JobsTable[]): Promise<void> {
  for (const some of batches(rows, 250)) {
    await tx
      .insertInto('jobs')
      .values([...some])
      .execute();
    await tx
      .insertInto('attempts')
      .values(some.map((j) => newAttempt(j, j.attempt)))
      .execute();
  }
}

export function newAttempt(job: Pick<Job, 'id' | 'name' | 'run_id'>, number: number) {
  return { key: attemptKey(job.name, number), job_id: job.id, run_id: job.run_id, number, status: 'pending' };
}

/** Jobs of a run's stage with one of the statuses, oldest first; keyset paged by `after` (an id). */
export async function jobsOfStage(
  db: Db,
  query: {
    readonly run_id: string;
    readonly stage: string;
    readonly statuses: readonly JobStatus[];
    readonly after?: string;
    /** Leaves out what is not to be tried again before then, and what somebody wants ended. */
    readonly due_at?: string;
    readonly limit: number;
  },
): Promise<Job[]> {
  let select = db
    .selectFrom('jobs')
    .selectAll()
    .where('run_id', '=', query.run_id)
    .where('stage', '=', query.stage)
    .where('status', 'in', query.statuses)
    .orderBy('id')
    .limit(query.limit);
  if (query.after !== undefined) select = select.where('id', '>', query.after);
  const { due_at } = query;
  if (due_at !== undefined)
    select = select
      .where((e) => e.or([e('not_before', 'is', null), e('not_before', '<=', due_at)]))
      .where('cancel_requested_at', 'is', null);
  return (await select.execute()).map(asJob);
}

/** When the next attempt of a job is due that failed before, or null. */
export async function earliestRetry(db: Db, run_id: string, stage: string): Promise<string | null> {
  const row = await db
    .selectFrom('jobs')
    .select((e) => e.fn.min('not_before').as('not_before'))
    .where('run_id', '=', run_id)
    .where('stage', '=', stage)
    .where('status', '=', 'pending')
    .executeTakeFirst();
  return row?.not_before ?? null;
}

/** Goes through all such jobs page by page, so that memory does not grow with the fleet. */
export async function* eachJob(
  db: Db,
  query: { readonly run_id: string; readonly stage: string; readonly statuses: readonly JobStatus[] },
): AsyncGenerator<readonly Job[]> {
  let after: string | undefined;
  for (;;) {
    const page = await jobsOfStage(db, { ...query, ...(after === undefined ? {} : { after }), limit: 500 });
    if (page.length > 0) yield page;
    if (page.length < 500) return;
    after = page.at(-1)?.id;
  }
}

/** The jobs whose present attempt has one of these keys. */
export async function jobsByKey(db: Db, keys: readonly string[]): Promise<Map<string, Job>> {
  const found = new Map<string, Job>();
  for (const some of batches(keys)) {
    const rows = await db
      .selectFrom('jobs')
      .innerJoin('attempts', (join) =>
        join.onRef('attempts.job_id', '=', 'jobs.id').onRef('attempts.number', '=', 'jobs.attempt'),
      )
      .selectAll('jobs')
      .select('attempts.key as attempt_key')
      .where('attempts.key', 'in', some)
      .execute();
    for (const { attempt_key, ...row } of rows) found.set(attempt_key, asJob(row));
  }
  return found;
}

export async function countJobs(db: Db, run_id: string, stage?: string): Promise<JobCounts> {
  let select = db
    .selectFrom('jobs')
    .select((e) => ['status', e.fn.countAll<number>().as('n')])
    .where('run_id', '=', run_id)
    .groupBy('status');
  if (stage !== undefined) select = select.where('stage', '=', stage);
  const counts = { ...NO_JOBS };
  for (const row of await select.execute()) counts[JobStatus.parse(row.status)] = Number(row.n);
  return counts;
}

/** Failed circuits that are not optional. */
export async function countMandatoryFailures(db: Db, run_id: string, stage: string): Promise<number> {
  const row = await db
    .selectFrom('jobs')
    .select((e) => e.fn.countAll<number>().as('n'))
    .where('run_id', '=', run_id)
    .where('stage', '=', stage)
    .where('status', '=', 'failed')
    .where('optional', '=', 0)
    .executeTakeFirst();
  return Number(row?.n ?? 0);
}

/** When the earliest still running job of a stage began to run, or null. */
export async function earliestRunning(db: Db, run_id: string, stage: string): Promise<string | null> {
  const row = await db
    .selectFrom('jobs')
    .select((e) => e.fn.min('running_at').as('running_at'))
    .where('run_id', '=', run_id)
    .where('stage', '=', stage)
    .where('status', '=', 'running')
    .executeTakeFirst();
  return row?.running_at ?? null;
}

/** By name or id; the id of a script means its newest job. @throws NotFoundError with the nearest names */
export async function findJob(db: Db, name: string): Promise<Job> {
  const script = await db
    .selectFrom('jobs')
    // The few jobs first, whatever runs of scripts there are.
    .crossJoin('runs')
    .whereRef('runs.id', '=', 'jobs.run_id')
    .selectAll('jobs')
    .where('jobs.circuit_id', '=', name)
    .where('runs.pipeline', '=', 'scripts')
    .orderBy('jobs.id', 'desc')
    .limit(1)
    .executeTakeFirst();
  const row =
    script ??
    (await db
      .selectFrom('jobs')
      .selectAll()
      .where((e) => e.or([e('name', '=', name), e('id', '=', name)]))
      .executeTakeFirst());
  if (row !== undefined) return asJob(row);
  const recent = await db
    .selectFrom('jobs')
    .select('name')
    .orderBy('created_at', 'desc')
    .limit(2000)
    .execute();
  const near = nearest(
    name,
    recent.map((r) => r.name),
  );
  throw new NotFoundError(`There is no job ${name}.`, {
    hint: near.length > 0 ? `Did you mean ${near.join(' or ')}?` : 'List them with `trainyard jobs list`.',
  });
}

/** Jobs by their ids, in the same order; ids that there are not are left out. */
export async function jobsById(db: Db, ids: readonly string[]): Promise<Job[]> {
  const found = new Map<string, Job>();
  for (const some of batches(ids)) {
    const rows = await db.selectFrom('jobs').selectAll().where('id', 'in', some).execute();
    for (const row of rows) found.set(row.id, asJob(row));
    // Rows are wide: with thousands of them, others have their turn in between.
    if (ids.length > some.length) await nextTurn();
  }
  return ids.flatMap((id) => found.get(id) ?? []);
}

/** Jobs by their names; names that nobody carries are left out. */
export async function jobsByName(db: Db, names: readonly string[]): Promise<Map<string, Job>> {
  const found = new Map<string, Job>();
  for (const some of batches(names)) {
    const rows = await db.selectFrom('jobs').selectAll().where('name', 'in', some).execute();
    for (const row of rows) found.set(row.name, asJob(row));
  }
  return found;
}

/** Seconds that each circuit's training took when it last succeeded; circuits that never did are left out. */
export async function usualDurations(db: Db, circuit_ids: readonly string[]): Promise<Map<string, number>> {
  const usual = new Map<string, number>();
  for (const some of batches(circuit_ids)) {
    const rows = await db
      .selectFrom('jobs')
      .select(['circuit_id', 'running_s'])
      .where('circuit_id', 'in', some)
      .where('status', '=', 'succeeded')
      .where('running_s', 'is not', null)
      .orderBy('id')
      .execute();
    for (const row of rows) usual.set(row.circuit_id, row.running_s ?? 0);
  }
  return usual;
}
/** Names are used once, also after retention removed the run: providers may still know them. */
const NAMED = ['jobs', 'used_job_names'] as const;

/**
 * Names that new jobs with these bases cannot have. Those of the same base, and where another base leads to the same
 * name (circuit `kiln`, trained twice, and circuit `kiln_2`) as far as is needed to find a free one.
 */
export async function takenNames(db: Db, bases: readonly string[]): Promise<Set<string>> {
  const taken = new Set<string>();
  for (const some of batches(bases)) {
    for (const table of NAMED) {
      const rows = await db.selectFrom(table).select('name').where('base_name', 'in', some).execute();
      for (const row of rows) taken.add(row.name);
    }
  }
  for (let wanted = bases; wanted.length > 0;) {
    const used: string[] = [];
    for (const some of batches(wanted)) {
      const names = new Map(some.map((base) => [freeJobName(base, taken), base]));
      for (const table of NAMED) {
        const rows = await db
          .selectFrom(table)
          .select('name')
          .where('name', 'in', [...names.keys()])
          .execute();
        for (const { name } of rows) {
          taken.add(name);
          used.push(names.get(name) ?? name);
        }
      }
    }
    wanted = used;
  }
  return taken;
}

/** The newest job of each circuit outside pull-request runs, with its run: what a plan calls owed is read from it. */
export interface LastJob {
  readonly circuit_id: string;
  readonly name: string;
  readonly status: JobStatus;
  readonly message: string | null;
  readonly training_hash: string;
  readonly inputs_digest: string;
  readonly run_id: string;
  readonly run_number: number;
  readonly run_over: boolean;
  /** Its run will not ask about it any more: it is over, or its retry stage is. */
  readonly settled: boolean;
}

/** Sorts jobs by their runs, and those of one run by their ids, which begin at the sixteenth character. */
const PLACE = sql`printf('%015d', counting.number) || j.id`;

type LastRow = Omit<LastJob, 'status' | 'run_over' | 'settled'> & {
  readonly status: string;
  readonly run_ended_at: string | null;
  readonly retry_ended_at: string | null;
};

export async function lastJobs(db: Db, circuit_ids: readonly string[]): Promise<Map<string, LastJob>> {
  const found = new Map<string, LastJob>();
  for (const some of batches(circuit_ids)) {
    // Not by time: the machine's clock may have gone back between two runs. One that is still going on, such as a retry
    // of an older run, says more than a later one that is over. Out of an index, but for the one that counts of each.
    const { rows } = await sql<LastRow>`
      with counting as materialized (
        select id, number from runs where pipeline = 'train' and pr = 0 and rehearsal = 0
      ), newest as materialized (
        select max(${PLACE}) as place, max(iif(j.status in (${sql.join(OPEN_STATUSES)}), ${PLACE}, null)) as open_place
        from jobs as j cross join counting on counting.id = j.run_id
        where j.circuit_id in (${sql.join(some)}) group by j.circuit_id
      )
      select jobs.circuit_id, jobs.name, jobs.status, jobs.message, jobs.training_hash, jobs.inputs_digest, jobs.run_id,
        runs.number as run_number, runs.ended_at as run_ended_at, stages.ended_at as retry_ended_at
      from newest
      cross join jobs on jobs.id = substr(coalesce(newest.open_place, newest.place), 16)
      join runs on runs.id = jobs.run_id
      left join stages on stages.run_id = jobs.run_id and stages.name = 'RetryFailedTraining'`.execute(db);
    for (const { run_ended_at, retry_ended_at, ...row } of rows) {
      const run_over = run_ended_at !== null;
      found.set(row.circuit_id, {
        ...row,
        status: JobStatus.parse(row.status),
        run_over,
        settled: run_over || retry_ended_at !== null,
      });
    }
  }
  return found;
}

/** Marks every open job of a run that no provider has heard of as canceled; the others are canceled at the provider. */
export async function cancelPending(tx: Tx, now: number, run_id: string): Promise<void> {
  await tx
    .updateTable('jobs')
    .set({ status: 'canceled', ended_at: toIso(now), message: 'canceled before it was handed over' })
    .where('run_id', '=', run_id)
    .where('status', '=', 'pending')
    .execute();
}
