import { OPEN_STATUSES, attemptKey, eachJob, observeJobs } from '../../jobs/index.ts';
import { toIso } from '../../kernel/clock.ts';
import type { StageContext } from '../pipeline.ts';
import { writeJobFile } from './job-files.ts';
import { jobsExist } from './job-rows.ts';
import { jobWorld } from './job-world.ts';

/**
 * Ends the jobs of a run in flight: at the provider first, then in the rows, whatever was done twice. What had ended by
 * itself before the request keeps its outcome; the job files say how everything stands.
 */
export async function cancelTraining(
  contextFor: (stage: string) => StageContext,
  why: string,
): Promise<void> {
  for (const stage of ['SubmitTraining', 'RetryFailedTraining']) {
    const context = contextFor(stage);
    if (!(await jobsExist(context.db, context.run.id, stage))) continue;
    const world = await jobWorld(context);
    for await (const page of eachJob(context.db, {
      run_id: context.run.id,
      stage,
      statuses: OPEN_STATUSES,
    })) {
      await world.compute.cancel(
        context.run.id,
        page.map((j) => attemptKey(j.name, j.attempt)),
      );
    }
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
    if (stage === 'SubmitTraining') {
      await writeJobFile(context, 'completed_jobs', stage, ['succeeded']);
      await writeJobFile(context, 'failed_jobs', stage, ['failed']);
    } else await writeJobFile(context, 'completed_retry_jobs', stage, ['succeeded']);
  }
}
