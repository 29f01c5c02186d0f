import { sql } from 'kysely';
import { containsPattern } from '../kernel/contains.ts';
import type { Db } from '../store/index.ts';
import { jobsById } from './job-store.ts';
import type { Job } from './job-store.ts';
import { isOver } from './status.ts';
import type { JobStatus } from './status.ts';

export interface JobFilter {
  readonly run_id?: string | undefined;
  readonly circuit_id?: string | undefined;
  readonly stage?: string | undefined;
  readonly status?: JobStatus | undefined;
  readonly retry?: boolean | undefined;
  /** A GLOB over names. */
  readonly match?: string | undefined;
  /** Part of a name or of a circuit's id, in any case. */
  readonly q?: string | undefined;
}

/** How many rows a search over all runs looks at before it answers with what it has. */
const WINDOW = 10_000;

/**
 * Jobs, newest first; keyset paged: `next` is the `before` of the next page. A search over all runs may answer with few or
 * none and a `next`, so that no answer takes long.
 */
export async function pageOfJobs(
  db: Db,
  query: JobFilter & { readonly before?: string | undefined; readonly limit: number },
): Promise<{ readonly jobs: Job[]; readonly next: string | null }> {
  const { q, match, retry, stage, status } = query;
  const open = status !== undefined && !isOver(status);
  const searches = [q, match, retry, stage, open ? undefined : status].some((each) => each !== undefined);
  const anywhere = query.run_id === undefined && query.circuit_id === undefined;
  const floor = searches && anywhere ? await windowEnd(db, query.before) : null;
  // First the ids, which lie in indexes, then the rows: sorting whole rows would read all of them.
  const ids = await matching(db, query, floor);
  const shown = ids.slice(0, query.limit);
  const more = ids.length > query.limit ? (shown.at(-1) ?? null) : floor;
  return { jobs: await jobsById(db, shown), next: more };
}

/** The newest jobs that match, without a way to the next ones. */
export const listJobs = async (db: Db, query: JobFilter & { readonly limit: number }): Promise<Job[]> =>
  (await pageOfJobs(db, query)).jobs;

/** The oldest id of the window that begins below `before`; null: it reaches the oldest of all. */
async function windowEnd(db: Db, before: string | undefined): Promise<string | null> {
  let select = db.selectFrom('jobs').select('id').orderBy('id', 'desc').offset(WINDOW).limit(1);
  if (before !== undefined) select = select.where('id', '<', before);
  return (await select.executeTakeFirst())?.id ?? null;
}

async function matching(
  db: Db,
  query: JobFilter & { readonly before?: string | undefined; readonly limit: number },
  floor: string | null,
): Promise<string[]> {
  let select = db
    .selectFrom('jobs')
    .select('id')
    .orderBy('id', 'desc')
    .limit(query.limit + 1);
  if (query.run_id !== undefined) select = select.where('run_id', '=', query.run_id);
  if (query.circuit_id !== undefined) select = select.where('circuit_id', '=', query.circuit_id);
  if (query.stage !== undefined) select = select.where('stage', '=', query.stage);
  if (query.status !== undefined) select = select.where('status', '=', query.status);
  // Said so that the index of what is open serves.
  if (query.status !== undefined && !isOver(query.status)) select = select.where('ended_at', 'is', null);
  if (query.retry !== undefined) select = select.where('retry', '=', query.retry ? 1 : 0);
  if (query.match !== undefined) select = select.where(sql<boolean>`name glob ${query.match}`);
  if (query.q !== undefined) {
    const pattern = containsPattern(query.q);
    select = select.where(
      sql<boolean>`(lower(name) like ${pattern} escape '\\' or lower(circuit_id) like ${pattern} escape '\\')`,
    );
  }
  if (query.before !== undefined) select = select.where('id', '<', query.before);
  if (floor !== null) select = select.where('id', '>=', floor);
  return (await select.execute()).map((row) => row.id);
}
