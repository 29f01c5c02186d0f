import { subjectsWith } from '../../gates/index.ts';
import type { NewSubject } from '../../gates/index.ts';
import {
  NOT_BEGUN,
  attemptKey,
  countJobs,
  eachJob,
  insertJobs,
  jobsOfStage,
  retryJobName,
} from '../../jobs/index.ts';
import type { Compute, Job } from '../../jobs/index.ts';
import { newId } from '../../kernel/ids.ts';
import { appendEvents } from '../../store/index.ts';
import type { JobsTable } from '../../store/index.ts';
import type { StageContext, StageOutcome } from '../pipeline.ts';
import { eachRunCircuit } from './circuits-of-run.ts';
import type { RunCircuit } from './circuits-of-run.ts';
import { askGate, deadlineOf } from './gate.ts';
import { writeJobFile } from './job-files.ts';
import { jobRows } from './job-rows.ts';
import { jobsExist } from '../open-jobs.ts';
import { jobWorld } from './job-world.ts';
import { writeModelFiles } from './model-files.ts';
import { watchJobs } from '../monitor-jobs.ts';
import { trainParams } from './params.ts';
import { registerJobs } from './register-jobs.ts';

const STAGE = 'RetryFailedTraining';

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
  return (await owedCircuits(context)).length > 0 ? true : 'nothing failed';
}

/**
 * Shows what failed, waits at gate `training-retry`, trains the approved circuits again under new names, registers
 * what comes of it and merges it with the rest. Rejected or expired it is skipped, and promotion goes on with what succeeded.
 */
export async function retryFailedTraining(context: StageContext): Promise<StageOutcome> {
  if (!(await jobsExist(context.db, context.run.id, STAGE))) {
    const waiting = await gateThenSubmit(context);
    if (waiting !== null) return waiting;
  }
  const { counts: watched, until } = await watchJobs(
    context,
    await jobWorld(context),
    STAGE,
    context.world.config.monitoring,
  );
  if (until !== null) return { kind: 'wait', on: 'jobs', until, counts: { ...watched } };
  const { registered } = await registerJobs(context, STAGE);
  const counts = await countJobs(context.db, context.run.id, STAGE);
  await writeJobFile(context, 'retry_jobs', STAGE);
  await writeJobFile(context, 'completed_retry_jobs', STAGE, ['succeeded']);
  await writeModelFiles(context, ['registered_models_with_retry']);
  const { succeeded, failed, canceled } = counts;
  const told = { succeeded, failed, canceled, registered };
  if (registered !== succeeded)
    return {
      kind: 'failed',
      reason: `the counts do not add up: ${succeeded} retries completed, ${registered} were registered`,
      counts: told,
    };
  const mandatory = (await failedAgain(context)).length;
  if (mandatory > 0)
    return {
      kind: 'failed',
      reason: mandatory === 1 ? '1 circuit failed again' : `${mandatory} circuits failed again`,
      counts: told,
    };
  return { kind: 'done', counts: told };
}

/** Null once the retry jobs are written down; else what the stage came to. */
async function gateThenSubmit(context: StageContext): Promise<StageOutcome | null> {
  const approval = await askGate(context, {
    gate: 'training-retry',
    title: await titleOf(context),
    subjects: () => gateSubjects(context),
  });
  if (approval.status === 'waiting')
    return { kind: 'wait', on: 'approval', until: deadlineOf(approval), reason: approval.title };
  const approved = new Set(await subjectsWith(context.db, approval.id, 'approve'));
  if (approved.size === 0) {
    await writeModelFiles(context, ['registered_models_with_retry']);
    return {
      kind: 'skipped',
      reason: approval.status === 'expired' ? 'nobody decided in time' : 'the retry was rejected',
    };
  }
  const rows = await retryRows(context, approved);
  await context.tx(async (tx) => {
    await insertJobs(tx, rows);
    context.world.faultPoint('retry.inserted');
    await appendEvents(tx, context.now(), [
      {
        type: 'training.retried',
        run_id: context.run.id,
        stage: STAGE,
        message: `Training ${rows.length} failed circuits again`,
        data: { jobs: rows.length },
      },
    ]);
  });
  return null;
}

