import {
  attemptKey,
  countJobs,
  earliestRetry,
  earliestRunning,
  markLost,
  observeJobs,
  openCount,
  resubmitUnknown,
  submitPending,
  timeOutJobs,
} from '../jobs/index.ts';
import type { JobCounts, JobWorld } from '../jobs/index.ts';
import { backoff } from '../kernel/backoff.ts';
import { fromIso, toIso } from '../kernel/clock.ts';
import { formatDuration } from '../kernel/duration.ts';
import { tellOfLongJobs } from './long-running.ts';
import { batches } from '../store/index.ts';
import type { StageContext } from './pipeline.ts';

/** Where a provider's listing was left, per world (= per process) and stage; a new process begins with a full listing. */
const cursors = new WeakMap<object, Map<string, string | null>>();

export interface Watched {
  readonly counts: JobCounts;
  /** When to look again; null when every job is over. */
  readonly until: number | null;
}

export interface JobLimits {
  /** Per job, from when it first runs; null: none. */
  readonly max_wait_s: number | null;
  /** For all of them together; null: none. */
  readonly stage_limit_s: number | null;
}

/**
 * One look at a stage's jobs: hands over what is pending, takes over what the provider says, ends what took too long.
 * Polls from `poll_interval`, doubling to `max_poll_interval`; a provider that pushes wakes the run before.
 */
export async function watchJobs(
  context: StageContext,
  world: JobWorld,
  stage: string,
  limits: JobLimits,
): Promise<Watched> {
  const { monitoring } = context.world.config;
  let known = cursors.get(context.world);
  if (known === undefined) cursors.set(context.world, (known = new Map()));
  const place = `${context.run.id}/${stage}`;

  const unwanted = await endUnwanted(context, world, stage);
  const first = !known.has(place);
  const heard = await observeJobs(world, known.get(place) ?? null);
  await markCanceled(context, unwanted);
  if (first) {
    // What the last process had queued in memory only is handed over again; what was running and is gone is lost.
    await resubmitUnknown(world, stage, heard.keys);
    await markLost(world, stage, heard.keys);
  }
  const handed = await submitPending(world, stage);
  // What a process handed over whose last words were lost may have ended long ago: its news lies before the cursor.
  const anew = first && handed > 0;
  known.set(place, anew ? null : heard.cursor);
  const earliest = await timeOut(context, world, stage, limits);

  const counts = await countJobs(context.db, context.run.id, stage);
  if (openCount(counts) === 0) {
    known.delete(place);
    return { counts, until: null };
  }
  const polls = Number(context.stage.state['polls'] ?? 0);
  const until =
    context.now() + backoff(polls, monitoring.poll_interval_s, monitoring.max_poll_interval_s) * 1000;
  if (context.stage.due_at === null || fromIso(context.stage.due_at) <= context.now())
    await context.remember({ polls: polls + 1 });
  const due = [until];
  const soon = context.now() + 50;
  if (anew) due.push(soon);
  if (earliest !== null && limits.max_wait_s !== null)
    due.push(Math.max(soon, fromIso(earliest) + limits.max_wait_s * 1000));
  const long = await tellOfLongJobs(context, stage);
  if (long !== null) due.push(Math.max(soon, long));
  const again = await earliestRetry(context.db, context.run.id, stage);
  if (again !== null) due.push(Math.max(soon, fromIso(again)));
  return { counts, until: Math.min(...due) };
}

/** Ends what took too long; returns when the earliest job that still runs began to. */
async function timeOut(
  context: StageContext,
  world: JobWorld,
  stage: string,
  { max_wait_s, stage_limit_s }: JobLimits,
): Promise<string | null> {
  const now = context.now();
  let earliest = max_wait_s === null ? null : await earliestRunning(context.db, context.run.id, stage);
  // Reading ten thousand jobs to find none over the limit would be most of what waiting costs.
  if (max_wait_s !== null && earliest !== null && earliest <= toIso(now - max_wait_s * 1000)) {
    const why = `ran longer than max_wait (${formatDuration(max_wait_s)})`;
    await timeOutJobs(world, stage, toIso(now - max_wait_s * 1000), why, ['running']);
    earliest = await earliestRunning(context.db, context.run.id, stage);
  }
  if (stage_limit_s === null) return earliest;
  // From the first job on: a retry stage may have waited at its gate for days before that.
  const started = await firstCreated(context, stage);
  if (started !== null && now - fromIso(started) >= stage_limit_s * 1000) {
    await timeOutJobs(
      world,
      stage,
      toIso(now),
      `the stage lasted longer than stage_limit (${formatDuration(stage_limit_s)})`,
      ['queued', 'preparing', 'running'],
    );
  }
  return earliest;
}

async function firstCreated(context: StageContext, stage: string): Promise<string | null> {
  const row = await context.db
    .selectFrom('jobs')
    .select((e) => e.fn.min('created_at').as('at'))
    .where('run_id', '=', context.run.id)
    .where('stage', '=', stage)
    .executeTakeFirst();
  return row?.at ?? null;
}

interface Unwanted {
  readonly id: string;
  readonly name: string;
  readonly attempt: number;
}

/** Asks the provider for the end of single jobs that somebody wants ended (`trainyard jobs cancel`). */
async function endUnwanted(context: StageContext, world: JobWorld, stage: string): Promise<Unwanted[]> {
  const rows = await context.db
    .selectFrom('jobs')
    .select(['id', 'name', 'attempt'])
    .where('run_id', '=', context.run.id)
    .where('stage', '=', stage)
    .where('cancel_requested_at', 'is not', null)
    .where('ended_at', 'is', null)
    .execute();
  if (rows.length > 0)
    await world.compute.cancel(
      context.run.id,
      rows.map((r) => attemptKey(r.name, r.attempt)),
    );
  return rows;
}

/** What ended by itself before it was canceled has its outcome by now, and keeps it. */
async function markCanceled(context: StageContext, rows: readonly Unwanted[]): Promise<void> {
  const at = toIso(context.now());
  for (const some of batches(rows)) {
    const ids = some.map((r) => r.id);
    await context.tx(async (tx) => {
      await tx
        .updateTable('jobs')
        .set({ status: 'canceled', ended_at: at, message: 'canceled on request' })
        .where('id', 'in', ids)
        .where('ended_at', 'is', null)
        .execute();
      await tx
        .updateTable('attempts')
        .set({ status: 'canceled', ended_at: at })
        .where('job_id', 'in', ids)
        .where('ended_at', 'is', null)
        .execute();
    });
  }
}
