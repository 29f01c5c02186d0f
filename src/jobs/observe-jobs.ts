import { toIso } from '../kernel/clock.ts';
import { appendEvents, batches } from '../store/index.ts';
import type { NewEvent, Tx } from '../store/index.ts';
import type { JobOutputs, Observation } from './compute.ts';
import { attemptKey } from './job-names.ts';
import { eachJob, jobsByKey, newAttempt } from './job-store.ts';
import type { Job } from './job-store.ts';
import type { JobWorld } from './job-world.ts';
import { nextJob } from './next-job.ts';
import type { JobMove } from './next-job.ts';

interface Decided {
  readonly job: Job;
  readonly seen: Observation;
  readonly move: Exclude<JobMove, { kind: 'stay' }>;
  readonly metrics: Readonly<Record<string, number>> | null;
  readonly note: string | null;
}

/**
 * One list call, one diff, rows in batches: takes over what the provider says of a run's jobs since `cursor`.
 * Returns the next cursor and the keys it heard of.
 */
export async function observeJobs(world: JobWorld, cursor: string | null): Promise<{ cursor: string | null; keys: ReadonlySet<string> }> {
  const listed = await world.compute.list({ run_id: world.run_id, cursor });
  for (const some of batches(listed.observations)) {
    const jobs = await jobsByKey(world.db, some.map((o) => o.key));
    const decided: Decided[] = [];
    for (const seen of some) {
      const job = jobs.get(seen.key);
      // Unknown keys belong to an earlier attempt, whose outcome is in the books already.
      if (job === undefined) continue;
      const outputs = seen.state === 'succeeded' && job.status !== 'succeeded' ? await outputsOf(world, seen.key) : null;
      const wroteModel = outputs === null ? seen.state === 'succeeded' : (await outputs.files(await world.modelOutputOf(job))).length > 0;
      const move = nextJob(job, seen, wroteModel);
      if (move.kind === 'stay') continue;
      decided.push({ job, seen, move, metrics: outputs?.metrics ?? null, note: outputs?.metrics_problem ?? null });
    }
    if (decided.length === 0) continue;
    await world.tx((tx) => write(tx, world.clock.now(), decided));
  }
  return { cursor: listed.cursor, keys: new Set(listed.observations.map((o) => o.key)) };
}

/** A job that our rows call started and a full listing does not know is lost: that is a failure like any other. */
export async function markLost(world: JobWorld, stage: string, known: ReadonlySet<string>): Promise<void> {
  for await (const page of eachJob(world.db, { run_id: world.run_id, stage, statuses: ['preparing', 'running'] })) {
    const lost = page.filter((j) => !known.has(attemptKey(j.name, j.attempt)));
    const now = world.clock.now();
    const decided = lost.map((job): Decided => {
      const seen: Observation = {
        key: attemptKey(job.name, job.attempt),
        state: 'failed',
        reason: 'lost',
        message: 'the provider no longer knows this job',
        exit_code: null,
        submitted_at: job.submitted_at ?? job.created_at,
        running_at: job.running_at,
        ended_at: toIso(now),
        queued_s: job.queued_s ?? 0,
        preparing_s: job.preparing_s ?? 0,
        running_s: job.running_s ?? 0,
        usage: { cpu_s: null, peak_memory_mib: null },
        url: job.url,
      };
      const move = nextJob(job, seen, false);
      return { job, seen, move: move.kind === 'stay' ? { kind: 'cancel' } : move, metrics: null, note: null };
    });
    if (decided.length > 0) await world.tx((tx) => write(tx, now, decided));
  }
}

/** Cancels at the provider what has run longer than allowed and writes it down as failed (timed out). */
export async function timeOutJobs(world: JobWorld, stage: string, running_before: string, why: string, statuses: readonly ('queued' | 'preparing' | 'running')[]): Promise<number> {
  let ended = 0;
  for await (const page of eachJob(world.db, { run_id: world.run_id, stage, statuses })) {
    const over = page.filter((j) => statuses.length > 1 || (j.running_at !== null && j.running_at <= running_before));
    if (over.length === 0) continue;
    await world.compute.cancel(world.run_id, over.map((j) => attemptKey(j.name, j.attempt)));
    const at = toIso(world.clock.now());
    await world.tx(async (tx) => {
      const fields = { status: 'failed', reason: 'timed_out', message: why, ended_at: at };
      await tx.updateTable('jobs').set(fields).where('id', 'in', over.map((j) => j.id)).where('status', 'in', statuses).execute();
      await tx.updateTable('attempts').set(fields).where('key', 'in', over.map((j) => attemptKey(j.name, j.attempt))).execute();
      await appendEvents(tx, world.clock.now(), over.map((job) => failureEvent(job, why, 'timed_out')));
    });
    ended += over.length;
  }
  return ended;
}

