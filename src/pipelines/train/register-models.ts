import type { StageContext, StageOutcome } from '../pipeline.ts';
import { writeModelFiles } from './model-files.ts';
import { registerJobs } from './register-jobs.ts';

/** Registers the model of every completed job; every one of them is accounted for, or the run is red. */
export async function registerModels(context: StageContext): Promise<StageOutcome> {
  const { registered, failures } = await registerJobs(context, 'SubmitTraining');
  // Without a retry the merged list is the first one; a retry writes it again.
  await writeModelFiles(context, ['registered_models', 'registered_models_with_retry']);
  const entered = Number(context.stageNamed('MonitorTraining').counts['succeeded'] ?? 0);
  const counts = { registered, not_registered: failures.length };
  if (entered !== registered + failures.length) {
    return { kind: 'failed', reason: `the counts do not add up: ${entered} jobs completed, ${registered + failures.length} were looked at`, counts };
  }
  const [first] = failures;
  if (first !== undefined) return { kind: 'failed', reason: `${failures.length} of ${entered} models could not be registered, first ${first.job}: ${first.message}`, counts };
  return { kind: 'done', counts };
}

/** Skipped when nothing completed. */
export async function whenJobsCompleted(context: StageContext): Promise<true | string> {
  const monitor = context.stageNamed('MonitorTraining');
  if (monitor.status === 'skipped' || monitor.status === 'canceled') return 'MonitorTraining did not run';
  return Number(monitor.counts['succeeded'] ?? 0) > 0 ? true : 'no job completed';
}
