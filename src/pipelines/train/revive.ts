import { closeApprovals } from '../../gates/index.ts';
import { toIso } from '../../kernel/clock.ts';
import { ConflictError } from '../../kernel/errors.ts';
import type { Tx } from '../../store/index.ts';
import { hasOpenJobs } from '../open-jobs.ts';
import { getStages, setStage, stageNamed } from '../run-store.ts';
import type { Run } from '../run-store.ts';
import { stageIsOver } from '../status.ts';

/** What comes after a stage with a gate has to be looked at again when its question is. */
const FOLLOWERS: Readonly<Record<string, readonly string[]>> = {
  PromoteEnvironment: ['PromoteModels'],
  RetryFailedTraining: ['PromoteModels'],
  PromoteModels: [],
};

/**
 * Takes a run up again at a stage whose question was put once more: the stage waits again, promotion after it is decided
 * anew for what is new, models that were only held are open again. Harmless where the stage is open anyway.
 * @throws ConflictError when the run lost more than that, is being canceled, or when a canceled run should train
 */
export async function reviveAt(tx: Tx, now: number, run: Run, stage_name: string): Promise<void> {
  const stages = await getStages(tx, run.id);
  const stage = stageNamed(stages, stage_name);
  const stalled = stages.find((s) => s.state['stalled'] === true);
  // Models that are there are there; what was to be trained is left to a new run.
  if (run.status === 'canceled' && stage_name === 'RetryFailedTraining')
    throw new ConflictError(`Run ${run.number} was canceled; it trains nothing any more.`, {
      hint: 'What is still owed is trained and offered by a new run: `trainyard run`.',
    });
  // Who canceled it was told that it ends.
  if (run.ended_at === null && run.cancel_requested_at !== null)
    throw new ConflictError(`Run ${run.number} is being canceled.`, {
      hint: `Wait for its end (\`trainyard runs show ${run.number}\`), then ask again.`,
    });
  if (stalled !== undefined || (run.ended_at !== null && (await hasOpenJobs({ db: tx, run }))))
    throw new ConflictError(
      `Run ${run.number} stopped at ${stalled?.name ?? 'its jobs'}; that has to go on first.`,
      { hint: `Take it up with \`trainyard run --resume ${run.number}\`.` },
    );
  const open = { reason: null, ended_at: null, due_at: null, cancel_requested_by: null };
  if (stageIsOver(stage.status))
    await setStage(tx, run.id, stage.name, {
      ...open,
      status: 'waiting',
      started_at: stage.started_at ?? toIso(now),
    });
  for (const name of FOLLOWERS[stage_name] ?? []) {
    if (stageNamed(stages, name).status === 'pending') continue;
    // Whether it may go on depends on what comes of this, whatever it asks now.
    await setStage(tx, run.id, name, { ...open, status: 'pending', started_at: null });
    await closeApprovals(tx, now, { run_id: run.id, stage: name }, 'superseded');
  }
  if (stage_name !== 'RetryFailedTraining') {
    await tx
      .updateTable('runs')
      .set({ status: 'waiting', reason: null, ended_at: null })
      .where('parent_run_id', '=', run.id)
      .where('status', '=', 'canceled')
      .where('reason', 'like', 'held%')
      .where('reason', '!=', 'held: it was withdrawn')
      .execute();
  }
  await tx
    .updateTable('runs')
    .set({
      status: 'running',
      reason: null,
      ended_at: null,
      cancel_requested_at: null,
      failed_advances: 0,
      due_at: toIso(now),
      // What was accepted was what had failed by then.
      ...(stage_name === 'RetryFailedTraining' ? { partial_accepted_by: null } : {}),
    })
    .where('id', '=', run.id)
    .execute();
}
