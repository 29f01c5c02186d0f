import { sql } from 'kysely';
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
export async function observeJobs(
  world: JobWorld,
  cursor: string | null,
): Promise<{ cursor: string | null; keys: ReadonlySet<string> }> {
  const listed = await world.compute.list({ run_id: world.run_id, cursor });
  for (const some of batches(listed.observations)) {
    const jobs = await jobsByKey(
      world.db,
      some.map((o) => o.key),
    );
    const decided: Decided[] = [];
    // Outputs are looked at many at a time: one after the other, a thousand jobs would be a thousand waits.
    for (const few of batches(some, 32)) {
      const moves = await Promise.all(
        few.map(async (seen) => {
          const job = jobs.get(seen.key);
          // Unknown keys belong to an earlier attempt, whose outcome is in the books already.
          return job === undefined ? null : decide(world, job, seen);
        }),
      );
      decided.push(...moves.filter((move) => move !== null));
    }
    if (decided.length === 0) continue;
    await world.tx((tx) => write(tx, world.clock.now(), decided, world.retry_delay_s));
  }
  return { cursor: listed.cursor, keys: new Set(listed.observations.map((o) => o.key)) };
}

async function decide(world: JobWorld, job: Job, seen: Observation): Promise<Decided | null> {
  const outputs =
    seen.state === 'succeeded' && job.status !== 'succeeded' ? await outputsOf(world, seen.key) : null;
  const output = outputs === null ? null : await world.modelOutputOf(job);
  const wroteModel =
    outputs === null || output === null
      ? seen.state === 'succeeded'
      : (await outputs.files(output)).length > 0;
  const move = nextJob(job, seen, wroteModel);
  if (move.kind === 'stay') return null;
  const reported = move.kind === 'succeed' ? ((await world.metricsOf?.(job, seen.running_at)) ?? null) : null;
  return { job, seen, move, metrics: outputs?.metrics ?? reported, note: outputs?.metrics_problem ?? null };
}

/** A job that our rows call started and a full listing does not know is lost: that is a failure like any other. */
export async function markLost(world: JobWorld, stage: string, known: ReadonlySet<string>): Promise<void> {
  for await (const page of eachJob(world.db, {
    run_id: world.run_id,
    stage,
    statuses: ['preparing', 'running'],
  })) {
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
    if (decided.length > 0) await world.tx((tx) => write(tx, now, decided, world.retry_delay_s));
  }
}

/** Cancels at the provider what has run longer than allowed and writes it down as failed (timed out). */
export async function timeOutJobs(
  world: JobWorld,
  stage: string,
  running_before: string,
  why: string,
  statuses: readonly ('queued' | 'preparing' | 'running')[],
): Promise<number> {
  let ended = 0;
  for await (const page of eachJob(world.db, { run_id: world.run_id, stage, statuses })) {
    const over = page.filter(
      (j) => statuses.length > 1 || (j.running_at !== null && j.running_at <= running_before),
    );
    if (over.length === 0) continue;
    await world.compute.cancel(
      world.run_id,
      over.map((j) => attemptKey(j.name, j.attempt)),
    );
    const at = toIso(world.clock.now());
    await world.tx(async (tx) => {
      const fields = { status: 'failed', reason: 'timed_out', message: why, ended_at: at };
      await tx
        .updateTable('jobs')
        .set(fields)
        .where(
          'id',
          'in',
          over.map((j) => j.id),
        )
        .where('status', 'in', statuses)
        .execute();
      await tx
        .updateTable('attempts')
        .set(fields)
        .where(
          'key',
          'in',
          over.map((j) => attemptKey(j.name, j.attempt)),
        )
        .execute();
      await appendEvents(
        tx,
        world.clock.now(),
        over.map((job) => failureEvent(job, why, 'timed_out')),
      );
    });
    ended += over.length;
  }
  return ended;
}

async function outputsOf(world: JobWorld, key: string): Promise<JobOutputs | null> {
  return world.compute.outputs === undefined ? null : world.compute.outputs(world.run_id, key);
}

/** What an observation came to, as the columns that attempts and jobs share. */
interface Measured {
  readonly status: string;
  readonly reason: string | null;
  readonly message: string | null;
  readonly running_at: string | null;
  readonly ended_at: string | null;
  readonly exit_code: number | null;
  readonly queued_s: number;
  readonly preparing_s: number;
  /** Null while it runs: what was seen of that is old a moment later, and `running_at` says it. */
  readonly running_s: number | null;
  readonly cpu_s: number | null;
  readonly peak_memory_mib: number | null;
}

/** Rows per statement. */
const ROWS = 100;

