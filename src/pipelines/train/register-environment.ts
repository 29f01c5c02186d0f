import { relative } from 'node:path';
import { loadEnvironments, registerAssets } from '../../assets/index.ts';
import { toIso } from '../../kernel/clock.ts';
import { appendEvents } from '../../store/index.ts';
import type { StageContext, StageOutcome } from '../pipeline.ts';
import { trainParams } from './params.ts';
import { movedSincePlan } from './moved.ts';

/** Registers every environment file whose version is new. */
export async function registerEnvironment(context: StageContext): Promise<StageOutcome> {
  const { world, run } = context;
  const environments = await loadEnvironments(world.project, world.config.environments);
  const moved = movedSincePlan(trainParams(run).environments, environments);
  if (moved !== null) return { kind: 'failed', reason: moved };
  const fresh = await context.tx(async (tx) => {
    const result = await registerAssets(
      tx,
      environments.map((e) => ({
        kind: 'environment' as const,
        name: e.name,
        version: e.version,
        digest: e.digest,
        content: { ...e },
        file: relative(world.project, e.file),
      })),
      { run_id: run.id, at: toIso(context.now()) },
    );
    await appendEvents(
      tx,
      context.now(),
      result.map((e) => ({
        type: 'environment.registered',
        run_id: run.id,
        stage: context.stage.name,
        message: `Environment ${e.name}:${e.version} registered`,
      })),
    );
    return result;
  });
  return {
    kind: 'done',
    counts: { registered: fresh.length, already_there: environments.length - fresh.length },
    output: {
      new_env_registered: fresh.length > 0,
      environments: environments.map((e) => ({ name: e.name, version: e.version })),
    },
  };
}
