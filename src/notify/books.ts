import { nextTurn } from '../kernel/clock.ts';
import { writeOutcomes } from './outcomes.ts';
import type { Entry, Health } from './outcomes.ts';
import type { NotifyWorld } from './world.ts';

export interface Books {
  /** Writes an outcome down; resolves once it is on record. */
  note(entry: Entry): Promise<void>;
  /** Messages that were given up since this process began, and why. */
  readonly died: readonly { readonly channel: string; readonly error: string }[];
}

/** So many outcomes are worth a commit of their own; fewer wait for others, for turns that take less time than the commit. */
const ENOUGH = 32;
const TURNS = 40;

/**
 * Outcomes come in faster than a disk syncs: those that arrive during one commit share the next. A message that was
 * delivered is never tried again because its outcome could not be written; that is tried until it succeeds.
 */
export function keepBooks(
  world: NotifyWorld,
  health: ReadonlyMap<string, Health>,
  gaveUp: AbortSignal,
): Books {
  const waiting: { entry: Entry; done: () => void; failed: (error: unknown) => void }[] = [];
  const died: { channel: string; error: string }[] = [];
  let writing = false;

  const write = async (): Promise<void> => {
    if (writing) return;
    writing = true;
    try {
      while (waiting.length > 0) {
        // What comes in at this very moment shares the commit, which costs more than all the rest of it.
        for (let turn = 0; turn < TURNS && waiting.length < ENOUGH; turn++) await nextTurn();
        const some = waiting.splice(0);
        try {
          const dead = await writeOutcomes(
            world,
            health,
            some.map((s) => s.entry),
          );
          died.push(...dead);
          for (const { done } of some) done();
        } catch (error) {
          if (gaveUp.aborted) {
            for (const { failed } of some) failed(error);
            continue;
          }
          waiting.unshift(...some);
          await world.clock.sleep(world.timing.first_delay_ms, gaveUp);
        }
      }
    } finally {
      writing = false;
    }
  };

  return {
    died,
    note: (entry) =>
      new Promise((done, failed) => {
        waiting.push({ entry, done, failed });
        void write();
      }),
  };
}
