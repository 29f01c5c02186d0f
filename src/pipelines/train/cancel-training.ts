import { endJobs } from '../end-jobs.ts';
import { jobsExist } from '../open-jobs.ts';
import type { StageContext } from '../pipeline.ts';
import { RETRY_STAGE } from './failed-circuits.ts';
import { writeJobFile } from './job-files.ts';
import { jobWorld } from './job-world.ts';
import { takeBackRequests } from './take-back.ts';

/**
 * Ends the jobs of a run in flight: at the provider first, then in the rows, whatever was done twice. What had ended by
 * itself before the request keeps its outcome; the job files say how everything stands.
 */
export async function cancelTraining(
  contextFor: (stage: string) => StageContext,
  why: string,
): Promise<void> {
  await cancelJobs(contextFor('SubmitTraining'), why);
  await endStageJobs(contextFor(RETRY_STAGE), RETRY_STAGE, why);
}

/** The same for the run's first jobs: what they came to is monitored and registered as always. */
export async function cancelJobs(context: StageContext, why: string): Promise<void> {
  await endStageJobs(context, 'SubmitTraining', why);
}

/** Takes the question back, and ends the retries that run. */
export async function cancelRetries(context: StageContext, why: string): Promise<void> {
  await takeBackRequests(context);
  await endStageJobs(context, RETRY_STAGE, why);
}

async function endStageJobs(context: StageContext, stage: string, why: string): Promise<void> {
  if (!(await jobsExist(context.db, context.run.id, stage))) return;
  const watching = stage === RETRY_STAGE ? RETRY_STAGE : 'MonitorTraining';
  await endJobs(context, await jobWorld(context), { stage, watching }, why);
  if (stage === RETRY_STAGE) {
    await writeJobFile(context, 'completed_retry_jobs', stage, ['succeeded']);
    return;
  }
  await writeJobFile(context, 'completed_jobs', stage, ['succeeded']);
  await writeJobFile(context, 'failed_jobs', stage, ['failed']);
}
