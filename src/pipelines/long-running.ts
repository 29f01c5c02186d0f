import { z } from 'zod';
import { OPEN_STATUSES } from '../jobs/index.ts';
import { fromIso, toIso } from '../kernel/clock.ts';
import { formatDuration } from '../kernel/duration.ts';
import { appendEvents } from '../store/index.ts';
import type { StageContext } from './pipeline.ts';

/** At most so many jobs are named in one event; the total is told beside them. */
const LISTED = 200;

/** What the stage notes: from when its longest job counts, and the last interval that was told of. */
const Notes = z.object({ since: z.string(), told_at: z.string().nullable() });

/**
 * Tells of jobs that go on for long: one event per interval, counted from when the earliest of them was handed over.
 * Returns when to look again, or null while nothing was handed over. Between two intervals it asks nothing of the database.
 */
export async function tellOfLongJobs(context: StageContext, stage: string): Promise<number | null> {
  const every_ms = context.world.config.notifications.long_running_alert_every_s * 1000;
  const now = context.now();
  const notes = Notes.safeParse(context.stage.state['long_running']).data;
  const dueAfter = (since: number): number =>
    Math.max(since, notes?.told_at == null ? since : fromIso(notes.told_at)) + every_ms;
  if (notes !== undefined && now < dueAfter(fromIso(notes.since))) return dueAfter(fromIso(notes.since));

  const { total, since } = await stillOpen(context, stage);
  if (since === null) return null;
  const due = dueAfter(fromIso(since));
  if (now < due) {
    await context.remember({ long_running: { since, told_at: notes?.told_at ?? null } });
    return due;
  }
  // A process that was away for several intervals makes up for them with one event.
  const interval = fromIso(since) + Math.floor((now - fromIso(since)) / every_ms) * every_ms;
  const jobs = await longest(context, stage);
  const elapsed = formatDuration((now - fromIso(since)) / 1000);
  await context.remember({ long_running: { since, told_at: toIso(interval) } }, (tx) =>
    appendEvents(tx, now, [
      {
        type: 'jobs.running_long',
        severity: 'warning',
        run_id: context.run.id,
        stage: context.stage.name,
        message: `${total} ${total === 1 ? 'job' : 'jobs'} of run ${context.run.number} still ${total === 1 ? 'goes' : 'go'} on, for up to ${elapsed}`,
        data: { total, jobs },
      },
    ]),
  );
  return interval + every_ms;
}

async function stillOpen(
  { db, run }: StageContext,
  stage: string,
): Promise<{ total: number; since: string | null }> {
  const row = await db
    .selectFrom('jobs')
    .select((e) => [e.fn.countAll<number>().as('total'), e.fn.min('submitted_at').as('since')])
    .where('run_id', '=', run.id)
    .where('stage', '=', stage)
    .where('status', 'in', OPEN_STATUSES)
    .where('submitted_at', 'is not', null)
    .executeTakeFirst();
  return { total: Number(row?.total ?? 0), since: row?.since ?? null };
}

async function longest(context: StageContext, stage: string) {
  const rows = await context.db
    .selectFrom('jobs')
    .select(['name', 'circuit_id', 'status', 'submitted_at'])
    .where('run_id', '=', context.run.id)
    .where('stage', '=', stage)
    .where('status', 'in', OPEN_STATUSES)
    .where('submitted_at', 'is not', null)
    .orderBy('submitted_at')
    .orderBy('id')
    .limit(LISTED)
    .execute();
  return rows.map(({ submitted_at, ...job }) => ({
    ...job,
    elapsed_s: Math.floor((context.now() - fromIso(submitted_at ?? toIso(context.now()))) / 1000),
  }));
}
