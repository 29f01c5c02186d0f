import { sql } from 'kysely';
import { z } from 'zod';
import type { Actor } from '../kernel/actor.ts';
import { toIso } from '../kernel/clock.ts';
import { containsPattern } from '../kernel/contains.ts';
import { ConflictError, NotFoundError, TrainyardError } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { appendEvents, batches } from '../store/index.ts';
import type { Db, RunsTable, StagesTable, Tx } from '../store/index.ts';
import type { Pipeline } from './pipeline.ts';
import { RunStatus, StageStatus, stageIsOver } from './status.ts';

const Json = z.record(z.string(), z.unknown());
const Counts = z.record(z.string(), z.number());

export type Run = Omit<RunsTable, 'status' | 'params'> & {
  status: RunStatus;
  params: Record<string, unknown>;
};
export type Stage = Omit<StagesTable, 'status' | 'counts' | 'output' | 'state'> & {
  status: StageStatus;
  counts: Record<string, number>;
  output: Record<string, unknown>;
  state: Record<string, unknown>;
};

export const asRun = (row: RunsTable): Run => ({
  ...row,
  status: RunStatus.parse(row.status),
  params: Json.parse(JSON.parse(row.params)),
});
const asStage = (row: StagesTable): Stage => ({
  ...row,
  status: StageStatus.parse(row.status),
  counts: Counts.parse(JSON.parse(row.counts)),
  output: Json.parse(JSON.parse(row.output)),
  state: Json.parse(JSON.parse(row.state)),
});

/** Writes a run and its stages down, due at once. Numbers count up per project. */
export async function createRun(
  tx: Tx,
  now: number,
  input: {
    readonly pipeline: Pipeline;
    readonly actor: Actor;
    readonly pr: boolean;
    readonly rehearsal: boolean;
    readonly plan_id: string | null;
    readonly git_commit: string | null;
    readonly git_branch: string | null;
    readonly params: Readonly<Record<string, unknown>>;
    readonly message: string;
  },
): Promise<Run> {
  const at = toIso(now);
  const last = await tx
    .selectFrom('runs')
    .select((e) => e.fn.max('number').as('number'))
    .where('parent_run_id', 'is', null)
    .executeTakeFirst();
  const row: RunsTable = {
    id: newId('run', now),
    number: Number(last?.number ?? 0) + 1,
    pipeline: input.pipeline.name,
    pipeline_version: input.pipeline.version,
    status: 'pending',
    reason: null,
    parent_run_id: null,
    subject: null,
    requested_by: input.actor.name,
    requested_identity: input.actor.identity,
    pr: input.pr ? 1 : 0,
    rehearsal: input.rehearsal ? 1 : 0,
    plan_id: input.plan_id,
    git_commit: input.git_commit,
    git_branch: input.git_branch,
    params: JSON.stringify(input.params),
    created_at: at,
    started_at: null,
    ended_at: null,
    cancel_requested_at: null,
    partial_accepted_by: null,
    due_at: at,
    lease_token: null,
    lease_owner: null,
    lease_expires_at: null,
    failed_advances: 0,
    last_error: null,
  };
  await tx.insertInto('runs').values(row).execute();
  await tx
    .insertInto('stages')
    .values(
      input.pipeline.stages.map((s, position) => ({
        run_id: row.id,
        name: s.name,
        position,
        status: 'pending',
        counts: '{}',
        output: '{}',
        state: '{}',
      })),
    )
    .execute();
  await appendEvents(tx, now, [
    {
      type: 'run.created',
      run_id: row.id,
      actor: input.actor,
      message: input.message,
      data: { number: row.number, plan_id: input.plan_id },
    },
  ]);
  return asRun(row);
}

/** A run that is being removed piece by piece counts as gone. */
const isThere = sql<boolean>`id not in (select run_id from run_retention where removing_at is not null)`;

