import { groupFailures, jobsById } from '../jobs/index.ts';
import type { FailureGroup, Job } from '../jobs/index.ts';
import type { Db } from '../store/index.ts';
import { failureOf } from './note-failures.ts';
import type { Run } from './run-store.ts';
import { RETRY_STAGE, failedCircuits } from './train/failed-circuits.ts';

/**
 * What failed in a run and was not mended by it, grouped by cause; failures of earlier runs that it offers again included.
 * The numbers of the groups are those that a retry by group means.
 */
export async function failuresOfRun(
  db: Db,
  run: Run,
): Promise<{ readonly groups: readonly FailureGroup[]; readonly jobs: ReadonlyMap<string, Job> }> {
  const jobs = new Map<string, Job>();
  if (run.pipeline === 'train')
    for (const { circuit_id, job, owed } of await failedCircuits({ db, run }))
      if (owed !== null) jobs.set(circuit_id, job);
  const { mended, failed_ids } = await howTheyEnded(db, run);
  for (const job of await jobsById(db, failed_ids)) jobs.set(job.circuit_id, job);
  const failed = [...jobs].map(([circuit_id, job]) => ({ circuit_id, failure: failureOf(job) }));
  // Numbered with those that a retry mended, so that the numbers of the others stay what somebody saw.
  const groups = groupFailures(failed)
    .map((group) => ({ ...group, circuits: group.circuits.filter((id) => !mended.has(id)) }))
    .map((group) => ({ ...group, count: group.circuits.length }))
    .filter((group) => group.count > 0);
  for (const id of mended) jobs.delete(id);
  return { groups, jobs };
}

/**
 * By circuit, in the order of the stages: whether the last of its jobs that ended by itself went well, and the failed ones.
 * Only a few columns of each: a fleet is large, and most of it went well.
 */
async function howTheyEnded(
  db: Db,
  run: Run,
): Promise<{ readonly mended: ReadonlySet<string>; readonly failed_ids: readonly string[] }> {
  const mended = new Set<string>();
  const failed_ids: string[] = [];
  for (const stage of run.pipeline === 'train' ? ['SubmitTraining', RETRY_STAGE] : ['SubmitScripts']) {
    const rows = await db
      .selectFrom('jobs')
      .select(['id', 'circuit_id', 'status'])
      .where('run_id', '=', run.id)
      .where('stage', '=', stage)
      .where('status', 'in', ['succeeded', 'failed'])
      .orderBy('id')
      .execute();
    for (const { id, circuit_id, status } of rows) {
      if (status === 'failed') failed_ids.push(id);
      if (status === 'failed') mended.delete(circuit_id);
      else mended.add(circuit_id);
    }
  }
  return { mended, failed_ids };
}