async function outputsOf(world: JobWorld, key: string): Promise<JobOutputs | null> {
  return world.compute.outputs === undefined ? null : world.compute.outputs(world.run_id, key);
}

async function write(tx: Tx, now: number, decided: readonly Decided[]): Promise<void> {
  const events: NewEvent[] = [];
  for (const { job, seen, move, metrics, note } of decided) {
    const measured = {
      running_at: seen.running_at,
      queued_s: seen.queued_s,
      preparing_s: seen.preparing_s,
      running_s: seen.running_s,
      cpu_s: seen.usage.cpu_s,
      peak_memory_mib: seen.usage.peak_memory_mib,
    };
    const ended = 'ended_at' in seen ? seen.ended_at : null;
    const exit_code = 'exit_code' in seen ? seen.exit_code : null;
    const end = endOf(move);
    await tx
      .updateTable('attempts')
      .set({ ...measured, exit_code, ended_at: ended, status: end.attempt_status, reason: end.reason, message: end.message })
      .where('key', '=', seen.key)
      .execute();
    if (move.kind === 'try_again') {
      const next = job.attempt + 1;
      await tx
        .updateTable('jobs')
        .set({ status: 'pending', attempt: next, message: `attempt ${job.attempt} failed: ${move.message}`, reason: move.reason })
        .where('id', '=', job.id)
        .where('attempt', '=', job.attempt)
        .execute();
      await tx.insertInto('attempts').values(newAttempt(job, next)).onConflict((c) => c.doNothing()).execute();
      events.push({
        type: 'job.attempt_failed',
        severity: 'warning',
        run_id: job.run_id,
        stage: job.stage,
        circuit_id: job.circuit_id,
        message: `${job.name} failed in attempt ${job.attempt} of ${job.max_attempts}: ${move.message}`,
        data: { job: job.name, reason: move.reason, attempt: job.attempt },
      });
      continue;
    }
    await tx
      .updateTable('jobs')
      .set({
        ...measured,
        // max_wait counts from the first time a job ran, whatever its attempts.
        running_at: job.running_at ?? seen.running_at,
        status: end.attempt_status,
        reason: end.reason,
        message: end.message,
        exit_code,
        ended_at: ended,
        url: seen.url,
        ...(metrics === null ? {} : { metrics: JSON.stringify(metrics) }),
      })
      .where('id', '=', job.id)
      .where('status', '=', job.status)
      .execute();
    if (move.kind === 'fail') events.push(failureEvent(job, move.message, move.reason));
    if (note !== null) {
      events.push({ type: 'job.metrics_problem', severity: 'warning', run_id: job.run_id, stage: job.stage, circuit_id: job.circuit_id, message: `${job.name}: ${note}` });
    }
  }
  await appendEvents(tx, now, events);
}

function endOf(move: Exclude<JobMove, { kind: 'stay' }>): { attempt_status: string; reason: string | null; message: string | null } {
  switch (move.kind) {
    case 'move':
      return { attempt_status: move.status, reason: null, message: null };
    case 'succeed':
      return { attempt_status: 'succeeded', reason: null, message: null };
    case 'cancel':
      return { attempt_status: 'canceled', reason: null, message: null };
    case 'fail':
    case 'try_again':
      return { attempt_status: 'failed', reason: move.reason, message: move.message };
    default:
      return move satisfies never;
  }
}

function failureEvent(job: Job, message: string, reason: string): NewEvent {
  return {
    type: 'job.failed',
    severity: job.optional === 1 ? 'warning' : 'error',
    run_id: job.run_id,
    stage: job.stage,
    circuit_id: job.circuit_id,
    message: `${job.name} failed: ${message}`,
    data: { job: job.name, reason, attempt: job.attempt },
  };
}
