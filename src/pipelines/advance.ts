import { backoff } from '../kernel/backoff.ts';
import { toIso } from '../kernel/clock.ts';
import { ProviderError, TrainyardError, messageOf } from '../kernel/errors.ts';
import { cancelApprovals } from '../gates/index.ts';
import { appendEvents } from '../store/index.ts';
import type { NewEvent, Tx } from '../store/index.ts';
import { LeaseLostError, fenced, release } from './lease.ts';
import type { Lease } from './lease.ts';
import { predecessors } from './pipeline.ts';
import type { Pipeline, StageContext, StageDefinition, StageOutcome, World } from './pipeline.ts';
import { getStages, setStage, stageNamed } from './run-store.ts';
import type { Run, Stage } from './run-store.ts';
import { stageIsOver } from './status.ts';
import { hasOpenJobs } from './open-jobs.ts';

/** How often an advance may fail before its stage is red. With the delays below that is about three minutes. */
const MAX_FAILED_ADVANCES = 9;

/**
 * Advances one leased run as far as it goes without waiting: calls every stage whose predecessors are over, writes
 * each outcome with its event, and lets the run go with its next due time.
 */
export async function advanceRun(
  world: World,
  pipeline: Pipeline,
  lease: Lease,
  signal: AbortSignal,
): Promise<void> {
  let due: number | null;
  const at: Position = { stage: null };
  try {
    due =
      lease.run.cancel_requested_at === null
        ? await advanceStages(world, pipeline, lease, signal, at)
        : await cancelRun(world, pipeline, lease, signal);
  } catch (error) {
    if (error instanceof LeaseLostError) return;
    await recordFailure(world, pipeline, lease, error, at, signal);
    return;
  }
  await fenced(world.store, lease, async (tx) => {
    if (lease.run.failed_advances > 0)
      await tx
        .updateTable('runs')
        .set({ failed_advances: 0, last_error: null })
        .where('id', '=', lease.run.id)
        .execute();
    await release(tx, lease, due);
  });
}

/** The stage that is being advanced, so that an error can be told of the right one. */
interface Position {
  stage: string | null;
}

async function advanceStages(
  world: World,
  pipeline: Pipeline,
  lease: Lease,
  signal: AbortSignal,
  at: Position,
): Promise<number | null> {
  const { run } = lease;
  const due: number[] = [];
  const done = new Set<string>();
  for (;;) {
    if (signal.aborted) return world.clock.now();
    const stages = await getStages(world.store.db, run.id);
    const index = pipeline.stages.findIndex((definition, i) => {
      const stage = stageNamed(stages, definition.name);
      return (
        !done.has(stage.name) &&
        !stageIsOver(stage.status) &&
        predecessors(pipeline, i).every((p) => stageIsOver(stageNamed(stages, p).status))
      );
    });
    const definition = pipeline.stages[index];
    at.stage = definition?.name ?? null;
    if (definition === undefined) {
      if (stages.every((s) => stageIsOver(s.status))) await concludeRun(world, pipeline, lease, stages);
      else await showWaiting(world, lease, stages);
      return due.length === 0 ? null : Math.min(...due);
    }
    const outcome = await advanceStage(
      world,
      lease,
      pipeline,
      definition,
      predecessors(pipeline, index),
      stages,
      signal,
    );
    if (outcome?.kind === 'wait') {
      done.add(definition.name);
      if (outcome.until !== null) due.push(outcome.until);
    }
  }
}

async function advanceStage(
  world: World,
  lease: Lease,
  pipeline: Pipeline,
  definition: StageDefinition,
  after: readonly string[],
  stages: readonly Stage[],
  signal: AbortSignal,
): Promise<StageOutcome | null> {
  const stage = stageNamed(stages, definition.name);
  const context = contextOf(world, lease, stage, stages, signal);
  if (stage.status === 'pending') {
    const may =
      definition.when === undefined ? unlessFailed(pipeline, after, stages) : await definition.when(context);
    world.faultPoint(`stage.start:${definition.name}`);
    if (may !== true) {
      await writeOutcome(world, lease, stage, { kind: 'skipped', reason: may });
      return null;
    }
    await startStage(world, lease, stage);
  }
  const outcome = await definition.advance(context);
  world.faultPoint(`stage.end:${definition.name}`);
  await writeOutcome(world, lease, stage, outcome);
  world.faultPoint(`stage.written:${definition.name}`);
  return outcome;
}

function contextOf(
  world: World,
  lease: Lease,
  stage: Stage,
  stages: readonly Stage[],
  signal: AbortSignal,
): StageContext {
  let notes = stage.state;
  return {
    world,
    run: lease.run,
    stage,
    db: world.store.db,
    signal,
    stageNamed: (name) => stageNamed(stages, name),
    tx: (work) => fenced(world.store, lease, work),
    now: () => world.clock.now(),
    remember: async (more) => {
      notes = { ...notes, ...more };
      stage.state = notes;
      await fenced(world.store, lease, (tx) => setStage(tx, lease.run.id, stage.name, { state: notes }));
    },
  };
}

function unlessFailed(pipeline: Pipeline, after: readonly string[], stages: readonly Stage[]): true | string {
  const failed = failedBefore(pipeline, after, stages);
  return failed === null ? true : `${failed} did not succeed`;
}

/** The stage that failed, through stages that were skipped because of it. */
function failedBefore(pipeline: Pipeline, after: readonly string[], stages: readonly Stage[]): string | null {
  for (const name of after) {
    const { status } = stageNamed(stages, name);
    if (status === 'failed' || status === 'canceled') return name;
    if (status !== 'skipped') continue;
    const index = pipeline.stages.findIndex((s) => s.name === name);
    const failed = failedBefore(pipeline, predecessors(pipeline, index), stages);
    if (failed !== null) return failed;
  }
  return null;
}