async function retryRows(context: StageContext, approved: ReadonlySet<string>): Promise<JobsTable[]> {
  const now = context.now();
  const rows: JobsTable[] = [];
  // This run's failures: the same config and data, whatever the files say by now.
  for await (const page of eachJob(context.db, {
    run_id: context.run.id,
    stage: 'SubmitTraining',
    statuses: ['failed'],
  })) {
    for (const job of page) if (approved.has(job.circuit_id)) rows.push(retryOf(job, now));
  }
  // An earlier run's failures: the present commit.
  const owed = (await owedCircuits(context)).filter((c) => approved.has(c.circuit.id));
  rows.push(...(await jobRows(context, owed, STAGE, (base) => retryJobName(base, now))));
  return rows;
}

function retryOf(job: Job, now: number): JobsTable {
  return {
    ...job,
    id: newId('job', now),
    name: retryJobName(job.base_name, now),
    stage: STAGE,
    retry: 1,
    retry_of: job.name,
    status: 'pending',
    reason: null,
    message: null,
    attempt: 1,
    created_at: new Date(now).toISOString(),
    ...NOT_BEGUN,
  };
}

async function owedCircuits(context: StageContext): Promise<RunCircuit[]> {
  const owed: RunCircuit[] = [];
  for await (const page of eachRunCircuit(context.db, context.run.id, {
    action: 'skip',
    cause: 'owed_failed',
  }))
    owed.push(...page);
  return owed;
}

/** Mandatory circuits whose retry failed. */
export async function failedAgain(context: Pick<StageContext, 'db' | 'run'>): Promise<string[]> {
  const failed: string[] = [];
  for await (const page of eachJob(context.db, {
    run_id: context.run.id,
    stage: STAGE,
    statuses: ['failed'],
  })) {
    failed.push(...page.filter((j) => j.optional === 0).map((j) => j.circuit_id));
  }
  return failed;
}

async function titleOf(context: StageContext): Promise<string> {
  const failed = Number(context.stageNamed('MonitorTraining').counts['failed'] ?? 0);
  const owed = (await owedCircuits(context)).length;
  const what = failed + owed === 1 ? '1 failed circuit' : `${failed + owed} failed circuits`;
  return owed === 0 ? `Train ${what} again` : `Train ${what} again (${owed} from earlier runs)`;
}

async function gateSubjects(context: StageContext): Promise<NewSubject[]> {
  const compute = await context.world.compute(trainParams(context.run).provider);
  const subjects: NewSubject[] = [];
  for await (const page of eachJob(context.db, {
    run_id: context.run.id,
    stage: 'SubmitTraining',
    statuses: ['failed'],
  })) {
    for (const job of page) {
      subjects.push({
        subject: job.circuit_id,
        circuit_id: job.circuit_id,
        detail: {
          job: job.name,
          attempts: job.attempt,
          reason: job.reason,
          message: job.message,
          url: job.url,
          log_tail: await logTail(compute, job),
        },
      });
    }
  }
  for (const { circuit, row } of await owedCircuits(context)) {
    subjects.push({
      subject: circuit.id,
      circuit_id: circuit.id,
      detail: { job: null, attempts: null, reason: 'owed', message: row.reason, url: null, log_tail: [] },
    });
  }
  return subjects;
}

/** The last lines of a job's log, already free of secrets. */
async function logTail(compute: Compute, job: Job): Promise<string[]> {
  if (compute.logs === undefined) return [];
  const query = { run_id: job.run_id, key: attemptKey(job.name, job.attempt), limit: 1 << 16 };
  const chunk = await compute.logs({ ...query, offset: -4096 }).catch(() => null);
  return chunk === null
    ? []
    : chunk.text
        .split('\n')
        .filter((l) => l.trim() !== '')
        .slice(-5);
}
