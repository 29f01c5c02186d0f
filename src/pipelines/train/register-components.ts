import { join, resolve } from 'node:path';
import { loadComponent, registerAssets, snapshotComponent } from '../../assets/index.ts';
import { toIso } from '../../kernel/clock.ts';
import { appendEvents } from '../../store/index.ts';
import type { StageContext, StageOutcome } from '../pipeline.ts';
import { movedSincePlan } from './moved.ts';
import { trainParams } from './params.ts';

/** Registers the component file's version if it is new, with a snapshot of its code: that is what jobs run. */
export async function registerComponents(context: StageContext): Promise<StageOutcome> {
  const { world, run } = context;
  const component = await loadComponent(resolve(world.project, world.config.component));
  const moved = movedSincePlan([trainParams(run).component], [component]);
  if (moved !== null) return { kind: 'failed', reason: moved };
  const stored = await snapshotComponent(component, join(world.store.folder, 'assets'));
  const fresh = await context.tx(async (tx) => {
    const result = await registerAssets(
      tx,
      [
        {
          kind: 'component',
          name: component.name,
          version: component.version,
          digest: component.digest,
          content: { ...stored },
          file: world.config.component,
        },
      ],
      { run_id: run.id, at: toIso(context.now()) },
    );
    await appendEvents(
      tx,
      context.now(),
      result.map((c) => ({
        type: 'component.registered',
        run_id: run.id,
        stage: context.stage.name,
        message: `Component ${c.name}:${c.version} registered`,
      })),
    );
    return result;
  });
  return {
    kind: 'done',
    counts: { registered: fresh.length, already_there: 1 - fresh.length },
    output: { component: { name: component.name, version: component.version } },
  };
}
