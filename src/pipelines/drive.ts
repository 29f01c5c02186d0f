import { endBroken } from './end-broken.ts';
import { createLoop } from './loop.ts';
import type { Ticker } from './loop.ts';
import type { Hold } from './hold.ts';
import type { World } from './pipeline.ts';
import type { RunScope } from './lease.ts';
import { getRun, openRuns } from './run-store.ts';
import type { Run } from './run-store.ts';
import { scriptsPipeline } from './scripts.ts';
import { trainPipeline } from './train.ts';

type About = Omit<RunScope, 'pipelines'>;

/**
 * Advances the project's open runs in this process until nothing is left to do here: every run is over or waits for
 * people. Returns earlier when the signal is aborted; work in flight goes on without us.
 * `about` leaves every other run where it is; `tickers` are called beside the runs.
 */
export async function driveRuns(
  world: World,
  hold: Hold,
  signal: AbortSignal,
  until: 'idle' | 'aborted' = 'idle',
  about: About = {},
  tickers: readonly Ticker[] = [],
): Promise<void> {
  world.background?.();
  // Scripts are run by whoever started them; what is left of one is looked at only when somebody names it.
  const pipelines = about.run_id === undefined ? [trainPipeline] : [trainPipeline, scriptsPipeline];
  const loop = createLoop(world, pipelines, hold.id, signal, about, tickers);
  await loop.run(
    async () =>
      until === 'idle' &&
      (await openRuns(world.store.db, trainPipeline.name)).every(
        (run) => run.status === 'waiting' || !concerns(about, run),
      ),
  );
}

const concerns = ({ run_id, rehearsal }: About, run: Run): boolean =>
  (run_id === undefined || run.id === run_id) &&
  (rehearsal === undefined || rehearsal === (run.rehearsal === 1));

/** Advances one run of scripts in this process until it is over; `wake` has it looked at again at once. */
export function scriptsDriver(
  world: World,
  hold: Hold,
  run_id: string,
): {
  readonly run: () => Promise<void>;
  readonly wake: () => Promise<void>;
  /** Ends the run as failed, once `run` did not go well. False: it was over already. */
  readonly fail: (reason: string) => Promise<boolean>;
} {
  const loop = createLoop(world, [scriptsPipeline], hold.id, new AbortController().signal, { run_id });
  return {
    run: () => {
      world.background?.();
      return loop.run(async () => (await getRun(world.store.db, run_id)).ended_at !== null);
    },
    wake: () => loop.wake(run_id),
    fail: (reason) => endBroken(world, scriptsPipeline, run_id, reason),
  };
}
