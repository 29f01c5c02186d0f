import { OPEN_STATUSES, attemptKey, countJobs, eachJob, observeJobs } from '../jobs/index.ts';
import type { JobWorld } from '../jobs/index.ts';
import { toIso } from '../kernel/clock.ts';
import type { StageContext } from './pipeline.ts';
import { setStage } from './run-store.ts';
import { stageIsOver } from './status.ts';

/**
 * Ends the jobs of a stage that are in flight: at the provider first, then in the rows, whatever was done twice. What had
 * ended by itself before keeps its outcome. `watching`: the stage that says how many of them are how far.
 */
export async function endJobs(
  context: StageContext,
  world: JobWorld,
  { stage, watching }: { readonly stage: string; readonly watching: string },
  why: string,
): Promise<void> {
  for await (const page of eachJob(context.db, {
    run_id: context.run.id,
    stage,
    statuses: OPEN_STATUSES,
  })) {
    world.faultPoint('cancel.before');
    await world.compute.cancel(
      context.run.id,
      page.map((j) => attemptKey(j.name, j.attempt)),
    );
  }
  world.faultPoint('cancel.after');
  await observeJobs(world, null);
  const at = toIso(context.now());
  await context.tx(async (tx) => {
    await tx
      .updateTable('jobs')
      .set({ status: 'canceled', ended_at: at, message: why })
      .where('run_id', '=', context.run.id)
      .where('stage', '=', stage)
      .where('status', 'in', OPEN_STATUSES)
      .execute();
    await tx
      .updateTable('attempts')
      .set({ status: 'canceled', ended_at: at })
      .where('run_id', '=', context.run.id)
      .where('ended_at', 'is', null)
      .execute();
  });
  await countAgain(context, stage, watching);
}

/** What the stage that watches these jobs said of them last was true while they ran. */
async function countAgain(context: StageContext, stage: string, watching: string): Promise<void> {
  const { name, status, started_at, counts } = context.stageNamed(watching);
  if (started_at === null || stageIsOver(status)) return;
  const now = { ...counts, ...(await countJobs(context.db, context.run.id, stage)) };
  await context.tx((tx) => setStage(tx, context.run.id, name, { counts: now }));
}
