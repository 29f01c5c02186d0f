import type { Project } from '../app.ts';
import type { Actor } from '../gates/index.ts';
import { ConflictError } from '../kernel/errors.ts';
import { getRun, reviveRun, wakeRun } from '../pipelines/index.ts';
import type { Run } from '../pipelines/index.ts';

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
        hint:
          present.status === 'failed'
            ? 'Train what it owes with a new run: trainyard run --include-failed'
            : 'Start a new one with `trainyard run`.',
      });
    if (!revived) await wakeRun(tx, now, run.id);
    return getRun(tx, run.id);
  });
}
