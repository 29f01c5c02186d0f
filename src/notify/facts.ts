import { listApprovals, listSubjects } from '../gates/index.ts';
import type { Approval } from '../gates/index.ts';
import { countJobs } from '../jobs/index.ts';
import type { JobCounts } from '../jobs/index.ts';
import { batches } from '../store/index.ts';
import type { Db } from '../store/index.ts';

/** A run as messages speak of it. */
export interface RunFacts {
  readonly id: string;
  readonly number: number;
  readonly pipeline: string;
  readonly status: string;
  readonly reason: string | null;
  readonly rehearsal: boolean;
  readonly pr: boolean;
  readonly requested_by: string;
  readonly git_branch: string | null;
  readonly git_commit: string | null;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly jobs: JobCounts;
  /** The circuits (or scripts) that it trains: how many, and the first few. */
  readonly circuits: { readonly total: number; readonly first: readonly string[] };
}

/** A request for verdicts with the first few things it is about. */
export interface ApprovalFacts extends Approval {
  readonly subjects: readonly string[];
}

/** The stage whose jobs are one per circuit. */
const FIRST_STAGE: Readonly<Record<string, string>> = {
  train: 'SubmitTraining',
  scripts: 'SubmitScripts',
};
const FIRST_NAMES = 5;

/** The run as it is now; null when it was removed. */
export async function runFacts(db: Db, run_id: string): Promise<RunFacts | null> {
  const row = await db
    .selectFrom('runs')
    .select([
      'id',
      'number',
      'pipeline',
      'status',
      'reason',
      'rehearsal',
      'pr',
      'requested_by',
      'git_branch',
      'git_commit',
      'started_at',
      'ended_at',
    ])
    .where('id', '=', run_id)
    .executeTakeFirst();
  if (row === undefined) return null;
  const stage = FIRST_STAGE[row.pipeline];
  const counts = stage === undefined ? null : await countJobs(db, run_id, stage);
  const first =
    stage === undefined
      ? []
      : await db
          .selectFrom('jobs')
          .select('circuit_id')
          .where('run_id', '=', run_id)
          .where('stage', '=', stage)
          .orderBy('id')
          .limit(FIRST_NAMES)
          .execute();
  return {
    ...row,
    rehearsal: row.rehearsal === 1,
    pr: row.pr === 1,
    jobs: await countJobs(db, run_id),
    circuits: {
      total: Object.values(counts ?? {}).reduce((sum, n) => sum + n, 0),
      first: first.map((f) => f.circuit_id),
    },
  };
}

/** Requests of a run that somebody still has to answer. */
export async function openRequests(db: Db, run_id: string): Promise<ApprovalFacts[]> {
  const open = await listApprovals(db, { run_id, status: 'waiting', limit: 5 });
  return Promise.all(
    open.map(async (approval) => ({
      ...approval,
      subjects: (await listSubjects(db, { approval_id: approval.id, limit: FIRST_NAMES })).map(
        (s) => s.subject,
      ),
    })),
  );
}

/** Those of some requests that nobody has to answer any more. */
export async function answered(db: Db, ids: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (const some of batches(ids)) {
    const rows = await db
      .selectFrom('approvals')
      .select('id')
      .where('id', 'in', some)
      .where('status', '!=', 'waiting')
      .execute();
    for (const { id } of rows) found.add(id);
  }
  return found;
}

/** Jobs of a run that failed, by reason, with the first few names of each; the most frequent first. */
export async function failuresByReason(
  db: Db,
  run_id: string,
): Promise<{ reason: string; count: number; names: string[]; example: string | null }[]> {
  const groups = await db
    .selectFrom('jobs')
    .select((e) => ['reason', e.fn.countAll<number>().as('n')])
    .where('run_id', '=', run_id)
    .where('status', '=', 'failed')
    .groupBy('reason')
    .orderBy('n', 'desc')
    .limit(5)
    .execute();
  return Promise.all(
    groups.map(async ({ reason, n }) => {
      const jobs = await db
        .selectFrom('jobs')
        .select(['circuit_id', 'message'])
        .where('run_id', '=', run_id)
        .where('status', '=', 'failed')
        .where('reason', reason === null ? 'is' : '=', reason)
        .orderBy('id')
        .limit(FIRST_NAMES)
        .execute();
      return {
        reason: reason ?? 'failed',
        count: Number(n),
        names: jobs.map((job) => job.circuit_id),
        example: jobs[0]?.message ?? null,
      };
    }),
  );
}
