import type { Project } from '../app.ts';
import type { Actor } from '../kernel/actor.ts';
import { fromIso, toIso } from '../kernel/clock.ts';
import { messageOf } from '../kernel/errors.ts';
import { notePrune, prunesDue, settlePrune } from '../pipelines/index.ts';
import type { Ticker } from '../pipelines/index.ts';
import { appendEvents } from '../store/index.ts';
import { removedText } from './prune-report.ts';
import { prune } from './prune.ts';

const DAY_MS = 86_400_000;
/** After trouble it is not tried again before that, unless somebody asks. */
const PAUSE_MS = 3_600_000;
/** How often it is written down how far a pass is that somebody asked for. */
const TELL_MS = 1000;

const RETENTION: Actor = { name: 'retention', identity: 'system' };

/** One pass, and what is told of it. */
interface Pass {
  readonly work: ReturnType<typeof prune>;
  readonly by: Actor;
  /** The request that it answers; null: its day has come. */
  readonly asked: string | null;
  readonly begun_at: string;
  removed: number;
  told_at: number;
}

/**
 * Goes through what retention says once a day, and whenever somebody asks, one small piece at a time: runs go on
 * meanwhile. What is asked for stands in a row until it is done, so the process that takes over goes on with it.
 */
export function pruneTicker(project: Project, say: (line: string) => void = () => undefined): Ticker {
  const { clock, store } = project;
  let pass: Pass | null = null;
  let not_before = Number.NEGATIVE_INFINITY;
  /** After a piece others may write for as long as it took: who waits for the database looks only now and then. */
  let next_piece = Number.NEGATIVE_INFINITY;

  const begin = async (now: number): Promise<Pass> => {
    const { asked } = await prunesDue(store.db);
    const begun: Pass = {
      work: prune(project, {
        dry_run: false,
        by: asked?.by ?? RETENTION,
        ...(asked === null ? {} : { asked: asked.id }),
        tell: ({ action }) => void (action === 'remove' && begun.removed++),
      }),
      by: asked?.by ?? RETENTION,
      asked: asked?.id ?? null,
      begun_at: toIso(now),
      removed: 0,
      told_at: Number.NEGATIVE_INFINITY,
    };
    return begun;
  };

  const tell = async (now: number, { asked, begun_at, removed, told_at }: Pass): Promise<number> => {
    if (asked === null || now < told_at + TELL_MS) return told_at;
    await store.tx((tx) => notePrune(tx, asked, { begun_at, removed }));
    return now;
  };

  const fail = async (now: number, { asked, by }: Pass, error: string): Promise<void> => {
    await store.tx(async (tx) => {
      await settlePrune(tx, { id: asked, by: by.name, ended_at: toIso(now), report: null, error });
      await appendEvents(tx, now, [
        { type: 'retention.failed', severity: 'error', message: `Retention: ${error}` },
      ]);
    });
  };

  return {
    name: 'retention',
    busy: () => pass !== null,
    next: async () => {
      if (pass !== null) return next_piece;
      const { asked, pruned_at } = await prunesDue(store.db);
      if (asked !== null) return clock.now();
      return Math.max(not_before, pruned_at === null ? clock.now() : fromIso(pruned_at) + DAY_MS);
    },
    tick: async (now) => {
      const current = (pass ??= await begin(now));
      try {
        current.told_at = await tell(now, current);
        const step = await current.work.next();
        const after = clock.now();
        next_piece = after + (after - now);
        if (step.done !== true) return;
        pass = null;
        const removed = removedText(step.value);
        if (removed !== null) say(`Retention removed ${removed}.`);
      } catch (error) {
        pass = null;
        not_before = now + PAUSE_MS;
        await fail(now, current, messageOf(error));
        say(`Retention: ${messageOf(error)}`);
      }
    },
  };
}
