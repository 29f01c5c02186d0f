import { toIso } from '../kernel/clock.ts';
import { appendEvents } from '../store/index.ts';
import type { NewEvent, Tx } from '../store/index.ts';
import { cancelRun, recordFailure } from './give-up.ts';
import type { Position } from './give-up.ts';
import { endRun } from './end-run.ts';
import { LeaseLostError, fenced, release } from './lease.ts';
import type { Lease } from './lease.ts';
import { predecessors } from './pipeline.ts';
import type { Pipeline, StageContext, StageDefinition, StageOutcome, World } from './pipeline.ts';
import { getStages, setStage, stageNamed, wakeRun } from './run-store.ts';
import type { Run, Stage } from './run-store.ts';
import { contextOf } from './stage-context.ts';
import { stageIsOver } from './status.ts';

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
  if (stage.cancel_requested_by !== null) {
    if (stage.status === 'pending' && definition.cancel !== undefined) await startStage(world, lease, stage);
    const outcome = await cancelStage(context, definition, stage);
    return (await writeOutcome(world, lease, stage, outcome)) ? outcome : AGAIN(world);
  }
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
  const written = await writeOutcome(world, lease, stage, outcome);
  world.faultPoint(`stage.written:${definition.name}`);
  return written ? outcome : AGAIN(world);
}

/** It is looked at once more, at once. */
const AGAIN = (world: World): StageOutcome => ({ kind: 'wait', on: 'approval', until: world.clock.now() });

/** Ends a stage on request; what it had done by then stays done. */
async function cancelStage(
  context: StageContext,
  definition: StageDefinition,
  stage: Stage,
): Promise<StageOutcome> {
  const why = `canceled by ${stage.cancel_requested_by ?? 'somebody'}`;
  if (definition.cancel === undefined) return { kind: 'canceled', reason: why };
  await definition.cancel(context, why);
  const left = await definition.advance(context);
  // What is left may still have to be waited for, such as a model on its way; people need not be.
  const over = left.kind === 'skipped' || left.kind === 'canceled';
  return over || (left.kind === 'wait' && left.on === 'approval') ? { kind: 'canceled', reason: why } : left;
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

/** Writes what a stage came to. One that somebody has just put a question at again is not over: false. */
async function writeOutcome(
  world: World,
  lease: Lease,
  stage: Stage,
  outcome: StageOutcome,
): Promise<boolean> {
  const now = world.clock.now();
  const at = toIso(now);
  const ended = (status: 'succeeded' | 'failed' | 'skipped' | 'canceled', reason: string | null) => ({
    status,
    reason,
    ended_at: at,
    due_at: null,
  });
  return fenced(world.store, lease, async (tx) => {
    if (outcome.kind !== 'wait' && (await isAsked(tx, lease.run.id, stage.name))) {
      await setStage(tx, lease.run.id, stage.name, { status: 'waiting', due_at: at });
      return false;
    }
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
        return true;
      case 'done':
        await setStage(tx, lease.run.id, stage.name, { ...ended('succeeded', null), ...counts, ...output });
        await appendEvents(tx, now, [
          stageEvent(lease.run, stage, 'succeeded', 'info', countsText(outcome.counts), outcome.counts),
        ]);
        return true;
      case 'failed':
        await setStage(tx, lease.run.id, stage.name, {
          ...ended('failed', outcome.reason),
          ...counts,
          ...output,
        });
        await appendEvents(tx, now, [
          stageEvent(lease.run, stage, 'failed', 'error', outcome.reason, outcome.counts),
        ]);
        return true;
      case 'skipped':
      case 'canceled':
        await setStage(tx, lease.run.id, stage.name, ended(outcome.kind, outcome.reason));
        await appendEvents(tx, now, [stageEvent(lease.run, stage, outcome.kind, 'info', outcome.reason)]);
        return true;
      default:
        return outcome satisfies never;
    }
  });
}

async function isAsked(tx: Tx, run_id: string, stage: string): Promise<boolean> {
  const row = await tx
    .selectFrom('approvals')
    .select('id')
    .where('run_id', '=', run_id)
    .where('stage', '=', stage)
    .where('status', '=', 'waiting')
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
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
    // Somebody may have put a question of it once more meanwhile.
    const present = await getStages(tx, lease.run.id);
    if (!present.every((s) => stageIsOver(s.status))) {
      await wakeRun(tx, now, lease.run.id);
      return;
    }
    await endRun(tx, now, lease.run, ended.status, ended.reason);
  });
}
