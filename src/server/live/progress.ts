import type { Clock } from '../../kernel/clock.ts';
import { NO_JOBS, JobStatus } from '../../jobs/index.ts';
import type { JobCounts } from '../../jobs/index.ts';
import { RunStatus, StageStatus } from '../../pipelines/index.ts';
import type { Db } from '../../store/index.ts';

/** Of so many open runs, the newest, progress is told. */
const MOST_RUNS = 50;
/** After a look it rests so many times as long as that took. */
const REST = 10;

/** How far a run is. */
export interface ProgressRun {
  readonly id: string;
  readonly number: number;
  readonly status: RunStatus;
  readonly stages: readonly {
    readonly name: string;
    readonly status: StageStatus;
    readonly reason: string | null;
  }[];
  readonly jobs: JobCounts;
}

export interface ProgressWatch {
  /** Runs that moved since the last look: open ones, and those that have just ended. */
  look(): Promise<ProgressRun[]>;
  /** As they were last seen. */
  known(): readonly ProgressRun[];
  /** Nobody looks for a while. */
  forget(): void;
  /** Whether the last look is long enough ago, for what it cost. */
  rested(): boolean;
}

/** How far runs are, from counts: a job that succeeds writes no event. */
export function progressWatch(db: Db, clock: Clock): ProgressWatch {
  let seen = new Map<string, { readonly run: ProgressRun; readonly text: string }>();
  let rest_until = Number.NEGATIVE_INFINITY;
  let looked_at = Number.NEGATIVE_INFINITY;
  return {
    look: async () => {
      const began = clock.now();
      const runs = await progressOf(db, [...seen.keys()]);
      const told = runs.map((run) => ({ run, text: JSON.stringify(run) }));
      const moved = told.filter(({ run, text }) => seen.get(run.id)?.text !== text).map(({ run }) => run);
      seen = new Map(told.filter(({ run }) => isOpen(run)).map((each) => [each.run.id, each]));
      looked_at = clock.now();
      rest_until = looked_at + REST * Math.max(0, looked_at - began);
      return moved;
    },
    known: () => [...seen.values()].map(({ run }) => run),
    forget: () => seen.clear(),
    // A clock that jumped back is no reason to wait.
    rested: () => clock.now() >= rest_until || clock.now() < looked_at,
  };
}

const isOpen = ({ status }: ProgressRun): boolean => ['pending', 'running', 'waiting'].includes(status);

/** Open runs, newest first, and those that were open when they were last looked at. */
async function progressOf(db: Db, before: readonly string[]): Promise<ProgressRun[]> {
  const open = await db
    .selectFrom('runs')
    .select(['id', 'number', 'status'])
    .where('ended_at', 'is', null)
    .where('parent_run_id', 'is', null)
    .orderBy('number', 'desc')
    .limit(MOST_RUNS)
    .execute();
  const there = new Set(open.map((run) => run.id));
  const gone = before.filter((id) => !there.has(id));
  const over =
    gone.length === 0
      ? []
      : await db.selectFrom('runs').select(['id', 'number', 'status']).where('id', 'in', gone).execute();
  const runs = [...open, ...over];
  if (runs.length === 0) return [];
  const ids = runs.map((run) => run.id);
  const [stages, counts] = await Promise.all([
    db
      .selectFrom('stages')
      .select(['run_id', 'name', 'status', 'reason'])
      .where('run_id', 'in', ids)
      .orderBy('position')
      .execute(),
    db
      .selectFrom('jobs')
      .select((e) => ['run_id', 'status', e.fn.countAll<number>().as('n')])
      .where('run_id', 'in', ids)
      .groupBy(['run_id', 'status'])
      .execute(),
  ]);
  const stagesOf = Map.groupBy(stages, (stage) => stage.run_id);
  const countsOf = Map.groupBy(counts, (count) => count.run_id);
  return runs.map(({ id, number, status }) => {
    const jobs = { ...NO_JOBS };
    for (const count of countsOf.get(id) ?? []) jobs[JobStatus.parse(count.status)] = Number(count.n);
    return {
      id,
      number,
      status: RunStatus.parse(status),
      stages: (stagesOf.get(id) ?? []).map(({ name, status: stage, reason }) => ({
        name,
        status: StageStatus.parse(stage),
        reason,
      })),
      jobs,
    };
  });
}
