import type { StageContext, StageOutcome } from '../pipeline.ts';
import { noteFailures } from '../note-failures.ts';
import { writeJobFile } from './job-files.ts';
import { writeModelFiles } from './model-files.ts';
import { trainParams } from './params.ts';
import { registerJobs } from './register-jobs.ts';

/** Registers the model of every completed job; every one of them is accounted for, or the run is red. */
export async function registerModels(context: StageContext): Promise<StageOutcome> {
  const counts = await registerJobs(context, 'SubmitTraining');
  if (counts.not_registered > 0) {
    await noteFailures(
      context,
      await context.world.compute(trainParams(context.run).provider),
      'SubmitTraining',
    );
    await writeJobFile(context, 'completed_jobs', 'SubmitTraining', ['succeeded']);
    await writeJobFile(context, 'failed_jobs', 'SubmitTraining', ['failed']);
  }
  // Without a retry the merged list is the first one; a retry writes it again.
  await writeModelFiles(context, ['registered_models', 'registered_models_with_retry']);
  const entered = Number(context.stageNamed('MonitorTraining').counts['succeeded'] ?? 0);
  const settled = counts.registered + counts.not_registered;
  if (entered !== settled)
    return {
      kind: 'failed',
      reason: `the counts do not add up: ${entered} jobs completed, ${settled} were looked at`,
      counts,
    };
  return { kind: 'done', counts };
}

/** Skipped when nothing completed. */
export async function whenJobsCompleted(context: StageContext): Promise<true | string> {
  const monitor = context.stageNamed('MonitorTraining');
  if (monitor.status === 'skipped' || monitor.status === 'canceled') return 'MonitorTraining did not run';
  return Number(monitor.counts['succeeded'] ?? 0) > 0 ? true : 'no job completed';
}
