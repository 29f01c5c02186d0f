import type { Project } from '../app.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Ticker } from '../pipelines/index.ts';
import { appendEvents } from '../store/index.ts';
import { prune } from './prune.ts';
import { lastPruned, removedText } from './prune-report.ts';

const DAY_MS = 86_400_000;
/** After trouble it is not tried again before that. */
const PAUSE_MS = 3_600_000;

/** Goes through what retention says once a day, one small piece at a time: runs go on meanwhile. */
export function pruneTicker(project: Project, say: (line: string) => void = () => undefined): Ticker {
  const { clock, store } = project;
  let work: ReturnType<typeof prune> | null = null;
  let not_before = Number.NEGATIVE_INFINITY;
  /** After a piece others may write for as long as it took: who waits for the database looks only now and then. */
  let next_piece = Number.NEGATIVE_INFINITY;
  return {
    name: 'retention',
    busy: () => work !== null,
    next: async () => {
      if (work !== null) return next_piece;
      const last = await lastPruned(project);
      return Math.max(not_before, last === null ? clock.now() : last + DAY_MS);
    },
    tick: async (now) => {
      work ??= prune(project, { dry_run: false, by: { name: 'retention', identity: 'system' } });
      try {
        const step = await work.next();
        const after = clock.now();
        next_piece = after + (after - now);
        if (step.done !== true) return;
        work = null;
        const removed = removedText(step.value);
        if (removed !== null) say(`Retention removed ${removed}.`);
      } catch (error) {
        work = null;
        not_before = now + PAUSE_MS;
        await store.tx((tx) =>
          appendEvents(tx, now, [
            { type: 'retention.failed', severity: 'error', message: `Retention: ${messageOf(error)}` },
          ]),
        );
        say(`Retention: ${messageOf(error)}`);
      }
    },
  };
}
