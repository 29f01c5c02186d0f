import { verdictsOf } from '../../gates/index.ts';
import { eachJob, isOver, jobsByName, lastJobs } from '../../jobs/index.ts';
import type { Job } from '../../jobs/index.ts';
import { batches } from '../../store/index.ts';
import type { Db } from '../../store/index.ts';
import type { StageContext } from '../pipeline.ts';
import { eachRunCircuit } from './circuits-of-run.ts';
import type { RunCircuit } from './circuits-of-run.ts';
import type { Candidate } from './gate.ts';

export const RETRY_STAGE = 'RetryFailedTraining';

/** A circuit that may be trained again, and the failed job that a retry would stand for. */
export interface FailedCircuit extends Candidate {
  readonly circuit_id: string;
  readonly job: Job;
  /** Set where an earlier run left the failure: it is trained at the present commit, as this run's plan has it. */
  readonly owed: RunCircuit | null;
}

type Reader = Pick<StageContext, 'db' | 'run'>;

/**
 * What this run may train again: its own failures, those that an earlier run left behind, and retries that failed again
 * where somebody has asked for them. What a later run has taken in hand since is left to that run.
 */
export async function failedCircuits(context: Reader): Promise<FailedCircuit[]> {
  const own = await ownFailures(context);
  const named = new Set(own.map((f) => f.job.name));
  const owed = (await owedFailures(context)).filter((f) => !named.has(f.job.name));
  return [...own, ...owed].toSorted((a, b) => (a.circuit_id < b.circuit_id ? -1 : 1));
}

/** Failures of this run's jobs that nobody has trained again yet, retries that failed too included. */
export async function retryable(context: Reader): Promise<FailedCircuit[]> {
  const { db, run } = context;
  const failed: Job[] = [];
  for (const stage of ['SubmitTraining', RETRY_STAGE])
    for await (const page of eachJob(db, { run_id: run.id, stage, statuses: ['failed'] }))
      failed.push(...page);
  const open = await notRetried(db, failed);
  return (await leftToThisRun(context, open)).map((job) => ({ ...candidateOf(job), job, owed: null }));
}

async function ownFailures({ db, run }: Reader): Promise<FailedCircuit[]> {
  const failed: Job[] = [];
  for await (const page of eachJob(db, { run_id: run.id, stage: 'SubmitTraining', statuses: ['failed'] }))
    failed.push(...page);
  failed.push(...(await askedAgain({ db, run })));
  return (await leftToThisRun({ db, run }, failed)).map((job) => ({ ...candidateOf(job), job, owed: null }));
}

/** Leaves out circuits that a later run has trained since, well or not: what failed there is offered there. */
async function leftToThisRun({ db, run }: Reader, failed: readonly Job[]): Promise<Job[]> {
  if (run.rehearsal === 1 || failed.length === 0) return [...failed];
  const last = await lastJobs(
    db,
    failed.map((j) => j.circuit_id),
  );
  return failed.filter((job) => {
    const newest = last.get(job.circuit_id);
    const elsewhere = newest !== undefined && newest.run_number > run.number;
    return !elsewhere || newest.status === 'canceled';
  });
}

/** Failed jobs that no run has trained again. */
export async function notRetried(db: Db, failed: readonly Job[]): Promise<Job[]> {
  const retried = await namesRetried(
    db,
    failed.map((job) => job.name),
  );
  return failed.filter((job) => !retried.has(job.name));
}

/** Those of some jobs, by their names, that were trained again by whichever run. */
export async function namesRetried(db: Db, names: readonly string[]): Promise<ReadonlySet<string>> {
  const retried = new Set<string>();
  for (const some of batches(names)) {
    const rows = await db.selectFrom('jobs').select('retry_of').where('retry_of', 'in', some).execute();
    for (const row of rows) if (row.retry_of !== null) retried.add(row.retry_of);
  }
  return retried;
}

/** Retries of this run that failed, and that a request names. */
async function askedAgain({ db, run }: Reader): Promise<Job[]> {
  const asked = (await verdictsOf(db, run.id, RETRY_STAGE)).map((v) => boundJob(v.binding));
  const jobs = await jobsByName(db, [...new Set(asked.filter((name) => name !== null))]);
  return [...jobs.values()].filter(
    (job) => job.run_id === run.id && job.stage === RETRY_STAGE && job.status === 'failed',
  );
}

async function owedFailures({ db, run }: Reader): Promise<FailedCircuit[]> {
  // A rehearsal leaves what is real alone.
  if (run.rehearsal === 1) return [];
  const owed: RunCircuit[] = [];
  for await (const page of eachRunCircuit(db, run.id, { action: 'skip', cause: 'owed_failed' }))
    owed.push(...page);
  if (owed.length === 0) return [];
  const last = await lastJobs(
    db,
    owed.map((o) => o.circuit.id),
  );
  const names = new Map<string, string>();
  const mine = new Map<string, string>();
  for await (const page of eachJob(db, { run_id: run.id, stage: RETRY_STAGE, statuses: ALL }))
    for (const job of page) if (job.retry_of !== null) mine.set(job.circuit_id, job.retry_of);
  for (const { circuit, row } of owed) {
    const own = mine.get(circuit.id);
    if (own !== undefined) {
      names.set(circuit.id, own);
      continue;
    }
    const newest = last.get(circuit.id);
    // Whatever else has become of it since is another run's business.
    const same =
      newest?.status === 'failed' &&
      newest.run_number < run.number &&
      newest.training_hash === row.training_hash &&
      newest.inputs_digest === row.inputs_digest;
    if (same) names.set(circuit.id, newest.name);
  }
  const jobs = await jobsByName(db, [...names.values()]);
  return owed.flatMap((o) => {
    const job = jobs.get(names.get(o.circuit.id) ?? '');
    if (job === undefined || !isOver(job.status)) return [];
    // What it will be trained on is part of what is asked.
    const { training_hash, inputs_digest } = o.row;
    return [{ ...candidateOf({ ...job, training_hash, inputs_digest }), job, owed: o }];
  });
}

const ALL = ['pending', 'queued', 'preparing', 'running', 'succeeded', 'failed', 'canceled'] as const;

const candidateOf = (job: Job): Candidate & { circuit_id: string } => ({
  subject: job.circuit_id,
  circuit_id: job.circuit_id,
  binding: { job: job.name, training_hash: job.training_hash, inputs_digest: job.inputs_digest },
});

/** The failed job that a request at the retry gate is bound to. */
export function boundJob(binding: string): string | null {
  const { job } = JSON.parse(binding) as { job?: unknown };
  return typeof job === 'string' ? job : null;
}

/**
 * Mandatory circuits of the run that failed and that no retry of it mended: what counts is the newest job of each that
 * ended by itself.
 */
export async function circuitsStillFailed({ db, run }: Reader): Promise<string[]> {
  const ended = (stage: string, statuses: readonly ('succeeded' | 'failed')[]) =>
    db
      .selectFrom('jobs')
      .select(['circuit_id', 'status', 'optional'])
      .where('run_id', '=', run.id)
      .where('stage', '=', stage)
      .where('status', 'in', statuses)
      .execute();
  // A circuit has one job in each stage, and most went well in the first: only the others are read.
  const first = await ended('SubmitTraining', ['failed']);
  const again = await ended(RETRY_STAGE, ['succeeded', 'failed']);
  const failed = new Set<string>();
  for (const { circuit_id, status, optional } of [...first, ...again]) {
    if (status === 'failed' && optional === 0) failed.add(circuit_id);
    else failed.delete(circuit_id);
  }
  return [...failed].toSorted();
}
