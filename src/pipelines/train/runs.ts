import type { Actor } from '../../kernel/actor.ts';
import { ConflictError } from '../../kernel/errors.ts';
import { toIso } from '../../kernel/clock.ts';
import { circuitsInHand, freeze } from '../../fleet/index.ts';
import type { Plan } from '../../fleet/index.ts';
import { appendEvents, batches } from '../../store/index.ts';
import type { PlanCircuitsTable, Tx } from '../../store/index.ts';
import { hasOpenJobs } from '../open-jobs.ts';
import { removedLogs } from '../run-retention.ts';
import { createRun, getStages } from '../run-store.ts';
import type { Run } from '../run-store.ts';
import { trainPipeline } from '../train.ts';
import type { TrainParams } from './params.ts';

/** Another run may have been started while this one was planned: the same work is not written down twice. */
async function refuseIfInHand(tx: Tx, plan: Plan): Promise<void> {
  const train = plan.circuits.filter((c) => c.action === 'train');
  const inHand = await circuitsInHand(
    tx,
    train.map((c) => c.id),
  );
  const twice = train.find((c) => {
    const other = inHand.get(c.id);
    return (
      other?.action === 'train' &&
      other.training_hash === c.training_hash &&
      other.inputs_digest === c.inputs_digest &&
      c.cause !== 'selected' &&
      c.cause !== 'owed_failed'
    );
  });
  if (twice === undefined) return;
  throw new ConflictError(
    `Run ${inHand.get(twice.id)?.run_number} was started while this one was planned, and trains ${twice.id} too.`,
    { hint: 'Try again: the new plan leaves out what is in hand.' },
  );
}

/** Writes a training run down with everything its plan froze, in one transaction. */
export async function createTrainingRun(
  tx: Tx,
  now: number,
  input: {
    readonly plan: Plan;
    readonly params: TrainParams;
    readonly actor: Actor;
    readonly pr: boolean;
    readonly rehearsal: boolean;
    readonly git_commit: string | null;
    readonly git_branch: string | null;
  },
): Promise<Run> {
  const { plan } = input;
  if (!input.pr && !input.rehearsal) await refuseIfInHand(tx, plan);
  const run = await createRun(tx, now, {
    pipeline: trainPipeline,
    actor: input.actor,
    pr: input.pr,
    rehearsal: input.rehearsal,
    plan_id: plan.plan_id,
    git_commit: input.git_commit,
    git_branch: input.git_branch,
    params: input.params,
    message: `${input.actor.name} started a run for ${plan.summary.train} of ${plan.circuits.length} circuits`,
  });
  const rows: PlanCircuitsTable[] = [];
  for (const planned of plan.circuits) {
    const pinned = plan.pinned.get(planned.id);
    if (pinned === undefined) continue;
    rows.push({
      run_id: run.id,
      circuit_id: planned.id,
      action: planned.action,
      cause: planned.cause,
      reason: planned.reason,
      training_hash: planned.training_hash,
      inputs_digest: planned.inputs_digest,
      previous_hash: planned.previous_hash,
      changes: JSON.stringify(planned.changes),
      settings: freeze(pinned),
      data_asset: null,
    });
  }
  for (const some of batches(rows))
    await tx
      .insertInto('plan_circuits')
      .values([...some])
      .execute();
  return run;
}

/** Takes up a run whose stage gave up (a full disk, a provider that was away): the stage goes on where the rows say. */
export async function reviveRun(tx: Tx, now: number, run: Run, actor: Actor): Promise<boolean> {
  const stages = await getStages(tx, run.id);
  const stalled = stages.find((s) => s.status === 'failed' && s.state['stalled'] === true);
  if (run.status !== 'failed' || stalled === undefined) return false;
  if (run.rehearsal === 0) await refuseIfOvertaken(tx, run);
  const removed = await removedLogs(tx, run.id);
  if (removed !== null)
    throw new ConflictError(`Run ${run.number} cannot go on: ${removed.message}`, {
      hint: 'What is still owed is trained by a new run: `trainyard run --include-failed`.',
    });
  const state = { ...stalled.state, stalled: false };
  // One that failed before it began is asked again whether it runs at all.
  const status = stalled.started_at === null ? 'pending' : 'running';
  await tx
    .updateTable('stages')
    .set({ status, reason: null, ended_at: null, state: JSON.stringify(state) })
    .where('run_id', '=', run.id)
    .where('name', '=', stalled.name)
    .execute();
  await tx
    .updateTable('runs')
    .set({
      status: 'running',
      reason: null,
      ended_at: null,
      failed_advances: 0,
      last_error: null,
      due_at: toIso(now),
    })
    .where('id', '=', run.id)
    .execute();
  await appendEvents(tx, now, [
    {
      type: 'run.resumed',
      run_id: run.id,
      actor,
      stage: stalled.name,
      message: `Run ${run.number} resumed at ${stalled.name}`,
    },
  ]);
  return true;
}

