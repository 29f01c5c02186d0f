import { backoff } from '../kernel/backoff.ts';
import { toIso } from '../kernel/clock.ts';
import { ProviderError, TrainyardError, messageOf } from '../kernel/errors.ts';
import { appendEvents } from '../store/index.ts';
import type { Tx } from '../store/index.ts';
import { endRun, writeEnd } from './end-run.ts';
import { LeaseLostError, fenced, release } from './lease.ts';
import type { Lease } from './lease.ts';
import { hasOpenJobs } from './open-jobs.ts';
import type { Pipeline, World } from './pipeline.ts';
import { getStages, setStage, stageNamed } from './run-store.ts';
import type { Run } from './run-store.ts';
import { contextOf } from './stage-context.ts';

/** How often an advance may fail before its stage is red. With the delays below that is about three minutes. */
const MAX_FAILED_ADVANCES = 9;

/** The stage that is being advanced, so that an error can be told of the right one. */
export interface Position {
  stage: string | null;
}

/** Ends a run on request: its work first, then everything in the rows that was still open. */
export async function cancelRun(
  world: World,
  pipeline: Pipeline,
  lease: Lease,
  signal: AbortSignal,
): Promise<number | null> {
  await cancelWork(world, pipeline, lease, signal, `run ${lease.run.number} was canceled`);
  const now = world.clock.now();
  const at = toIso(now);
  await fenced(world.store, lease, async (tx) => {
    await tx
      .updateTable('stages')
      .set({ status: 'canceled', ended_at: at, due_at: null })
      .where('run_id', '=', lease.run.id)
      .where('status', 'in', ['pending', 'running', 'waiting'])
      .execute();
    await endRun(tx, now, lease.run, 'canceled', null);
  });
  return null;
}

/** Ends what a run has under way at its provider. */
export async function cancelWork(
  world: World,
  pipeline: Pipeline,
  lease: Lease,
  signal: AbortSignal,
  why: string,
): Promise<void> {
  const stages = await getStages(world.store.db, lease.run.id);
  await pipeline.cancel((name) => contextOf(world, lease, stageNamed(stages, name), stages, signal), why);
}

/**
 * A failed advance is visible and tried again later. When trying again cannot help, or after a limit, the stage is red;
 * but work in flight is never dropped for it: a provider that is away for an hour costs a warning, not a night's training.
 */
export async function recordFailure(
  world: World,
  pipeline: Pipeline,
  lease: Lease,
  error: unknown,
  at: Position,
  signal: AbortSignal,
): Promise<void> {
  const { run } = lease;
  const failures = run.failed_advances + 1;
  const hint = error instanceof TrainyardError && error.hint !== undefined ? ` ${error.hint}` : '';
  const text = `${messageOf(error)}${hint}`;
  const hopeless =
    error instanceof TrainyardError &&
    (error instanceof ProviderError ? !error.retryable : error.code !== 'unexpected');
  try {
    const gaveUp = await giveUp(world, pipeline, lease, signal, { hopeless, failures, text });
    const now = world.clock.now();
    await fenced(world.store, lease, async (tx) => {
      if (gaveUp) {
        await stall(tx, now, run, at, text);
        await release(tx, lease, null);
        return;
      }
      const wait_s = backoff(failures - 1, 1, 60);
      // Not "waiting": that would mean that only people can go on with it.
      await tx
        .updateTable('runs')
        .set({ status: 'running', failed_advances: failures, last_error: text })
        .where('id', '=', run.id)
        .execute();
      await appendEvents(tx, now, [
        {
          type: 'run.advance_failed',
          severity: 'warning',
          run_id: run.id,
          message: `${text} Trying again in ${wait_s} s.`,
          data: { failures },
        },
      ]);
      await release(tx, lease, now + wait_s * 1000);
    });
  } catch (again) {
    // The store itself may be the trouble (a full disk): the lease runs out by itself and the next claim tries again.
    if (!(again instanceof LeaseLostError)) throw error;
  }
}

/** Whether the run may end here. Jobs in flight are ended first; when that fails too, it may not. */
async function giveUp(
  world: World,
  pipeline: Pipeline,
  lease: Lease,
  signal: AbortSignal,
  trouble: { hopeless: boolean; failures: number; text: string },
): Promise<boolean> {
  if (!trouble.hopeless && trouble.failures < MAX_FAILED_ADVANCES) return false;
  const busy = await hasOpenJobs({ db: world.store.db, run: lease.run });
  if (!busy) return true;
  if (!trouble.hopeless) return false;
  return cancelWork(
    world,
    pipeline,
    lease,
    signal,
    `run ${lease.run.number} could not go on: ${trouble.text}`,
  ).then(
    () => true,
    () => false,
  );
}

/** Ends a run whose stage cannot go on, such that `run --resume` can take it up where it stands: what it asked stays asked. */
async function stall(tx: Tx, now: number, run: Run, at: Position, text: string): Promise<void> {
  const stage =
    at.stage === null ? undefined : (await getStages(tx, run.id)).find((s) => s.name === at.stage);
  if (stage !== undefined) {
    await setStage(tx, run.id, stage.name, {
      status: 'failed',
      reason: text,
      ended_at: toIso(now),
      due_at: null,
      state: { ...stage.state, stalled: true },
    });
  }
  await tx.updateTable('runs').set({ last_error: text }).where('id', '=', run.id).execute();
  await writeEnd(tx, now, run, 'failed', text);
}
