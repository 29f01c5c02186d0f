import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  NOT_BEGUN,
  countJobs,
  freeJobName,
  insertJobs,
  openCount,
  submitPending,
  takenNames,
} from '../../jobs/index.ts';
import { toIso } from '../../kernel/clock.ts';
import { canonicalJson, sha256 } from '../../kernel/digest.ts';
import { fileError } from '../../kernel/files.ts';
import { newId } from '../../kernel/ids.ts';
import { appendEvents } from '../../store/index.ts';
import type { JobsTable } from '../../store/index.ts';
import { jobsExist } from '../open-jobs.ts';
import type { StageContext, StageOutcome } from '../pipeline.ts';
import { scriptParams } from './params.ts';
import type { ScriptJobParams } from './params.ts';
import { SCRIPT_PROVIDER, scriptWorld } from './script-world.ts';

export const SUBMIT = 'SubmitScripts';

/** Writes every job down at once, makes the folders for their results, and hands them over. */
export async function submitScripts(context: StageContext): Promise<StageOutcome> {
  const params = scriptParams(context.run);
  (await context.world.compute(SCRIPT_PROVIDER)).warmUp?.();
  if (!(await jobsExist(context.db, context.run.id, SUBMIT))) {
    const rows = await rowsOf(context);
    await context.tx(async (tx) => {
      await insertJobs(tx, rows);
      context.world.faultPoint('jobs.inserted');
      await appendEvents(tx, context.now(), [
        {
          type: 'training.started',
          run_id: context.run.id,
          stage: SUBMIT,
          message: `Running ${rows.length} ${rows.length === 1 ? 'script' : 'scripts'}`,
          data: { jobs: rows.length },
        },
      ]);
    });
  }
  for (const job of params.jobs) {
    const folder = join(context.world.project, 'results', job.output);
    await mkdir(folder, { recursive: true }).catch((error: unknown) => {
      throw fileError(`make ${folder}`, error);
    });
  }
  await submitPending(await scriptWorld(context), SUBMIT);
  const counts = await countJobs(context.db, context.run.id, SUBMIT);
  return {
    kind: 'done',
    counts: {
      submitted: openCount(counts) + counts.succeeded,
      refused: counts.failed,
      canceled: counts.canceled,
    },
  };
}

/** Of a job's command and the script behind it: what `--resume` compares. */
export const scriptHash = (job: Pick<ScriptJobParams, 'command' | 'sha256'>): string =>
  sha256(canonicalJson([job.command, job.sha256])).slice(0, 12);

/** Ids of scripts may hold dots; what the outside world knows a job by may not. */
const baseName = (id: string): string =>
  id.replaceAll(/[^A-Za-z0-9_-]/g, '_').replace(/^[^A-Za-z0-9]+/, 'job_');

async function rowsOf(context: StageContext): Promise<JobsTable[]> {
  const params = scriptParams(context.run);
  const now = context.now();
  const taken = await takenNames(
    context.db,
    params.jobs.map((job) => baseName(job.id)),
  );
  return params.jobs.map((job): JobsTable => {
    const name = freeJobName(baseName(job.id), taken);
    taken.add(name);
    return {
      id: newId('job', now),
      name,
      base_name: baseName(job.id),
      run_id: context.run.id,
      stage: SUBMIT,
      circuit_id: job.id,
      model_name: job.id,
      provider: SCRIPT_PROVIDER,
      optional: job.optional ? 1 : 0,
      retry: 0,
      retry_of: null,
      status: 'pending',
      reason: null,
      message: null,
      attempt: 1,
      max_attempts: 1 + params.retries,
      timeout_s: params.timeout_s,
      training_hash: scriptHash(job),
      inputs_digest: job.sha256.slice(0, 12),
      component: job.script,
      environment: null,
      data_version: null,
      inputs: JSON.stringify(job.command),
      created_at: toIso(now),
      ...NOT_BEGUN,
    };
  });
}
