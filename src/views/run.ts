import { z } from 'zod';
import type { Project } from '../app.ts';
import { listApprovals } from '../gates/index.ts';
import { countJobs } from '../jobs/index.ts';
import type { JobCounts } from '../jobs/index.ts';
import { RunStatus, StageStatus, circuitsStillFailed, getStages } from '../pipelines/index.ts';
import type { Run, Stage } from '../pipelines/index.ts';
import { batches } from '../store/index.ts';
import type { Db } from '../store/index.ts';
import { Time } from './fields.ts';

const RunFields = z.object({
  id: z.string(),
  number: z.int().meta({ description: 'Counts the runs of the project.' }),
  pipeline: z.string(),
  pipeline_version: z.int(),
  status: RunStatus,
  reason: z.string().nullable(),
  parent_run_id: z.string().nullable(),
  subject: z
    .string()
    .nullable()
    .meta({ description: 'What a child run is about, such as `seattle-wind:3`.' }),
  requested_by: z.string(),
  requested_identity: z.string().meta({ description: '`claimed`, `verified` or `system`.' }),
  pr: z.boolean().meta({ description: 'A pull-request run: it promotes and retries nothing.' }),
  rehearsal: z.boolean(),
  plan_id: z.string().nullable(),
  git_commit: z.string().nullable(),
  git_branch: z.string().nullable(),
  params: z.record(z.string(), z.unknown()),
  created_at: Time,
  started_at: Time.nullable(),
  ended_at: Time.nullable(),
  cancel_requested_at: Time.nullable(),
  partial_accepted_by: z.string().nullable(),
  due_at: Time.nullable().meta({ description: 'When it is looked at next; null: once somebody wakes it.' }),
  failed_advances: z.int(),
  last_error: z.string().nullable(),
});

/** A run in a list. */
export const RunRow = RunFields.meta({ id: 'RunRow', description: 'One execution of a pipeline.' });
export type RunRow = z.infer<typeof RunRow>;

export const StageView = z
  .object({
    name: z.string(),
    position: z.int(),
    status: StageStatus,
    reason: z.string().nullable(),
    counts: z.record(z.string(), z.number()).meta({ description: 'What went through it, by how it ended.' }),
    output: z.record(z.string(), z.unknown()),
    due_at: Time.nullable(),
    started_at: Time.nullable(),
    ended_at: Time.nullable(),
    cancel_requested_by: z.string().nullable(),
  })
  .meta({ id: 'Stage', description: 'A station of a run.' });
export type StageView = z.infer<typeof StageView>;

/** A run in a list, with how its stages stand. */
export const ListedRun = RunFields.extend({
  stages: z.array(StageView.pick({ name: true, status: true, counts: true })),
}).meta({ id: 'ListedRun', description: 'A run in a list, with how its stages stand.' });
export type ListedRun = z.infer<typeof ListedRun>;

export const JobCountsView = z
  .object({
    pending: z.int(),
    queued: z.int(),
    preparing: z.int(),
    running: z.int(),
    succeeded: z.int(),
    failed: z.int(),
    canceled: z.int(),
  })
  .meta({ id: 'JobCounts', description: 'Jobs by status.' });

/** A run with everything that its page shows at first sight. */
export const RunView = RunFields.extend({
  stages: z.array(StageView),
  jobs: JobCountsView,
  failed_circuits: z
    .array(z.string())
    .meta({ description: 'Mandatory circuits that failed and that no retry mended.' }),
  approvals: z
    .array(
      z.object({
        id: z.string(),
        gate: z.string(),
        title: z.string(),
        expires_at: Time,
        pending: z.int().meta({ description: 'Subjects without a verdict.' }),
      }),
    )
    .meta({ description: 'What of it waits for a decision.' }),
  next_step: z
    .enum(['accept_partial', 'resume', 'run'])
    .nullable()
    .meta({ description: 'What a run that failed wants of people, where that is one thing.' }),
}).meta({ id: 'Run', description: 'A run with its stages.' });
export type RunView = z.infer<typeof RunView>;

export function runRow(run: Run): RunRow {
  const { lease_token: _token, lease_owner: _owner, lease_expires_at: _expires, ...shown } = run;
  return { ...shown, params: paramsShown(run), pr: run.pr === 1, rehearsal: run.rehearsal === 1 };
}

/** Without the jobs of a run of scripts, of which a sweep has ten thousand: they are a list of their own. */
function paramsShown({ pipeline, params }: Pick<Run, 'pipeline' | 'params'>): Run['params'] {
  if (pipeline !== 'scripts') return params;
  const { jobs: _jobs, resumed: _resumed, ...rest } = params;
  return rest;
}

/** Runs as rows of a list, in the same order; their stages are read at once for all. */
export async function listedRuns(db: Db, runs: readonly Run[]): Promise<ListedRun[]> {
  const stages = new Map<string, ListedRun['stages']>(runs.map((run) => [run.id, []]));
  for (const some of batches(runs)) {
    const rows = await db
      .selectFrom('stages')
      .select(['run_id', 'name', 'status', 'counts'])
      .where(
        'run_id',
        'in',
        some.map((run) => run.id),
      )
      .orderBy('position')
      .execute();
    for (const { run_id, name, status, counts } of rows)
      stages
        .get(run_id)
        ?.push({ name, status: StageStatus.parse(status), counts: Counts.parse(JSON.parse(counts)) });
  }
  return runs.map((run) => ({ ...runRow(run), stages: stages.get(run.id) ?? [] }));
}

const Counts = z.record(z.string(), z.number());

const stageView = ({ run_id: _run, state: _state, ...stage }: Stage): StageView => stage;

export async function runView({ store: { db } }: Pick<Project, 'store'>, run: Run): Promise<RunView> {
  const [stages, jobs, failed_circuits, waiting] = await Promise.all([
    getStages(db, run.id),
    countJobs(db, run.id),
    run.pipeline === 'train' ? circuitsStillFailed({ run, db }) : [],
    listApprovals(db, { run_id: run.id, status: 'waiting', limit: 50 }),
  ]);
  const approvals = waiting.map(({ id, gate, title, expires_at, counts }) => ({
    id,
    gate,
    title,
    expires_at,
    pending: counts.pending,
  }));
  const next_step = nextStep(run, stages, jobs);
  return { ...runRow(run), stages: stages.map(stageView), jobs, failed_circuits, approvals, next_step };
}

/** What a run that failed wants of people, where that is one thing. */
export function nextStep(run: Run, stages: readonly Stage[], counts: JobCounts): RunView['next_step'] {
  if (
    run.status === 'failed' &&
    counts.succeeded > 0 &&
    stages.some((s) => s.status === 'skipped' && s.reason?.startsWith('blocked:') === true)
  )
    return 'accept_partial';
  if (run.status === 'failed' && stages.some((s) => s.state['stalled'] === true)) return 'resume';
  return stages.some((s) => s.name === 'SubmitTraining' && s.status === 'failed') ? 'run' : null;
}
