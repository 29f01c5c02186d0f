import { closeApprovals } from '../gates/index.ts';
import { toIso } from '../kernel/clock.ts';
import { appendEvents } from '../store/index.ts';
import type { Tx } from '../store/index.ts';
import type { Run } from './run-store.ts';

/** Why a child run ended that nobody decided on. */
export const ENDED_WITH_RUN = 'its run';

/** Nothing of a run that is over waits for anybody: its requests and its children end with it. */
export async function endRun(
  tx: Tx,
  now: number,
  run: Run,
  status: 'succeeded' | 'failed' | 'canceled',
  reason: string | null,
): Promise<void> {
  await closeApprovals(tx, now, { run_id: run.id }, 'canceled');
  await tx
    .updateTable('runs')
    .set({ status: 'canceled', ended_at: toIso(now), due_at: null, reason: `${ENDED_WITH_RUN} ${status}` })
    .where('parent_run_id', '=', run.id)
    .where('ended_at', 'is', null)
    .execute();
  await writeEnd(tx, now, run, status, reason);
}

/** The run's own end alone: what it asked stays asked, so that it can be taken up again. */
export async function writeEnd(
  tx: Tx,
  now: number,
  run: Run,
  status: 'succeeded' | 'failed' | 'canceled',
  reason: string | null,
): Promise<void> {
  await tx
    .updateTable('runs')
    .set({ status, reason, ended_at: toIso(now), due_at: null })
    .where('id', '=', run.id)
    .execute();
  // Another run may have waited for what was asked here.
  await tx
    .updateTable('runs')
    .set({ due_at: toIso(now) })
    .where('ended_at', 'is', null)
    .where('parent_run_id', 'is', null)
    .where('status', '=', 'waiting')
    .where('id', '!=', run.id)
    .execute();
  await appendEvents(tx, now, [
    {
      type: `run.${status}`,
      severity: status === 'failed' ? 'error' : 'info',
      run_id: run.id,
      message: `Run ${run.number} ${status}${reason === null ? '' : `: ${reason}`}`,
    },
  ]);
}
