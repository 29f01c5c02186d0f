import type { Project } from '../app.ts';
import { listApprovals, listSubjects } from '../gates/index.ts';
import type { Actor } from '../gates/index.ts';
import { OPEN_STATUSES, eachJob, findJob, jobsByName } from '../jobs/index.ts';
import type { Job } from '../jobs/index.ts';
import { NotFoundError, UsageError } from '../kernel/errors.ts';
import { didYouMean } from '../kernel/suggest.ts';
import {
  getRun,
  getStages,
  requestCancel,
  requestJobsCancel,
  requestStageCancel,
  stageIsOver,
  takeBackRetries,
  takeOffPlan,
} from '../pipelines/index.ts';
import type { Run } from '../pipelines/index.ts';
import { decide } from './decide.ts';

/** What a cancel came to. `over`: asked again after that, everything has ended. */
export interface Canceled {
  /** False: there was nothing left to cancel. */
  readonly requested: boolean;
  over(): Promise<boolean>;
}

/** Ends a whole run: its jobs, its requests, its stages. Harmless twice. */
export async function cancelRun(project: Project, run: Run, actor: Actor): Promise<Canceled> {
  const { store, clock } = project;
  const requested = await store.tx((tx) => requestCancel(tx, clock.now(), run, actor));
  return { requested, over: () => runIsOverNow(project, run) };
}

/** Ends one stage of a run; the stages after it go on with what is there. Harmless twice. */
export async function cancelStage(project: Project, run: Run, name: string, actor: Actor): Promise<Canceled> {
  const { store, clock } = project;
  const stages = await getStages(store.db, run.id);
  const stage = stages.find((s) => s.name.toLowerCase() === name.toLowerCase());
  if (stage === undefined) {
    const names = stages.map((s) => s.name);
    throw new UsageError(`Run ${run.number} has no stage ${name}.`, {
      hint: didYouMean(name, names) ?? `Its stages are ${names.join(', ')}.`,
    });
  }
  const requested = await store.tx((tx) => requestStageCancel(tx, clock.now(), run, stage, actor));
  return {
    requested,
    over: async () => {
      const now = (await getStages(store.db, run.id)).find((s) => s.name === stage.name);
      // One whose turn has not come ends when it does.
      return now === undefined || stageIsOver(now.status) || now.status === 'pending';
    },
  };
}

/** Ends single jobs. Harmless twice. */
export async function cancelJobs(
  project: Project,
  run: Pick<Run, 'id' | 'number'>,
  jobs: readonly Job[],
  actor: Actor,
): Promise<Canceled> {
  const { store, clock } = project;
  const open = jobs.filter((j) => j.ended_at === null);
  if (open.length > 0) await store.tx((tx) => requestJobsCancel(tx, clock.now(), run, open, actor));
  return { requested: open.length > 0, over: () => jobsAreOver(project, open) };
}

/** Ends jobs by their names or ids, of whichever runs they are. Harmless twice. @throws NotFoundError */
export async function cancelNamedJobs(
  project: Project,
  names: readonly string[],
  actor: Actor,
): Promise<readonly (Canceled & { readonly run_id: string; readonly jobs: readonly Job[] })[]> {
  const { db } = project.store;
  const by_name = await jobsByName(db, names);
  const jobs = new Map<string, Job>();
  for (const name of names) {
    const job = by_name.get(name) ?? (await findJob(db, name));
    jobs.set(job.id, job);
  }
  const canceled = [];
  for (const [run_id, some] of Map.groupBy(jobs.values(), (j) => j.run_id))
    canceled.push({
      ...(await cancelJobs(project, await getRun(db, run_id), some, actor)),
      run_id,
      jobs: some,
    });
  return canceled;
}

/**
 * Takes circuits out of a run wherever they are: not submitted yet, queued or running, parked at a gate, or approved there
 * for a retry that has not begun, where it needs the rights of the gate. `mayVote` throws where the caller's role lets them give no verdict: before anything is canceled,
 * and again for what came to a gate meanwhile. What is canceled is owed and no failure.
 */
export async function cancelCircuits(
  project: Project,
  run: Run,
  circuits: readonly string[],
  actor: Actor,
  mayVote: () => void = () => undefined,
): Promise<Canceled> {
  const { db } = project.store;
  const planned = await db
    .selectFrom('plan_circuits')
    .select('circuit_id')
    .where('run_id', '=', run.id)
    .execute();
  const known = new Set(planned.map((p) => p.circuit_id));
  const unknown = circuits.find((id) => !known.has(id));
  if (unknown !== undefined)
    throw new NotFoundError(`Run ${run.number} has no circuit ${unknown}.`, {
      hint: didYouMean(unknown, known) ?? `List its jobs with \`trainyard jobs list --run ${run.number}\`.`,
    });
  const wanted = new Set(circuits);
  if ((await parkedAt(project, run, wanted)).length > 0) mayVote();
  // First what is not submitted yet: from then on nothing of these circuits can become a job.
  const unsubmitted =
    run.ended_at === null
      ? await project.store.tx(
          async (tx) =>
            (await takeOffPlan(tx, project.clock.now(), run, circuits, actor)) +
            (await takeBackRetries(tx, project.world, run, circuits, { actor, mayVote })),
        )
      : 0;
  const jobs: Job[] = [];
  for (const stage of ['SubmitTraining', 'RetryFailedTraining'])
    for await (const page of eachJob(db, { run_id: run.id, stage, statuses: OPEN_STATUSES }))
      jobs.push(...page.filter((j) => wanted.has(j.circuit_id)));
  const canceled = await cancelJobs(project, run, jobs, actor);
  const parked = await parkedAt(project, run, wanted);
  if (parked.length > 0) mayVote();
  for (const { approval_id, subjects, stage } of parked)
    await decide(project, {
      approval_id,
      actor,
      verdict: stage === 'RetryFailedTraining' ? 'reject' : 'hold',
      comment: 'canceled',
      subjects,
      retrain: false,
    });
  return { ...canceled, requested: canceled.requested || unsubmitted > 0 || parked.length > 0 };
}

async function parkedAt(
  project: Project,
  run: Run,
  circuits: ReadonlySet<string>,
): Promise<{ approval_id: string; stage: string; subjects: string[] }[]> {
  const { db } = project.store;
  const parked = [];
  for (const approval of await listApprovals(db, { run_id: run.id, status: 'waiting', limit: 50 })) {
    const pending = await listSubjects(db, {
      approval_id: approval.id,
      verdict: 'pending',
      limit: 1_000_000,
    });
    const subjects = pending
      .filter((s) => s.circuit_id !== null && circuits.has(s.circuit_id))
      .map((s) => s.subject);
    if (subjects.length > 0) parked.push({ approval_id: approval.id, stage: approval.stage, subjects });
  }
  return parked;
}

async function jobsAreOver(project: Project, jobs: readonly Job[]): Promise<boolean> {
  for (let i = 0; i < jobs.length; i += 500) {
    const open = await project.store.db
      .selectFrom('jobs')
      .select('id')
      .where(
        'id',
        'in',
        jobs.slice(i, i + 500).map((j) => j.id),
      )
      .where('ended_at', 'is', null)
      .limit(1)
      .executeTakeFirst();
    if (open !== undefined) return false;
  }
  return true;
}

async function runIsOverNow(project: Project, run: Run): Promise<boolean> {
  const row = await project.store.db
    .selectFrom('runs')
    .select('ended_at')
    .where('id', '=', run.id)
    .executeTakeFirst();
  return row === undefined || row.ended_at !== null;
}