async function startStage(world: World, lease: Lease, stage: Stage): Promise<void> {
  const at = toIso(world.clock.now());
  await fenced(world.store, lease, async (tx) => {
    await setStage(tx, lease.run.id, stage.name, { status: 'running', started_at: at });
    const events: NewEvent[] = [
      { type: 'stage.started', run_id: lease.run.id, stage: stage.name, message: `${stage.name} started` },
    ];
    if (lease.run.started_at === null) {
      lease.run.started_at = at;
      events.unshift({
        type: 'run.started',
        run_id: lease.run.id,
        message: `Run ${lease.run.number} started`,
      });
    }
    lease.run.status = 'running';
    await tx
      .updateTable('runs')
      .set({ status: 'running', started_at: lease.run.started_at })
      .where('id', '=', lease.run.id)
      .execute();
    await appendEvents(tx, world.clock.now(), events);
  });
}

async function writeOutcome(world: World, lease: Lease, stage: Stage, outcome: StageOutcome): Promise<void> {
  const now = world.clock.now();
  const at = toIso(now);
  const ended = (status: 'succeeded' | 'failed' | 'skipped', reason: string | null) => ({
    status,
    reason,
    ended_at: at,
    due_at: null,
  });
  await fenced(world.store, lease, async (tx) => {
    const counts = 'counts' in outcome && outcome.counts !== undefined ? { counts: outcome.counts } : {};
    const output = 'output' in outcome && outcome.output !== undefined ? { output: outcome.output } : {};
    switch (outcome.kind) {
      case 'wait':
        await setStage(tx, lease.run.id, stage.name, {
          status: outcome.on === 'approval' ? 'waiting' : 'running',
          reason: outcome.reason ?? null,
          due_at: outcome.until === null ? null : toIso(outcome.until),
          ...counts,
        });
        return;
      case 'done':
        await setStage(tx, lease.run.id, stage.name, { ...ended('succeeded', null), ...counts, ...output });
        await appendEvents(tx, now, [
          stageEvent(lease.run, stage, 'succeeded', 'info', countsText(outcome.counts), outcome.counts),
        ]);
        return;
      case 'failed':
        await setStage(tx, lease.run.id, stage.name, {
          ...ended('failed', outcome.reason),
          ...counts,
          ...output,
        });
        await appendEvents(tx, now, [
          stageEvent(lease.run, stage, 'failed', 'error', outcome.reason, outcome.counts),
        ]);
        return;
      case 'skipped':
        await setStage(tx, lease.run.id, stage.name, ended('skipped', outcome.reason));
        await appendEvents(tx, now, [stageEvent(lease.run, stage, 'skipped', 'info', outcome.reason)]);
        return;
      default:
        outcome satisfies never;
    }
  });
}

function stageEvent(
  run: Run,
  stage: Stage,
  what: string,
  severity: 'info' | 'error',
  detail: string,
  counts?: Readonly<Record<string, number>>,
): NewEvent {
  return {
    type: `stage.${what}`,
    severity,
    run_id: run.id,
    stage: stage.name,
    message: detail === '' ? `${stage.name} ${what}` : `${stage.name} ${what}: ${detail}`,
    data: counts === undefined ? {} : { counts },
  };
}

/** `7 succeeded, 1 failed`; zeros are left out. */
export function countsText(counts: Readonly<Record<string, number>> | undefined): string {
  return Object.entries(counts ?? {})
    .filter(([, n]) => n > 0)
    .map(([what, n]) => `${n} ${what.replaceAll('_', ' ')}`)
    .join(', ');
}

/** A run whose open stages all wait for people says so. */
async function showWaiting(world: World, lease: Lease, stages: readonly Stage[]): Promise<void> {
  const active = stages.filter((s) => s.status === 'running' || s.status === 'waiting');
  const status = active.length > 0 && active.every((s) => s.status === 'waiting') ? 'waiting' : 'running';
  if (status === lease.run.status) return;
  await fenced(world.store, lease, (tx) =>
    tx.updateTable('runs').set({ status }).where('id', '=', lease.run.id).execute(),
  );
}

async function concludeRun(
  world: World,
  pipeline: Pipeline,
  lease: Lease,
  stages: readonly Stage[],
): Promise<void> {
  const ended = await pipeline.conclude({ world, run: lease.run, stages, db: world.store.db });
  const now = world.clock.now();
  await fenced(world.store, lease, async (tx) => {
    await endRun(tx, now, lease.run, ended.status, ended.reason);
  });
}

/** Nothing of a run that is over waits for anybody: its requests and its children end with it. */
async function endRun(
  tx: Tx,
  now: number,
  run: Run,
  status: 'succeeded' | 'failed' | 'canceled',
  reason: string | null,
): Promise<void> {
  await cancelApprovals(tx, now, run.id);
  await tx
    .updateTable('runs')
    .set({ status: 'canceled', ended_at: toIso(now), due_at: null, reason: `its run ${status}` })
    .where('parent_run_id', '=', run.id)
    .where('ended_at', 'is', null)
    .execute();
  await writeEnd(tx, now, run, status, reason);
}

async function writeEnd(
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
  await appendEvents(tx, now, [
    {
      type: `run.${status}`,
      severity: status === 'failed' ? 'error' : 'info',
      run_id: run.id,
      message: `Run ${run.number} ${status}${reason === null ? '' : `: ${reason}`}`,
    },
  ]);
}

/** Ends a run on request: its work first, then everything in the rows that was still open. */
async function cancelRun(
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

async function cancelWork(
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
async function recordFailure(
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