/** Many rows per statement: row by row this is most of what watching costs. */
async function write(tx: Tx, now: number, decided: readonly Decided[], retry_delay_s: number): Promise<void> {
  const rows = decided.map((d) => ({ ...d, measured: measuredOf(d) }));
  for (const some of batches(rows, ROWS)) await writeAttempts(tx, some);
  for (const some of batches(
    rows.filter(({ move }) => move.kind !== 'try_again'),
    ROWS,
  ))
    await writeJobs(tx, some);
  const events: NewEvent[] = [];
  for (const { job, move, note } of rows) {
    if (move.kind === 'try_again') {
      await tryAgain(tx, job, move, retry_delay_s === 0 ? null : toIso(now + retry_delay_s * 1000));
      events.push(attemptEvent(job, move));
      continue;
    }
    if (move.kind === 'fail') events.push(failureEvent(job, move.message, move.reason));
    if (note !== null) {
      events.push({
        type: 'job.metrics_problem',
        severity: 'warning',
        run_id: job.run_id,
        stage: job.stage,
        circuit_id: job.circuit_id,
        message: `${job.name}: ${note}`,
      });
    }
  }
  await appendEvents(tx, now, events);
}

function measuredOf({ seen, move }: Decided): Measured {
  const end = endOf(move);
  return {
    status: end.attempt_status,
    reason: end.reason,
    message: end.message,
    running_at: seen.running_at,
    ended_at: 'ended_at' in seen ? seen.ended_at : null,
    exit_code: 'exit_code' in seen ? seen.exit_code : null,
    queued_s: seen.queued_s,
    preparing_s: seen.preparing_s,
    running_s: end.attempt_status === 'running' ? null : seen.running_s,
    cpu_s: seen.usage.cpu_s,
    peak_memory_mib: seen.usage.peak_memory_mib,
  };
}

const NUMBERS = ['queued_s', 'preparing_s', 'running_s', 'cpu_s', 'peak_memory_mib'] as const;
const TEXTS = ['status', 'reason', 'message', 'running_at', 'ended_at'] as const;

// A list of values has no types of its own in Postgres, hence the casts.
const numbers = sql.join(
  NUMBERS.map((name) => sql`${sql.ref(name)} = cast(${sql.ref(`v.${name}`)} as real)`),
);
const exitCode = sql`exit_code = cast(v.exit_code as integer)`;
const columns = sql.join([...TEXTS, ...NUMBERS, 'exit_code'].map((name) => sql.ref(name)));
const valuesOf = (m: Measured) =>
  sql.join([...TEXTS.map((name) => m[name]), ...NUMBERS.map((name) => m[name]), m.exit_code]);

type Row = Decided & { readonly measured: Measured };

async function writeAttempts(tx: Tx, rows: readonly Row[]): Promise<void> {
  const texts = sql.join(TEXTS.map((name) => sql`${sql.ref(name)} = ${sql.ref(`v.${name}`)}`));
  await sql`
    with v (key, ${columns}) as (values ${sql.join(rows.map(({ seen, measured }) => sql`(${seen.key}, ${valuesOf(measured)})`))})
    update attempts set ${texts}, ${numbers}, ${exitCode} from v where attempts.key = v.key`.execute(tx);
}

async function writeJobs(tx: Tx, rows: readonly Row[]): Promise<void> {
  const values = rows.map(({ job, seen, measured, metrics }) => {
    const json = metrics === null ? null : JSON.stringify(metrics);
    return sql`(${job.id}, ${job.status}, ${seen.url}, ${json}, ${valuesOf(measured)})`;
  });
  // max_wait counts from the first time a job ran, whatever its attempts.
  await sql`
    with v (id, was, url, metrics, ${columns}) as (values ${sql.join(values)})
    update jobs set status = v.status, reason = v.reason, message = v.message, ended_at = v.ended_at, url = v.url,
      running_at = coalesce(jobs.running_at, v.running_at), metrics = coalesce(v.metrics, jobs.metrics), ${numbers}, ${exitCode}
    from v where jobs.id = v.id and jobs.status = v.was`.execute(tx);
}

type TryAgain = Extract<JobMove, { kind: 'try_again' }>;

async function tryAgain(tx: Tx, job: Job, move: TryAgain, not_before: string | null): Promise<void> {
  const next = job.attempt + 1;
  await tx
    .updateTable('jobs')
    .set({
      status: 'pending',
      attempt: next,
      message: `attempt ${job.attempt} failed: ${move.message}`,
      reason: move.reason,
      not_before,
    })
    .where('id', '=', job.id)
    .where('attempt', '=', job.attempt)
    .execute();
  await tx
    .insertInto('attempts')
    .values(newAttempt(job, next))
    .onConflict((c) => c.doNothing())
    .execute();
}

function attemptEvent(job: Job, move: TryAgain): NewEvent {
  return {
    type: 'job.attempt_failed',
    severity: 'warning',
    run_id: job.run_id,
    stage: job.stage,
    circuit_id: job.circuit_id,
    message: `${job.name} failed in attempt ${job.attempt} of ${job.max_attempts}: ${move.message}`,
    data: { job: job.name, reason: move.reason, attempt: job.attempt },
  };
}

function endOf(move: Exclude<JobMove, { kind: 'stay' }>): {
  attempt_status: string;
  reason: string | null;
  message: string | null;
} {
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
