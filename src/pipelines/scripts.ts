import { countJobs, countMandatoryFailures } from '../jobs/index.ts';
import { endJobs } from './end-jobs.ts';
import { watchJobs } from './monitor-jobs.ts';
import { noteFailures } from './note-failures.ts';
import { jobsExist } from './open-jobs.ts';
import type { ConcludeContext, Pipeline, StageContext, StageOutcome } from './pipeline.ts';
import { scriptParams } from './scripts/params.ts';
import { scriptWorld } from './scripts/script-world.ts';
import { SUBMIT, submitScripts } from './scripts/submit-scripts.ts';

/** A repository's training scripts, run on this machine. */
export const scriptsPipeline: Pipeline = {
  name: 'scripts',
  version: 1,
  stages: [
    { name: SUBMIT, advance: submitScripts },
    { name: 'MonitorScripts', advance: monitorScripts },
  ],
  cancel: async (contextFor, why) => {
    const context = contextFor(SUBMIT);
    if (await jobsExist(context.db, context.run.id, SUBMIT))
      await endJobs(context, await scriptWorld(context), { stage: SUBMIT, watching: 'MonitorScripts' }, why);
  },
  conclude,
};

/** A script may take as long as it likes, unless --timeout says otherwise. */
async function monitorScripts(context: StageContext): Promise<StageOutcome> {
  const limits = { max_wait_s: null, stage_limit_s: null };
  const world = await scriptWorld(context);
  const { counts, until } = await watchJobs(context, world, SUBMIT, limits);
  const told = { ...counts };
  if (until !== null) return { kind: 'wait', on: 'jobs', until, counts: told };
  await noteFailures(context, world.compute, SUBMIT);
  const { succeeded, failed, canceled } = counts;
  return { kind: 'done', counts: { succeeded, failed, canceled } };
}

/** Red while a job that is not optional failed; with `--allow-partial-success` only when none succeeded. */
async function conclude({
  db,
  run,
  stages,
}: ConcludeContext): Promise<{ status: 'succeeded' | 'failed'; reason: string | null }> {
  const broken = stages.find((stage) => stage.status === 'failed');
  if (broken !== undefined)
    return { status: 'failed', reason: `${broken.name}: ${broken.reason ?? 'failed'}` };
  const params = scriptParams(run);
  const counts = await countJobs(db, run.id, SUBMIT);
  const failed = await countMandatoryFailures(db, run.id, SUBMIT);
  if (failed === 0 || (params.allow_partial_success && counts.succeeded > 0))
    return { status: 'succeeded', reason: counts.failed === 0 ? null : `${counts.failed} failed` };
  return {
    status: 'failed',
    reason: `${failed} of ${params.jobs.length} ${params.jobs.length === 1 ? 'script' : 'scripts'} failed`,
  };
}
