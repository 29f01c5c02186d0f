import type { JobStatus } from '../../jobs/index.ts';
import { nextTurn, toIso } from '../../kernel/clock.ts';
import { batches } from '../../store/index.ts';
import type { Db } from '../../store/index.ts';

/** What ended since the last look. */
export interface Ended {
  readonly runs: readonly { readonly status: string }[];
  readonly jobs: readonly {
    readonly status: string;
    readonly queued_s: number | null;
    readonly running_s: number | null;
  }[];
  readonly stages: readonly { readonly stage: string; readonly status: string; readonly s: number }[];
}

const OVER = ['succeeded', 'failed', 'canceled'] as const satisfies readonly JobStatus[];

/** What was seen of a run that was open at the last look. */
interface Seen {
  readonly jobs: Set<string>;
  readonly stages: Set<string>;
}

/**
 * Counts what ends: jobs and stages of runs that are open now, were at the last look, or came meanwhile. Of older runs
 * nothing is read. What ended before `since` was counted by nobody here, and is not.
 */
export function countedRuns(db: Db, since: number): { look(now: number): Promise<Ended> } {
  const open = new Map<string, Seen>();
  let newest: number | null = null;
  let looked_at = toIso(since);

  const runsToLookAt = async () => {
    const chosen = ['id', 'number', 'status', 'ended_at'] as const;
    const rows = db.selectFrom('runs').select(chosen).where('parent_run_id', 'is', null);
    newest ??= await newestBefore(db, looked_at);
    const [now_open, came, were_open] = [
      await rows.where('ended_at', 'is', null).execute(),
      await rows.where('number', '>', newest).execute(),
      open.size === 0 ? [] : await rows.where('id', 'in', [...open.keys()]).execute(),
    ];
    newest = Math.max(newest, ...came.map((run) => run.number));
    return [...new Map([...now_open, ...came, ...were_open].map((run) => [run.id, run])).values()];
  };

  const jobsEnded = async (run_id: string, seen: Seen, first: boolean): Promise<Ended['jobs'][number][]> => {
    // The index alone answers that, for ten thousand jobs in milliseconds.
    const over = await db
      .selectFrom('jobs')
      .select('id')
      .where('run_id', '=', run_id)
      .where('status', 'in', OVER)
      .execute();
    const ids = over.map((job) => job.id).filter((id) => !seen.jobs.has(id));
    for (const id of ids) seen.jobs.add(id);
    const found: Ended['jobs'][number][] = [];
    for (const some of batches(ids.map((id) => ({ id })))) {
      const rows = await db
        .selectFrom('jobs')
        .select(['status', 'queued_s', 'running_s', 'ended_at'])
        .where(
          'id',
          'in',
          some.map(({ id }) => id),
        )
        .execute();
      found.push(...rows.filter((job) => !first || (job.ended_at ?? '') > looked_at));
    }
    return found;
  };

  const stagesEnded = async (
    run_id: string,
    seen: Seen,
    first: boolean,
  ): Promise<Ended['stages'][number][]> => {
    const rows = await db
      .selectFrom('stages')
      .select(['name', 'status', 'started_at', 'ended_at'])
      .where('run_id', '=', run_id)
      .where('ended_at', 'is not', null)
      .execute();
    const found: Ended['stages'][number][] = [];
    for (const { name, status, started_at, ended_at } of rows) {
      const key = `${name} ${ended_at}`;
      if (seen.stages.has(key)) continue;
      seen.stages.add(key);
      if (started_at === null || ended_at === null || (first && ended_at <= looked_at)) continue;
      found.push({
        stage: name,
        status,
        s: Math.max(0, Date.parse(ended_at) - Date.parse(started_at)) / 1000,
      });
    }
    return found;
  };

  return {
    look: async (now) => {
      const ended = {
        runs: [] as Ended['runs'][number][],
        jobs: [] as Ended['jobs'][number][],
        stages: [] as Ended['stages'][number][],
      };
      const runs = await runsToLookAt();
      const there = new Set(runs.map((run) => run.id));
      for (const id of open.keys()) if (!there.has(id)) open.delete(id);
      for (const run of runs) {
        const known = open.get(run.id);
        const seen = known ?? { jobs: new Set<string>(), stages: new Set<string>() };
        ended.jobs.push(...(await jobsEnded(run.id, seen, known === undefined)));
        ended.stages.push(...(await stagesEnded(run.id, seen, known === undefined)));
        if (run.ended_at === null) open.set(run.id, seen);
        else {
          open.delete(run.id);
          if (run.ended_at > looked_at || known !== undefined) ended.runs.push({ status: run.status });
        }
        await nextTurn();
      }
      looked_at = toIso(now);
      return ended;
    },
  };
}

/** The newest run that was there at a time; 0 where none was. */
async function newestBefore(db: Db, at: string): Promise<number> {
  const row = await db
    .selectFrom('runs')
    .select('number')
    .where('parent_run_id', 'is', null)
    .where('created_at', '<=', at)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.number ?? 0;
}
