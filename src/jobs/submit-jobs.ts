import { nextTurn, toIso } from '../kernel/clock.ts';
import { ProviderError } from '../kernel/errors.ts';
import { appendEvents } from '../store/index.ts';
import type { NewEvent, Tx } from '../store/index.ts';
import type { Submission, SubmitOutcome } from './compute.ts';
import { attemptKey } from './job-names.ts';
import { eachJob, jobsOfStage } from './job-store.ts';
import type { Job } from './job-store.ts';
import type { JobWorld } from './job-world.ts';

/**
 * Hands every pending attempt of a stage to the provider, some hundreds at a time. The rows were written first and the
 * key follows from them, so that dying between the provider's yes and our note only means that the same key is handed
 * over again, which the provider refuses to run twice.
 *
 * Returns how many were handed over.
 */
export async function submitPending(world: JobWorld, stage: string): Promise<number> {
  let handed = 0;
  for (;;) {
    // Few at first, so that the first jobs run while the others are handed over.
    const limit = handed === 0 ? 50 : 500;
    const jobs = await jobsOfStage(world.db, {
      run_id: world.run_id,
      stage,
      statuses: ['pending'],
      due_at: toIso(world.clock.now()),
      limit,
    });
    if (jobs.length === 0 || world.signal.aborted) return handed;
    await handOver(world, jobs);
    handed += jobs.length;
    // The database answers without ever giving a turn to anybody else, such as the provider that has just got work.
    await nextTurn();
  }
}

/**
 * Hands over again what the rows call queued and the provider does not know: work that was only waiting in a process
 * that died. Called once per process, with the keys of a full listing.
 */
export async function resubmitUnknown(
  world: JobWorld,
  stage: string,
  known: ReadonlySet<string>,
): Promise<number> {
  let handed = 0;
  for await (const page of eachJob(world.db, { run_id: world.run_id, stage, statuses: ['queued'] })) {
    const unknown = page.filter((j) => !known.has(attemptKey(j.name, j.attempt)));
    if (unknown.length === 0) continue;
    await handOver(world, unknown);
    handed += unknown.length;
  }
  return handed;
}

async function handOver(world: JobWorld, jobs: readonly Job[]): Promise<void> {
  const submissions: Submission[] = [];
  for (const job of jobs) submissions.push(await world.submissionOf(job));
  world.faultPoint('submit.before');
  const outcomes = await world.compute.submit(submissions);
  world.faultPoint('submit.after');
  if (outcomes.length !== jobs.length) {
    const { name } = world.compute.describe();
    throw new ProviderError(
      name,
      `The provider ${name} answered for ${outcomes.length} of ${jobs.length} jobs.`,
      { retryable: false, hint: 'This is a fault of the provider; nothing was noted.' },
    );
  }
  await world.tx((tx) => recordOutcomes(tx, world.clock.now(), jobs, outcomes));
}

async function recordOutcomes(
  tx: Tx,
  now: number,
  jobs: readonly Job[],
  outcomes: readonly SubmitOutcome[],
): Promise<void> {
  const at = toIso(now);
  const accepted = jobs.filter((_, i) => outcomes[i]?.accepted === true);
  if (accepted.length > 0) {
    await tx
      .updateTable('jobs')
      .set((e) => ({ status: 'queued', submitted_at: e.fn.coalesce('submitted_at', e.val(at)) }))
      .where(
        'id',
        'in',
        accepted.map((j) => j.id),
      )
      .where('status', '=', 'pending')
      .execute();
    await tx
      .updateTable('attempts')
      .set({ status: 'queued', submitted_at: at })
      .where(
        'key',
        'in',
        accepted.map((j) => attemptKey(j.name, j.attempt)),
      )
      .where('status', '=', 'pending')
      .execute();
  }
  const events: NewEvent[] = [];
  for (const [i, job] of jobs.entries()) {
    const outcome = outcomes[i];
    if (outcome === undefined || outcome.accepted) continue;
    const failed = { status: 'failed', reason: outcome.reason, message: outcome.message, ended_at: at };
    await tx.updateTable('jobs').set(failed).where('id', '=', job.id).execute();
    await tx.updateTable('attempts').set(failed).where('key', '=', outcome.key).execute();
    events.push({
      type: 'job.failed',
      severity: 'error',
      run_id: job.run_id,
      stage: job.stage,
      circuit_id: job.circuit_id,
      message: `${job.name} was refused: ${outcome.message}`,
      data: { job: job.name, reason: outcome.reason },
    });
  }
  await appendEvents(tx, now, events);
}
