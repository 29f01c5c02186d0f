import { eachJob, groupFailures } from '../jobs/index.ts';
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
  const mended = new Set<string>();
  const stages = run.pipeline === 'train' ? ['SubmitTraining', RETRY_STAGE] : ['SubmitScripts'];
  for (const stage of stages)
    for await (const page of eachJob(db, { run_id: run.id, stage, statuses: ['succeeded', 'failed'] }))
      for (const job of page) {
        if (job.status === 'failed') jobs.set(job.circuit_id, job);
        if (job.status === 'failed') mended.delete(job.circuit_id);
        else mended.add(job.circuit_id);
      }
  const failed = [...jobs].map(([circuit_id, job]) => ({ circuit_id, failure: failureOf(job) }));
  // Numbered with those that a retry mended, so that the numbers of the others stay what somebody saw.
  const groups = groupFailures(failed)
    .map((group) => ({ ...group, circuits: group.circuits.filter((id) => !mended.has(id)) }))
    .map((group) => ({ ...group, count: group.circuits.length }))
    .filter((group) => group.count > 0);
  for (const id of mended) jobs.delete(id);
  return { groups, jobs };
}
