import { endJobs } from '../end-jobs.ts';
import type { StageContext } from '../pipeline.ts';
import { writeJobFile } from './job-files.ts';
import { jobsExist } from '../open-jobs.ts';
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
    await endJobs(context, world, stage, why);
    if (stage === 'SubmitTraining') {
      await writeJobFile(context, 'completed_jobs', stage, ['succeeded']);
      await writeJobFile(context, 'failed_jobs', stage, ['failed']);
    } else await writeJobFile(context, 'completed_retry_jobs', stage, ['succeeded']);
  }
}
