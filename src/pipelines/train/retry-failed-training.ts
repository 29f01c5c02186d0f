import { requestMarks } from '../../gates/index.ts';
import {
  NOT_BEGUN,
  countJobs,
  freeJobName,
  insertJobs,
  jobsOfStage,
  retryJobName,
  takenNames,
} from '../../jobs/index.ts';
import type { Job, JobWorld } from '../../jobs/index.ts';
import { toIso } from '../../kernel/clock.ts';
import { newId } from '../../kernel/ids.ts';
import { appendEvents } from '../../store/index.ts';
import type { JobsTable } from '../../store/index.ts';
import { watchJobs } from '../monitor-jobs.ts';
import { noteFailures } from '../note-failures.ts';
import { jobsExist } from '../open-jobs.ts';
import type { StageContext, StageOutcome } from '../pipeline.ts';
import { RETRY_STAGE, circuitsStillFailed, failedCircuits, notRetried } from './failed-circuits.ts';
import type { FailedCircuit } from './failed-circuits.ts';
import { approvedNow, askGate } from './gate.ts';
import type { Decisions } from './gate.ts';
import { writeJobFile } from './job-files.ts';
import { jobRows } from './job-rows.ts';
import { jobWorld } from './job-world.ts';
import { writeModelFiles } from './model-files.ts';
import { registerJobs } from './register-jobs.ts';
import { describeFailures } from './retry-request.ts';

/** Runs only outside pull requests, and only when something failed: in this run, or in an earlier one that still owes it. */
export async function whenSomethingFailed(context: StageContext): Promise<true | string> {
  if (context.run.pr === 1) return 'a pull-request run retries nothing';
  if (
    context.stageNamed('SubmitTraining').status === 'failed' &&
    !(await jobsExist(context.db, context.run.id, 'SubmitTraining'))
  )
    return 'SubmitTraining did not succeed';
  const failed = await jobsOfStage(context.db, {
    run_id: context.run.id,
    stage: 'SubmitTraining',
    statuses: ['failed'],
    limit: 1,
  });
  if (failed.length > 0) return true;
  return (await failedCircuits(context)).length > 0 ? true : 'nothing failed';
}

/**
 * Shows what failed, waits at gate `training-retry`, trains what is approved again under new names as soon as it is, registers
 * what comes of it and merges it with the rest. Rejected or expired it is skipped, and promotion goes on with what succeeded.
 */
export async function retryFailedTraining(context: StageContext): Promise<StageOutcome> {
  return (await onlyWatch(context)) ?? (await askAndRetry(context));
}

/** While retries run and nobody has said anything new, they are watched, and the failures are not gone through again. */
async function onlyWatch(context: StageContext): Promise<StageOutcome | null> {
  const { decided, look_at } = context.stage.state;
  const due = typeof look_at === 'number' ? look_at : Number.POSITIVE_INFINITY;
  if (typeof decided !== 'string' || context.now() >= due || decided !== (await requestsMark(context)))
    return null;
  if (!(await jobsExist(context.db, context.run.id, RETRY_STAGE))) return null;
  const world = await jobWorld(context);
  const { counts, until } = await watchJobs(context, world, RETRY_STAGE, context.world.config.monitoring);
  return until === null
    ? null
    : { kind: 'wait', on: 'jobs', until: Math.min(until, due), counts: { ...counts } };
}

async function requestsMark({ db, run }: StageContext): Promise<string> {
  return JSON.stringify(await requestMarks(db, run.id, RETRY_STAGE));
}

async function askAndRetry(context: StageContext): Promise<StageOutcome> {
  const failed = await failedCircuits(context);
  const decisions = await askGate(context, {
    gate: 'training-retry',
    title: (asked) => titleOf(failed, asked.length),
    candidates: failed,
    describe: (asked) => describeFailures(context, asked),
  });
  if (context.stage.cancel_requested_by === null) await writeDown(context, decisions.with('approve'));
  await context.remember({ decided: await requestsMark(context), look_at: decisions.until });
  const begun = await jobsExist(context.db, context.run.id, RETRY_STAGE);
  const world = await jobWorld(context);
  const watched = begun
    ? await watchJobs(context, world, RETRY_STAGE, context.world.config.monitoring)
    : null;
  if (watched !== null && watched.until !== null)
    return {
      kind: 'wait',
      on: 'jobs',
      until: Math.min(watched.until, decisions.until ?? Number.POSITIVE_INFINITY),
      counts: { ...watched.counts },
    };
  // What is ready does not wait for what is still undecided.
  const registered = begun ? await takeIn(context, world, decisions.waiting === null) : 0;
  if (decisions.waiting !== null)
    return {
      kind: 'wait',
      on: 'approval',
      until: decisions.until,
      reason: decisions.waiting.title,
      ...(watched === null ? {} : { counts: { ...watched.counts, registered } }),
    };
  await writeModelFiles(context, ['registered_models_with_retry']);
  return begun ? conclude(context, registered) : { kind: 'skipped', reason: whyNot(decisions) };
}