/** By id or number. @throws NotFoundError */
export async function getRun(db: Db, key: string): Promise<Run> {
  const byNumber = /^#?\d+$/.test(key);
  let select = db.selectFrom('runs').selectAll().where(isThere);
  select = byNumber
    ? select.where('number', '=', Number(key.replace('#', ''))).where('parent_run_id', 'is', null)
    : select.where('id', '=', key);
  const row = await select.executeTakeFirst();
  if (row !== undefined) return asRun(row);
  const last = await db
    .selectFrom('runs')
    .select((e) => e.fn.max('number').as('number'))
    .where('parent_run_id', 'is', null)
    .executeTakeFirst();
  throw new NotFoundError(`There is no run ${key}.`, {
    hint:
      last?.number == null
        ? 'There are no runs yet: start one with `trainyard run`.'
        : `The newest run is ${last.number}; list them with \`trainyard runs\`.`,
  });
}

export async function getStages(db: Db, run_id: string): Promise<Stage[]> {
  const rows = await db
    .selectFrom('stages')
    .selectAll()
    .where('run_id', '=', run_id)
    .orderBy('position')
    .execute();
  return rows.map(asStage);
}

/** Newest first; children only when asked for. Keyset paged by `before` (a number). */
export async function listRuns(
  db: Db,
  query: {
    readonly status?: RunStatus | undefined;
    readonly before?: number | undefined;
    readonly parent_run_id?: string | undefined;
    readonly pipeline?: string | undefined;
    readonly rehearsal?: boolean | undefined;
    readonly requested_by?: string | undefined;
    /** Part of what a person may remember of it: who asked, branch, commit, how it ended; or its number. */
    readonly q?: string | undefined;
    readonly limit: number;
  },
): Promise<Run[]> {
  let select = db.selectFrom('runs').selectAll().where(isThere).orderBy('number', 'desc').limit(query.limit);
  select =
    query.parent_run_id === undefined
      ? select.where('parent_run_id', 'is', null)
      : select.where('parent_run_id', '=', query.parent_run_id);
  if (query.status !== undefined) select = select.where('status', '=', query.status);
  if (query.pipeline !== undefined) select = select.where('pipeline', '=', query.pipeline);
  if (query.rehearsal !== undefined) select = select.where('rehearsal', '=', query.rehearsal ? 1 : 0);
  if (query.requested_by !== undefined) select = select.where('requested_by', '=', query.requested_by);
  if (query.q !== undefined) {
    const pattern = containsPattern(query.q);
    const number = /^#?\d{1,15}$/.test(query.q) ? Number(query.q.replace('#', '')) : -1;
    select = select.where(
      sql<boolean>`(number = ${number} or lower(requested_by) like ${pattern} escape '\\' or lower(coalesce(git_branch, '')) like ${pattern} escape '\\' or lower(coalesce(git_commit, '')) like ${pattern} escape '\\' or lower(coalesce(reason, '')) like ${pattern} escape '\\')`,
    );
  }
  if (query.before !== undefined) select = select.where('number', '<', query.before);
  return (await select.execute()).map(asRun);
}

/** Runs that are not over, oldest first. */
export async function openRuns(db: Db, pipeline: string): Promise<Run[]> {
  const rows = await db
    .selectFrom('runs')
    .selectAll()
    .where('pipeline', '=', pipeline)
    .where('status', 'in', ['pending', 'running', 'waiting'])
    .where('parent_run_id', 'is', null)
    .orderBy('number')
    .execute();
  return rows.map(asRun);
}

export async function setStage(
  tx: Tx,
  run_id: string,
  name: string,
  fields: Partial<{
    status: StageStatus;
    reason: string | null;
    counts: Readonly<Record<string, number>>;
    output: Readonly<Record<string, unknown>>;
    state: Readonly<Record<string, unknown>>;
    due_at: string | null;
    started_at: string | null;
    ended_at: string | null;
  }>,
): Promise<void> {
  const { counts, output, state, ...plain } = fields;
  await tx
    .updateTable('stages')
    .set({
      ...plain,
      ...(counts === undefined ? {} : { counts: JSON.stringify(counts) }),
      ...(output === undefined ? {} : { output: JSON.stringify(output) }),
      ...(state === undefined ? {} : { state: JSON.stringify(state) }),
    })
    .where('run_id', '=', run_id)
    .where('name', '=', name)
    .execute();
}

