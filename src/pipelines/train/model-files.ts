import type { ModelVersion } from '../../registry/index.ts';
import type { ModelEntry } from '../artifacts.ts';
import { writeArtifact } from '../artifacts.ts';
import type { StageContext } from '../pipeline.ts';

export function modelEntry(model: ModelVersion): ModelEntry {
  return {
    model_name: model.model_name,
    version: model.version,
    circuit: model.circuit_id,
    training_hash: model.training_hash,
    job: model.job_name,
    retry: model.tags['retry'] === 'true',
    tags: { ...model.tags },
    metrics: { ...model.metrics },
  };
}

/** Writes lists of what a run registered so far; `registered_models_with_retry` is originals and retries merged. */
export async function writeModelFiles(
  context: StageContext,
  names: readonly ('registered_models' | 'registered_models_with_retry')[],
): Promise<void> {
  const models = (await context.registries.dev.versionsOfRun(context.run.id)).map(modelEntry);
  for (const name of names) {
    const merged = name === 'registered_models_with_retry';
    await writeArtifact(context, name, {
      run: context.run.number,
      models: merged ? models : models.filter((m) => !m.retry),
    });
  }
}
