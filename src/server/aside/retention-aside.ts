import type { Project } from '../../app.ts';
import type { PrunePreview } from '../../views/index.ts';
import { placeOf, runThread } from './plan-aside.ts';

/** So many things are named one by one. */
export const MOST_ITEMS = 1000;

const underWay = new Map<string, Promise<PrunePreview>>();

/**
 * What retention would remove, found out in a thread of its own. Plans do not wait for it: where much is old it takes a
 * while. Whoever asks meanwhile gets the same answer.
 */
export function retentionAside(project: Project): Promise<PrunePreview> {
  const known = underWay.get(project.root);
  if (known !== undefined) return known;
  const asked = look(project).finally(() => underWay.delete(project.root));
  underWay.set(project.root, asked);
  return asked;
}

async function look(project: Project): Promise<PrunePreview> {
  const task = { ...placeOf(project), kind: 'retention', most: MOST_ITEMS } as const;
  const done = await runThread(task, () => undefined);
  if (done.kind !== 'retention') throw new TypeError('The thread answered another question.');
  return JSON.parse(done.json) as PrunePreview;
}
