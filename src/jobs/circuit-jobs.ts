import { sql } from 'kysely';
import { batches } from '../store/index.ts';
import type { Db } from '../store/index.ts';
import { JobStatus, OPEN_STATUSES } from './status.ts';

/** Circuits that a job of an open run is under way for; pull requests and rehearsals train nothing that counts. */
export async function circuitsInTraining(db: Db): Promise<Set<string>> {
  const rows = await db
    .selectFrom('runs')
    .innerJoin('jobs', 'jobs.run_id', 'runs.id')
    .select('jobs.circuit_id')
    .distinct()
    .where('runs.pipeline', '=', 'train')
    .where('runs.ended_at', 'is', null)
    .where('runs.pr', '=', 0)
    .where('runs.rehearsal', '=', 0)
    .where('jobs.status', 'in', OPEN_STATUSES)
    .execute();
  return new Set(rows.map((row) => row.circuit_id));
}

/** What a circuit was to be trained on. */
interface Wanted {
  readonly id: string;
  readonly training_hash: string;
  readonly inputs_digest: string;
}

/** When each circuit was first tried with what it wants now; those that never were are left out. */
export async function firstTried(db: Db, wanted: readonly Wanted[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const some of batches(wanted)) {
    const by_id = new Map(some.map((each) => [each.id, each]));
    const rows = await db
      .selectFrom('jobs')
      .innerJoin('runs', 'runs.id', 'jobs.run_id')
      .select([
        'jobs.circuit_id',
        'jobs.training_hash',
        'jobs.inputs_digest',
        (e) => e.fn.min('jobs.created_at').as('at'),
      ])
      .where('jobs.circuit_id', 'in', [...by_id.keys()])
      .where('runs.pr', '=', 0)
      .where('runs.rehearsal', '=', 0)
      .groupBy(['jobs.circuit_id', 'jobs.training_hash', 'jobs.inputs_digest'])
      .execute();
    for (const row of rows) {
      const wants = by_id.get(row.circuit_id);
      if (wants?.training_hash === row.training_hash && wants.inputs_digest === row.inputs_digest)
        found.set(row.circuit_id, row.at);
    }
  }
  return found;
}

/** The newest job of a circuit, as a list shows it. */
export interface NewestJob {
  readonly name: string;
  readonly status: JobStatus;
  readonly run: number;
}

/** One look per circuit at the end of its jobs, however many came before; pull requests and rehearsals aside. */
export async function newestJobs(db: Db, circuit_ids: readonly string[]): Promise<Map<string, NewestJob>> {
  const found = new Map<string, NewestJob>();
  for (const some of batches(circuit_ids)) {
    const { rows } = await sql<{ circuit_id: string; name: string; status: string; run: number }>`
      with wanted (id) as (values ${sql.join(some.map((id) => sql`(${id})`))})
      select jobs.circuit_id, jobs.name, jobs.status, runs.number as run
      from wanted
      join jobs on jobs.id = (
        select j.id from jobs as j join runs as r on r.id = j.run_id
        where j.circuit_id = wanted.id and r.pipeline = 'train' and r.pr = 0 and r.rehearsal = 0
        order by j.created_at desc, j.id desc limit 1
      )
      join runs on runs.id = jobs.run_id`.execute(db);
    for (const { circuit_id, name, status, run } of rows)
      found.set(circuit_id, { name, status: JobStatus.parse(status), run });
  }
  return found;
}
