import { batches } from '../store/index.ts';
import type { Db } from '../store/index.ts';
import { JobStatus, OPEN_STATUSES, isOver } from './status.ts';

/** What somebody who waits for a job wants to know of it. */
export interface NamedJob {
  readonly id: string;
  readonly name: string;
  readonly run_id: string;
  readonly circuit_id: string;
  readonly optional: boolean;
  readonly retry: boolean;
  readonly status: JobStatus;
  readonly attempt: number;
  readonly reason: string | null;
  readonly message: string | null;
  readonly exit_code: number | null;
  readonly failure: string | null;
  readonly ended_at: string | null;
}

/** Jobs of any run by their names, as they stand now. Names that no job has are left out. */
export async function jobsNamed(db: Db, names: readonly string[]): Promise<Map<string, NamedJob>> {
  const found = new Map<string, NamedJob>();
  for (const some of batches(names)) {
    const rows = await select(db).where('name', 'in', some).execute();
    for (const row of rows) found.set(row.name, asNamedJob(row));
  }
  return found;
}

/** Looks at a set of jobs again and again, at the cost of one count while nothing ends. */
export class WatchedJobs {
  readonly #db: Db;
  readonly #jobs: Map<string, NamedJob>;
  readonly #run_ids: readonly string[];
  #ended = -1;

  constructor(db: Db, jobs: Iterable<NamedJob>) {
    this.#db = db;
    this.#jobs = new Map([...jobs].map((job) => [job.id, job]));
    this.#run_ids = [...new Set([...this.#jobs.values()].map((job) => job.run_id))];
  }

  /** In the order in which they were given. */
  get all(): readonly NamedJob[] {
    return [...this.#jobs.values()];
  }

  get open(): readonly NamedJob[] {
    return this.all.filter((job) => !isOver(job.status));
  }

  get run_ids(): readonly string[] {
    return this.#run_ids;
  }

  /** Reads what has ended since the last look. Returns whether anything had. */
  async look(): Promise<boolean> {
    const ended = await this.#countEnded();
    if (ended === this.#ended) return false;
    this.#ended = ended;
    let news = false;
    for (const some of batches(this.open.map((job) => job.id))) {
      const rows = await select(this.#db)
        .where('id', 'in', some)
        .where('status', 'not in', OPEN_STATUSES)
        .execute();
      for (const row of rows) this.#jobs.set(row.id, asNamedJob(row));
      news ||= rows.length > 0;
    }
    return news;
  }

  async #countEnded(): Promise<number> {
    let sum = 0;
    for (const some of batches(this.#run_ids)) {
      const row = await this.#db
        .selectFrom('jobs')
        .select((e) => e.fn.countAll<number>().as('n'))
        .where('run_id', 'in', some)
        .where('status', 'not in', OPEN_STATUSES)
        .executeTakeFirst();
      sum += Number(row?.n ?? 0);
    }
    return sum;
  }
}

const select = (db: Db) =>
  db
    .selectFrom('jobs')
    .select([
      'id',
      'name',
      'run_id',
      'circuit_id',
      'optional',
      'retry',
      'status',
      'attempt',
      'exit_code',
      'failure',
      'reason',
      'message',
      'ended_at',
    ]);

type Row = Awaited<ReturnType<ReturnType<typeof select>['execute']>>[number];

const asNamedJob = (row: Row): NamedJob => ({
  ...row,
  optional: row.optional === 1,
  retry: row.retry === 1,
  status: JobStatus.parse(row.status),
});

/** Names of the newest jobs, to find what somebody meant. */
export async function recentJobNames(db: Db): Promise<string[]> {
  const rows = await db.selectFrom('jobs').select('name').orderBy('id', 'desc').limit(RECENT).execute();
  return rows.map((row) => row.name);
}

const RECENT = 2000;
