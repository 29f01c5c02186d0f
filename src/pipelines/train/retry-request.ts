import type { NewSubject } from '../../gates/index.ts';
import { attemptKey, usualDurations } from '../../jobs/index.ts';
import type { Capacity, Compute, Job } from '../../jobs/index.ts';
import { toIso } from '../../kernel/clock.ts';
import type { StageContext } from '../pipeline.ts';
import type { FailedCircuit } from './failed-circuits.ts';
import { trainParams } from './params.ts';

/** How things stood when a retry was asked for; kept with the request. */
export interface RetryContext {
  readonly at: string;
  /** Whether compute is free; null where the provider cannot tell. */
  readonly capacity: Capacity | null;
  /** How long the retry will take by what the circuits took before; null: none of them ever succeeded. */
  readonly estimate: { readonly retry_s: number; readonly known: number; readonly of: number } | null;
}

type Asker = Pick<StageContext, 'world' | 'db' | 'run' | 'now'>;

/** What people need to decide about a retry: what failed and why, whether there is room, how long it will take. */
export async function describeFailures(
  context: Asker,
  failures: readonly FailedCircuit[],
  asked: ReadonlySet<string>,
): Promise<{ subjects: NewSubject[]; context: Readonly<Record<string, unknown>> }> {
  const shown = failures.filter((f) => asked.has(f.subject));
  const compute = await context.world.compute(trainParams(context.run).provider);
  const subjects: NewSubject[] = [];
  for (const { subject, circuit_id, binding, job, owed } of shown) {
    subjects.push({
      subject,
      circuit_id,
      binding,
      detail: {
        job: job.name,
        attempts: job.attempt,
        reason: job.reason,
        message: owed === null ? job.message : owed.row.reason,
        url: job.url,
        log_tail: await logTail(compute, job),
        owed: owed !== null,
      },
    });
  }
  const capacity = (await compute.capacity?.()) ?? null;
  return { subjects, context: { ...(await retryContext(context, shown, capacity)) } };
}

async function retryContext(
  context: Asker,
  shown: readonly FailedCircuit[],
  capacity: Capacity | null,
): Promise<RetryContext> {
  const usual = await usualDurations(
    context.db,
    shown.map((f) => f.circuit_id),
  );
  const known = [...usual.values()];
  const mean = known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / known.length;
  const at_once = Math.max(1, Math.min(capacity?.slots ?? shown.length, shown.length));
  return {
    at: toIso(context.now()),
    capacity,
    estimate:
      mean === null
        ? null
        : {
            // Whoever never succeeded is taken to need as long as the others.
            retry_s: Math.max(...known, (mean * shown.length) / at_once),
            known: known.length,
            of: shown.length,
          },
  };
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
