import { z } from 'zod';
import type { NewSubject } from '../../gates/index.ts';
import { FAILURE_CLASSES, groupFailures, usualDurations } from '../../jobs/index.ts';
import type { Capacity } from '../../jobs/index.ts';
import { toIso } from '../../kernel/clock.ts';
import { failureOf } from '../note-failures.ts';
import type { StageContext } from '../pipeline.ts';
import type { FailedCircuit } from './failed-circuits.ts';
import { trainParams } from './params.ts';

/** How things stood when a retry was asked for; kept with the request. */
export const RetryContext = z.object({
  at: z.string(),
  /** What failed, by its cause: the same error across circuits is seen at a glance. */
  groups: z.array(
    z.object({
      number: z.int(),
      class: z.enum(FAILURE_CLASSES),
      signature: z.string(),
      title: z.string(),
      advice: z.string(),
      count: z.int(),
      circuits: z.array(z.string()).readonly(),
      sample: z.array(z.string()).readonly(),
      systematic: z.boolean(),
    }),
  ),
  /** Whether compute is free; null where the provider cannot tell. */
  capacity: z.object({ free: z.int().nullable(), slots: z.int().nullable(), message: z.string() }).nullable(),
  /**
   * How long the retry will take by what these circuits took before (`known` of them), or where none is known by what the
   * others of this run took; null: nothing ever succeeded.
   */
  estimate: z.object({ retry_s: z.number(), known: z.int(), of: z.int() }).nullable(),
});
export type RetryContext = z.infer<typeof RetryContext>;

type Asker = Pick<StageContext, 'world' | 'db' | 'run' | 'now'>;

/** What people need to decide about a retry: what failed and why, whether there is room, how long it will take. */
export async function describeFailures(
  context: Asker,
  asked: readonly FailedCircuit[],
): Promise<{ subjects: NewSubject[]; context: Readonly<Record<string, unknown>> }> {
  const compute = await context.world.compute(trainParams(context.run).provider);
  const subjects: NewSubject[] = [];
  for (const { subject, circuit_id, binding, job, owed } of asked) {
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
        log_tail: failureOf(job).tail,
        failure: failureOf(job),
        owed: owed !== null,
      },
    });
  }
  const capacity = (await compute.capacity?.()) ?? null;
  return { subjects, context: { ...(await retryContext(context, asked, capacity)) } };
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
  const mean =
    known.length === 0 ? await meanOfRun(context) : known.reduce((a, b) => a + b, 0) / known.length;
  const at_once = Math.max(1, Math.min(capacity?.slots ?? shown.length, shown.length));
  return {
    at: toIso(context.now()),
    groups: groupFailures(shown.map((f) => ({ circuit_id: f.circuit_id, failure: failureOf(f.job) }))),
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

/** Mean seconds of this run's trainings that succeeded, or null. */
async function meanOfRun({ db, run }: Asker): Promise<number | null> {
  const row = await db
    .selectFrom('jobs')
    .select((e) => e.fn.avg<number | null>('running_s').as('mean'))
    .where('run_id', '=', run.id)
    .where('status', '=', 'succeeded')
    .executeTakeFirst();
  return row?.mean == null ? null : Number(row.mean);
}