/** Makes a run due now; the loop of whichever process holds the project picks it up. */
export async function wakeRun(db: Db, now: number, run_id: string): Promise<void> {
  await db
    .updateTable('runs')
    .set({ due_at: toIso(now) })
    .where('id', '=', run_id)
    .where('ended_at', 'is', null)
    .execute();
}

/** Asks for the end of a run; harmless twice. Returns false when it is over already. */
export async function requestCancel(
  tx: Tx,
  now: number,
  run: Run,
  by: Actor,
  why: string | null = null,
): Promise<boolean> {
  if (run.parent_run_id !== null) {
    throw new ConflictError(`Run ${run.subject ?? run.id} is part of another run.`, {
      hint: 'Reject or hold its model at the gate, or cancel the run it belongs to.',
    });
  }
  if (run.ended_at !== null) return false;
  const at = toIso(now);
  const changed = await tx
    .updateTable('runs')
    .set({ cancel_requested_at: at, due_at: at })
    .where('id', '=', run.id)
    .where('ended_at', 'is', null)
    .where('cancel_requested_at', 'is', null)
    .executeTakeFirst();
  if (changed.numUpdatedRows > 0n) {
    await appendEvents(tx, now, [
      {
        type: 'run.cancel_requested',
        severity: 'warning',
        run_id: run.id,
        actor: by,
        message: `${by.name} asked to cancel run ${run.number}${why === null ? '' : `: ${why}`}`,
      },
    ]);
  }
  return true;
}

/** Asks for the end of one stage of a run; harmless twice. Returns false when it is over already. */
export async function requestStageCancel(
  tx: Tx,
  now: number,
  run: Run,
  stage: Stage,
  by: Actor,
): Promise<boolean> {
  if (run.ended_at !== null || stageIsOver(stage.status)) return false;
  const changed = await tx
    .updateTable('stages')
    .set({ cancel_requested_by: by.name })
    .where('run_id', '=', run.id)
    .where('name', '=', stage.name)
    .where('ended_at', 'is', null)
    .where('cancel_requested_by', 'is', null)
    .executeTakeFirst();
  if (changed.numUpdatedRows > 0n) {
    await appendEvents(tx, now, [
      {
        type: 'stage.cancel_requested',
        severity: 'warning',
        run_id: run.id,
        stage: stage.name,
        actor: by,
        message: `${by.name} asked to cancel ${stage.name} of run ${run.number}`,
      },
    ]);
  }
  await wakeRun(tx, now, run.id);
  return true;
}

/** Asks for the end of jobs; harmless twice. What is over already is left as it is. */
export async function requestJobsCancel(
  tx: Tx,
  now: number,
  run: Pick<Run, 'id' | 'number'>,
  jobs: readonly { readonly id: string; readonly name: string }[],
  by: Actor,
): Promise<void> {
  const changed: string[] = [];
  for (const some of batches(jobs)) {
    const rows = await tx
      .updateTable('jobs')
      .set({ cancel_requested_at: toIso(now) })
      .where(
        'id',
        'in',
        some.map((j) => j.id),
      )
      .where('ended_at', 'is', null)
      .where('cancel_requested_at', 'is', null)
      .returning('name')
      .execute();
    changed.push(...rows.map((r) => r.name));
  }
  await wakeRun(tx, now, run.id);
  if (changed.length === 0) return;
  const what = changed.length === 1 ? `job ${changed[0]}` : `${changed.length} jobs`;
  await appendEvents(tx, now, [
    {
      type: 'job.cancel_requested',
      severity: 'warning',
      run_id: run.id,
      actor: by,
      message: `${by.name} asked to cancel ${what} of run ${run.number}`,
      data: { jobs: changed },
    },
  ]);
}

/** The stage of a list that must be there. */
export function stageNamed(stages: readonly Stage[], name: string): Stage {
  const stage = stages.find((s) => s.name === name);
  if (stage === undefined) throw new TrainyardError('unexpected', `The run has no stage ${name}.`);
  return stage;
}
