import { verdictsOf } from '../../gates/index.ts';
import {
  NOT_BEGUN,
  freeJobName,
  insertJobs,
  jobsByName,
  retryJobName,
  takenNames,
} from '../../jobs/index.ts';
import type { Actor } from '../../kernel/actor.ts';
import { toIso } from '../../kernel/clock.ts';
import { newId } from '../../kernel/ids.ts';
import { appendEvents, batches } from '../../store/index.ts';
import type { Tx } from '../../store/index.ts';
import { getStages, stageNamed, wakeRun } from '../run-store.ts';
import type { Run } from '../run-store.ts';
import { stageIsOver } from '../status.ts';
import { RETRY_STAGE, boundJob, notRetried } from './failed-circuits.ts';

/** Circuits that a run plans to train and has no job for yet are not trained by it; they stay owed. Returns how many. */
export async function takeOffPlan(
  tx: Tx,
  now: number,
  run: Pick<Run, 'id' | 'number'>,
  circuits: readonly string[],
  actor: Actor,
): Promise<number> {
  const taken: string[] = [];
  for (const some of batches(circuits)) {
    const rows = await tx
      .updateTable('plan_circuits')
      .set({ action: 'skip', cause: 'owed_unfinished', reason: `taken out of the run by ${actor.name}` })
      .where('run_id', '=', run.id)
      .where('action', '=', 'train')
      .where('circuit_id', 'in', some)
      .where((e) =>
        e.not(
          e.exists(
            e
              .selectFrom('jobs')
              .select('jobs.id')
              .where('jobs.run_id', '=', run.id)
              .whereRef('jobs.circuit_id', '=', 'plan_circuits.circuit_id'),
          ),
        ),
      )
      .returning('circuit_id')
      .execute();
    taken.push(...rows.map((r) => r.circuit_id));
  }
  await tell(tx, now, run, taken, actor);
  return taken.length;
}

/**
 * The same for retries that are approved and not written down yet. They are written down as canceled: a failed job is
 * trained again at most once, so that no advance writes them down again.
 */
export async function takeOffRetries(
  tx: Tx,
  now: number,
  run: Pick<Run, 'id' | 'number'>,
  circuits: readonly string[],
  actor: Actor,
): Promise<number> {
  if (stageIsOver(stageNamed(await getStages(tx, run.id), RETRY_STAGE).status)) return 0;
  const wanted = new Set(circuits);
  const approved = (await verdictsOf(tx, run.id, RETRY_STAGE)).filter(
    ({ subject, verdict }) => verdict === 'approve' && wanted.has(subject),
  );
  const names = new Set(approved.flatMap(({ binding }) => boundJob(binding) ?? []));
  const failed = await notRetried(tx, [...(await jobsByName(tx, [...names])).values()]);
  if (failed.length === 0) return 0;
  const taken = await takenNames(
    tx,
    failed.map((job) => job.base_name),
  );
  const at = toIso(now);
  await insertJobs(
    tx,
    failed.map((job) => ({
      ...job,
      ...NOT_BEGUN,
      id: newId('job', now),
      name: freeJobName(retryJobName(job.base_name, now), taken),
      run_id: run.id,
      stage: RETRY_STAGE,
      retry: 1,
      retry_of: job.name,
      status: 'canceled',
      reason: null,
      message: `taken out of the run by ${actor.name}`,
      attempt: 1,
      created_at: at,
      ended_at: at,
    })),
  );
  await tell(
    tx,
    now,
    run,
    failed.map((job) => job.circuit_id),
    actor,
  );
  await wakeRun(tx, now, run.id);
  return failed.length;
}

async function tell(
  tx: Tx,
  now: number,
  run: Pick<Run, 'id' | 'number'>,
  taken: readonly string[],
  actor: Actor,
): Promise<void> {
  if (taken.length > 0)
    await appendEvents(tx, now, [
      {
        type: 'run.circuits_taken_out',
        severity: 'warning',
        run_id: run.id,
        actor,
        message: `${actor.name} took ${taken.length === 1 ? taken[0] : `${taken.length} circuits`} out of run ${run.number} before they were submitted`,
        data: { circuits: taken },
      },
    ]);
}
