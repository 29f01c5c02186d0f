import { fenced } from './lease.ts';
import type { Lease } from './lease.ts';
import { registriesOf } from './pipeline.ts';
import type { StageContext, World } from './pipeline.ts';
import { setStage, stageNamed } from './run-store.ts';
import type { Stage } from './run-store.ts';

/** What a stage function is given: the run, its own notes, and writes that hold only while the lease does. */
export function contextOf(
  world: World,
  lease: Lease,
  stage: Stage,
  stages: readonly Stage[],
  signal: AbortSignal,
): StageContext {
  let notes = stage.state;
  return {
    world,
    registries: registriesOf(world, lease.run),
    run: lease.run,
    stage,
    db: world.store.db,
    signal,
    stageNamed: (name) => stageNamed(stages, name),
    tx: (work) => fenced(world.store, lease, work),
    now: () => world.clock.now(),
    remember: async (more, together) => {
      notes = { ...notes, ...more };
      stage.state = notes;
      await fenced(world.store, lease, async (tx) => {
        await setStage(tx, lease.run.id, stage.name, { state: notes });
        await together?.(tx);
      });
    },
  };
}
