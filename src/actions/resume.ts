import type { Project } from '../app.ts';
import type { Actor } from '../gates/index.ts';
import { ConflictError } from '../kernel/errors.ts';
import { getRun, getStages, reviveRun, wakeRun } from '../pipelines/index.ts';
import type { Run } from '../pipelines/index.ts';
import type { Db } from '../store/index.ts';

/**
 * Takes a run up where it stands: one that gave up goes on, one that is open is looked at again. Whoever holds the project
 * goes on with it. Harmless twice.
 * @throws ConflictError when it is over, or a later run has trained its circuits since
 */
export async function resumeRun({ store, clock }: Project, run: Run, actor: Actor): Promise<Run> {
  return store.tx(async (tx) => {
    const now = clock.now();
    // Somebody else may have been quicker.
    const present = await getRun(tx, run.id);
    const revived = await reviveRun(tx, now, present, actor);
    if (present.ended_at !== null && !revived)
      throw new ConflictError(`Run ${run.number} is over (${present.status}).`, {
        hint: await insteadOf(tx, present),
      });
    if (!revived) await wakeRun(tx, now, run.id);
    return getRun(tx, run.id);
  });
}

/** What to type where a run that is over cannot be taken up. */
async function insteadOf(db: Db, run: Run): Promise<string> {
  if (run.pipeline === 'scripts')
    return 'Start a new one with `trainyard scripts`; with --resume it leaves out what had succeeded.';
  if (run.rehearsal === 1) return 'Start another rehearsal with `trainyard run --provider simulated`.';
  if (run.status !== 'failed') return 'Start a new one with `trainyard run`.';
  const submitting = (await getStages(db, run.id)).find((stage) => stage.name === 'SubmitTraining');
  // Nothing was handed over: nothing of it is owed as failed.
  if (submitting?.status === 'failed')
    return 'Put right what SubmitTraining says, then start a new run: trainyard run';
  return 'Train what it owes with a new run: trainyard run --include-failed';
}
