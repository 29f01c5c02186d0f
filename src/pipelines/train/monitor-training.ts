import type { StageContext, StageOutcome } from '../pipeline.ts';
import { writeJobFile } from './job-files.ts';
import { jobWorld } from './job-world.ts';
import { watchJobs } from '../monitor-jobs.ts';
import { noteFailures } from '../note-failures.ts';

const STAGE = 'SubmitTraining';

/** Waits for the run's jobs without holding anything; succeeds if at least one did, with its failed count. */
export async function monitorTraining(context: StageContext): Promise<StageOutcome> {
  const world = await jobWorld(context);
  const { counts, until } = await watchJobs(context, world, STAGE, context.world.config.monitoring);
  const told = { ...counts };
  if (until !== null) return { kind: 'wait', on: 'jobs', until, counts: told };
  await noteFailures(context, world.compute, STAGE);
  await writeJobFile(context, 'completed_jobs', STAGE, ['succeeded']);
  await writeJobFile(context, 'failed_jobs', STAGE, ['failed']);
  const { succeeded, failed, canceled } = counts;
  const output = { has_training_failures: failed > 0 };
  const entered =
    Number(context.stageNamed(STAGE).counts['submitted'] ?? 0) +
    Number(context.stageNamed(STAGE).counts['refused'] ?? 0) +
    Number(context.stageNamed(STAGE).counts['canceled'] ?? 0);
  if (entered !== succeeded + failed + canceled) {
    return {
      kind: 'failed',
      reason: `the counts do not add up: ${entered} jobs were submitted, ${succeeded + failed + canceled} ended`,
      counts: told,
      output,
    };
  }
  if (failed > 0 && succeeded === 0)
    return {
      kind: 'failed',
      reason: failed === 1 ? 'the only job failed' : `all ${failed} jobs failed`,
      counts: { succeeded, failed, canceled },
      output,
    };
  return { kind: 'done', counts: { succeeded, failed, canceled }, output };
}
