import type { ConcludeContext, Pipeline } from './pipeline.ts';
import { stageNamed } from './run-store.ts';
import { cancelJobs, cancelRetries, cancelTraining } from './train/cancel-training.ts';
import { circuitsStillFailed } from './train/failed-circuits.ts';
import { monitorTraining } from './train/monitor-training.ts';
import { promoteEnvironment, unsharedEnvironments } from './train/promote-environment.ts';
import { cancelPromotion, promoteModels, whenModelsMayGoOn } from './train/promote-models.ts';
import { registerComponents } from './train/register-components.ts';
import { registerEnvironment } from './train/register-environment.ts';
import { registerModels, whenJobsCompleted } from './train/register-models.ts';
import { registerMltables } from './train/register-mltables.ts';
import { retryFailedTraining, whenSomethingFailed } from './train/retry-failed-training.ts';
import { submitTraining } from './train/submit-training.ts';
import { takeBackRequests } from './train/take-back.ts';

/** The training pipeline, as a table of contents. Training does not wait for the environment to be shared. */
export const trainPipeline: Pipeline = {
  name: 'train',
  version: 1,
  stages: [
    { name: 'RegisterEnvironment', advance: registerEnvironment },
    {
      name: 'PromoteEnvironment',
      gate: 'registry-promotion',
      when: async (context) => {
        if (context.run.pr === 1) return 'a pull-request run promotes nothing';
        if (context.stageNamed('RegisterEnvironment').status !== 'succeeded')
          return 'RegisterEnvironment did not succeed';
        return (await unsharedEnvironments(context)).length > 0 ? true : 'no new environment';
      },
      advance: promoteEnvironment,
      cancel: takeBackRequests,
    },
    { name: 'RegisterComponents', after: ['RegisterEnvironment'], advance: registerComponents },
    { name: 'RegisterMLTables', advance: registerMltables },
    { name: 'SubmitTraining', advance: submitTraining, cancel: cancelJobs },
    { name: 'MonitorTraining', advance: monitorTraining, cancel: cancelJobs },
    { name: 'RegisterModels', when: whenJobsCompleted, advance: registerModels },
    {
      name: 'RetryFailedTraining',
      gate: 'training-retry',
      when: whenSomethingFailed,
      advance: retryFailedTraining,
      cancel: cancelRetries,
    },
    {
      name: 'PromoteModels',
      after: ['RetryFailedTraining'],
      gate: 'registry-promotion',
      when: whenModelsMayGoOn,
      advance: promoteModels,
      cancel: cancelPromotion,
    },
  ],
  cancel: cancelTraining,
  conclude,
};

/**
 * A run is red while a circuit that is not optional failed and nobody accepted that, whatever was promoted; and when
 * a stage itself failed. That every job failed is the circuits' failure: a retry may still mend it.
 */
async function conclude({
  run,
  stages,
  db,
}: ConcludeContext): Promise<{ status: 'succeeded' | 'failed'; reason: string | null }> {
  const broken = stages.find(
    (s) => s.status === 'failed' && s.name !== 'MonitorTraining' && s.name !== 'RetryFailedTraining',
  );
  if (broken !== undefined)
    return { status: 'failed', reason: `${broken.name}: ${broken.reason ?? 'failed'}` };
  const canceled = stages.find(
    (s) =>
      s.status === 'canceled' && ['SubmitTraining', 'MonitorTraining', 'RegisterModels'].includes(s.name),
  );
  if (canceled !== undefined)
    return { status: 'failed', reason: `${canceled.name} was ${canceled.reason ?? 'canceled'}` };
  const failed = await circuitsStillFailed({ run, db });
  if (failed.length > 0 && run.partial_accepted_by === null) {
    const names = failed.slice(0, 3).join(', ');
    return {
      status: 'failed',
      reason: `${failed.length} ${failed.length === 1 ? 'circuit' : 'circuits'} failed: ${names}${failed.length > 3 ? ' …' : ''}`,
    };
  }
  for (const name of ['MonitorTraining', 'RetryFailedTraining']) {
    const stage = stageNamed(stages, name);
    if (stage.status === 'failed' && /add up/.test(stage.reason ?? ''))
      return { status: 'failed', reason: `${name}: ${stage.reason}` };
  }
  return {
    status: 'succeeded',
    reason:
      run.partial_accepted_by === null || failed.length === 0
        ? null
        : `${failed.length} failed, accepted by ${run.partial_accepted_by}`,
  };
}