/** Registers what has succeeded and notes why the rest failed; while people are still asked, only where there is news. */
async function takeIn(context: StageContext, world: JobWorld, last: boolean): Promise<number> {
  const { succeeded, failed } = await countJobs(context.db, context.run.id, RETRY_STAGE);
  const news = `${succeeded} ${failed}`;
  if (!last && context.stage.state['taken_in'] === news) return succeeded;
  const { registered } = await registerJobs(context, RETRY_STAGE);
  await noteFailures(context, world.compute, RETRY_STAGE);
  await context.remember({ taken_in: news });
  return registered;
}

async function conclude(context: StageContext, registered: number): Promise<StageOutcome> {
  await writeJobFile(context, 'retry_jobs', RETRY_STAGE);
  await writeJobFile(context, 'completed_retry_jobs', RETRY_STAGE, ['succeeded']);
  const counts = await countJobs(context.db, context.run.id, RETRY_STAGE);
  const { succeeded, failed, canceled } = counts;
  const told = { succeeded, failed, canceled, registered };
  if (registered !== succeeded)
    return {
      kind: 'failed',
      reason: `the counts do not add up: ${succeeded} retries completed, ${registered} were registered`,
      counts: told,
    };
  const again = await failedAgain(context);
  if (again.length > 0)
    return {
      kind: 'failed',
      reason: again.length === 1 ? '1 circuit failed again' : `${again.length} circuits failed again`,
      counts: told,
    };
  return { kind: 'done', counts: told };
}

function whyNot(decisions: Decisions<FailedCircuit>): string {
  if (decisions.with('expired').length > 0) return 'nobody decided in time';
  if (decisions.with('reject').length > 0) return 'the retry was rejected';
  return decisions.with('hold').length > 0 ? 'the retry was held' : 'nothing is left to train again';
}

/** Mandatory circuits whose retry failed and that no further retry mended. */
async function failedAgain(context: Pick<StageContext, 'db' | 'run'>): Promise<string[]> {
  const rows = await context.db
    .selectFrom('jobs')
    .select('circuit_id')
    .distinct()
    .where('run_id', '=', context.run.id)
    .where('stage', '=', RETRY_STAGE)
    .where('status', '=', 'failed')
    .execute();
  const retried = new Set(rows.map((r) => r.circuit_id));
  return (await circuitsStillFailed(context)).filter((id) => retried.has(id));
}

/** Writes the retries of these failures down, but for those that have one already; their jobs are handed over by watching. */
async function writeDown(context: StageContext, failures: readonly FailedCircuit[]): Promise<void> {
  const left = new Set(
    await notRetried(
      context.db,
      failures.map((f) => f.job),
    ),
  );
  const open = failures.filter((f) => left.has(f.job));
  if (open.length === 0) return;
  const now = context.now();
  const taken = await takenNames(
    context.db,
    open.map((f) => f.job.base_name),
  );
  const nameOf = (base: string): string => {
    const name = freeJobName(retryJobName(base, now), taken);
    taken.add(name);
    return name;
  };
  // This run's failures: the same config and data, whatever the files say by now.
  const rows = open.filter((f) => f.owed === null).map((f) => retryOf(f.job, nameOf(f.job.base_name), now));
  // An earlier run's failures: the present commit.
  const owed = open.flatMap((f) => (f.owed === null ? [] : [f.owed]));
  const jobs = new Map(open.map((f) => [f.circuit_id, f.job.name]));
  for (const row of await jobRows(context, owed, RETRY_STAGE, nameOf))
    rows.push({ ...row, retry_of: jobs.get(row.circuit_id) ?? null });
  await context.tx(async (tx) => {
    // Somebody may have taken circuits out of the run while their jobs were made.
    const approved = await approvedNow(tx, context, open);
    const wanted = new Set(approved.map((f) => f.job.name));
    const left = rows.filter((row) => wanted.has(row.retry_of ?? ''));
    if (left.length === 0) return;
    await insertJobs(tx, left);
    context.world.faultPoint('retry.inserted');
    await appendEvents(tx, now, [
      {
        type: 'training.retried',
        run_id: context.run.id,
        stage: RETRY_STAGE,
        message:
          left.length === 1
            ? 'Training 1 failed circuit again'
            : `Training ${left.length} failed circuits again`,
        data: { jobs: left.length },
      },
    ]);
  });
  await writeJobFile(context, 'retry_jobs', RETRY_STAGE);
}

function retryOf(job: Job, name: string, now: number): JobsTable {
  return {
    ...job,
    id: newId('job', now),
    name,
    stage: RETRY_STAGE,
    retry: 1,
    retry_of: job.name,
    status: 'pending',
    reason: null,
    message: null,
    attempt: 1,
    created_at: toIso(now),
    ...NOT_BEGUN,
  };
}

function titleOf(failed: readonly FailedCircuit[], asked: number): string {
  const owed = failed.filter((f) => f.owed !== null).length;
  const what = asked === 1 ? '1 failed circuit' : `${asked} failed circuits`;
  return owed === 0 ? `Train ${what} again` : `Train ${what} again (${owed} from earlier runs)`;
}