/** A later run has decided on the same circuits: going on would make an older state the newest model. */
async function refuseIfOvertaken(tx: Tx, run: Run): Promise<void> {
  const later = await tx
    .selectFrom('plan_circuits as mine')
    .innerJoin('plan_circuits as theirs', 'theirs.circuit_id', 'mine.circuit_id')
    .innerJoin('runs', 'runs.id', 'theirs.run_id')
    .select(['runs.number', 'mine.circuit_id'])
    // Written down is not trained: it may have failed before its first job.
    .innerJoin('jobs', (join) =>
      join.onRef('jobs.run_id', '=', 'theirs.run_id').onRef('jobs.circuit_id', '=', 'theirs.circuit_id'),
    )
    .where('mine.run_id', '=', run.id)
    .where('mine.action', '=', 'train')
    .where('theirs.action', '=', 'train')
    .where('runs.number', '>', run.number)
    .where('runs.parent_run_id', 'is', null)
    .where('runs.pr', '=', 0)
    .where('runs.rehearsal', '=', 0)
    .limit(1)
    .executeTakeFirst();
  if (later === undefined) return;
  throw new ConflictError(
    `Run ${run.number} cannot go on: run ${later.number} has trained ${later.circuit_id} since.`,
    {
      hint: 'What is still owed is trained by a new run: `trainyard run`.',
    },
  );
}

/**
 * Accepts that some circuits failed: promotion of the others goes on. On record with who said so.
 * @throws ConflictError when the run is not one that lost circuits for good
 */
export async function acceptPartial(
  tx: Tx,
  now: number,
  run: Run,
  by: Actor,
  comment: string | null,
): Promise<void> {
  if (run.partial_accepted_by !== null) return;
  const stages = await getStages(tx, run.id);
  const promote = stages.find((s) => s.name === 'PromoteModels');
  const broken = stages.find(
    (s) => s.status === 'failed' && s.name !== 'MonitorTraining' && s.name !== 'RetryFailedTraining',
  );
  const stalled = stages.some((s) => s.state['stalled'] === true) || (await hasOpenJobs({ db: tx, run }));
  if (broken !== undefined || stalled) {
    throw new ConflictError(
      `Run ${run.number} did not only lose circuits${broken === undefined ? '' : `: ${broken.name} failed`}; there is no partial success to accept.`,
      {
        hint:
          broken === undefined || stalled
            ? `Take it up with \`trainyard run --resume ${run.number}\`, or start a new run.`
            : `Put right what ${broken.name} says, then start a new run with \`trainyard run\`.`,
      },
    );
  }
  const lost = stages.some((s) => s.name === 'RetryFailedTraining' && s.status === 'failed');
  // The run may still be open: something else of it is asked.
  const acceptable = run.ended_at === null ? lost : run.status === 'failed';
  if (!acceptable || promote === undefined) {
    throw new ConflictError(`Run ${run.number} is ${run.status}: there is no partial success to accept.`, {
      hint: `Look at it with \`trainyard runs show ${run.number}\`.`,
    });
  }
  const blocked = promote.status === 'skipped' && (promote.reason ?? '').startsWith('blocked:');
  if (blocked) {
    await tx
      .updateTable('stages')
      .set({ status: 'pending', reason: null, started_at: null, ended_at: null })
      .where('run_id', '=', run.id)
      .where('name', '=', 'PromoteModels')
      .execute();
  }
  await tx
    .updateTable('runs')
    .set({
      partial_accepted_by: by.name,
      status: 'running',
      reason: null,
      ended_at: null,
      due_at: toIso(now),
    })
    .where('id', '=', run.id)
    .execute();
  await appendEvents(tx, now, [
    {
      type: 'run.partial_accepted',
      severity: 'warning',
      run_id: run.id,
      actor: by,
      message: `${by.name} accepted the partial success of run ${run.number}${comment === null ? '' : `: ${comment}`}`,
      data: { comment },
    },
  ]);
}
