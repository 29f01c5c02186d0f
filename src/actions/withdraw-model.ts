import type { Project } from '../app.ts';
import type { Actor } from '../gates/index.ts';
import type { ModelRef, ModelVersion } from '../registry/index.ts';

/**
 * Takes a version out of use: it no longer counts as good, and its circuit is owed again. What is out of use here is out
 * of use where it was promoted to. A second call changes nothing.
 * @throws NotFoundError, UsageError without a reason
 */
export async function withdrawModel(
  { world }: Pick<Project, 'world'>,
  { model_name, version }: ModelRef,
  actor: Actor,
  reason: string,
): Promise<{ readonly model: ModelVersion; readonly promoted: boolean }> {
  const { dev, shared } = world.registries;
  const model = await dev.withdraw(model_name, version, actor, reason);
  const promoted = (await shared.get(model_name, version)) !== null;
  if (promoted) await shared.withdraw(model_name, version, actor, reason);
  return { model, promoted };
}
