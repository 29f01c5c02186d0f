import { OPEN_STATUSES } from '../jobs/index.ts';
import { toIso } from '../kernel/clock.ts';
import { endRun } from './end-run.ts';
import { cancelWork } from './give-up.ts';
import { fenced, release, takeOver } from './lease.ts';
import type { Pipeline, World } from './pipeline.ts';
import { getStages, setStage } from './run-store.ts';
import { stageIsOver } from './status.ts';

/**
 * Ends a run as failed that cannot be advanced, whatever is wrong with it, so that nothing else has to wait for it: its
 * work is ended where that is still possible. For whoever holds the project and has stopped advancing this run. False: it
 * was over already.
 */
export async function endBroken(
  world: World,
  pipeline: Pipeline,
  run_id: string,
  reason: string,
): Promise<boolean> {
  const lease = await takeOver(world.store, run_id);
  if (lease === null) return false;
  const { run } = lease;
  const why = `run ${run.number} could not go on: ${reason}`;
  // What is broken may be what this needs; the rows are put right all the same.
  await cancelWork(world, pipeline, lease, new AbortController().signal, why).catch(() => undefined);
  const now = world.clock.now();
  const ended_at = toIso(now);
  await fenced(world.store, lease, async (tx) => {
    await tx
      .updateTable('jobs')
      .set({ status: 'canceled', ended_at, message: why })
      .where('run_id', '=', run.id)
      .where('status', 'in', OPEN_STATUSES)
      .execute();
    await tx
      .updateTable('attempts')
      .set({ status: 'canceled', ended_at })
      .where('run_id', '=', run.id)
      .where('ended_at', 'is', null)
      .execute();
    const [broken, ...after] = (await getStages(tx, run.id)).filter((stage) => !stageIsOver(stage.status));
    if (broken !== undefined)
      await setStage(tx, run.id, broken.name, { status: 'failed', reason, ended_at, due_at: null });
    for (const { name } of after)
      await setStage(tx, run.id, name, {
        status: 'skipped',
        reason: `${broken?.name ?? ''} did not succeed`,
        ended_at,
        due_at: null,
      });
    await tx.updateTable('runs').set({ last_error: reason }).where('id', '=', run.id).execute();
    await endRun(tx, now, run, 'failed', reason);
    await release(tx, lease, null);
  });
  return true;
}
