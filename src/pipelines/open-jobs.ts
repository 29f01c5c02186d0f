import { OPEN_STATUSES } from '../jobs/index.ts';
import type { Db } from '../store/index.ts';
import type { Run } from './run-store.ts';

/** True while a job of the run is not over. */
export async function hasOpenJobs({ db, run }: { readonly db: Db; readonly run: Run }): Promise<boolean> {
  const row = await db
    .selectFrom('jobs')
    .select('id')
    .where('run_id', '=', run.id)
    .where('status', 'in', OPEN_STATUSES)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** True once a stage has written its jobs down. */
export async function jobsExist(db: Db, run_id: string, stage: string): Promise<boolean> {
  const row = await db
    .selectFrom('jobs')
    .select('id')
    .where('run_id', '=', run_id)
    .where('stage', '=', stage)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
