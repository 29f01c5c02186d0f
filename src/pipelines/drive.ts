import { createLoop } from './loop.ts';
import type { Hold } from './hold.ts';
import type { World } from './pipeline.ts';
import { openRuns } from './run-store.ts';
import { trainPipeline } from './train.ts';

/**
 * Advances the project's open runs in this process until nothing is left to do here: every run is over or waits for
 * people. Returns earlier when the signal is aborted; work in flight goes on without us.
 * `only` leaves every other run where it is.
 */
export async function driveRuns(
  world: World,
  hold: Hold,
  signal: AbortSignal,
  until: 'idle' | 'aborted' = 'idle',
  only: string | null = null,
): Promise<void> {
  const loop = createLoop(world, [trainPipeline], hold.id, signal, only);
  await loop.run(
    async () => until === 'idle' && (await openRuns(world.store.db)).every((run) => run.status === 'waiting'),
  );
}
