import type { Actor } from '../kernel/actor.ts';
import type { Project } from '../app.ts';
import { toIso } from '../kernel/clock.ts';
import { formatSize } from '../kernel/size.ts';
import { PRUNE_KINDS, settlePrune } from '../pipelines/index.ts';
import type { PruneKind, PruneReport } from '../pipelines/index.ts';
import { appendEvents } from '../store/index.ts';

/** `asked`: the request that it answers. A day on which nothing went and that nobody asked for is no event. */
export async function putOnRecord(
  { store, clock }: Project,
  { by, asked }: { readonly by: Actor; readonly asked: string | null },
  report: PruneReport,
): Promise<void> {
  const now = clock.now();
  const value = toIso(now);
  const text = removedText(report) ?? (asked === null ? null : 'nothing: all there is is kept');
  await store.tx(async (tx) => {
    await settlePrune(tx, { id: asked, by: by.name, ended_at: value, report, error: null });
    if (text !== null)
      await appendEvents(tx, now, [
        {
          type: 'retention.pruned',
          actor: by,
          message: `${by.name} removed ${text}`,
          data: { removed: report.removed },
        },
      ]);
  });
}

const NAMES: Readonly<Record<PruneKind, readonly [string, string]>> = {
  model: ['the files of 1 model version', 'the files of # model versions'],
  logs: ['the logs of 1 run', 'the logs of # runs'],
  run: ['1 run', '# runs'],
  snapshot: ['1 copy of code or data', '# copies of code or data'],
  leftover: ['1 leftover', '# leftovers'],
};

/** `the logs of 3 runs and 1 run (1.2 GiB)`; null when nothing went. */
export function removedText({ removed }: PruneReport): string | null {
  const parts = PRUNE_KINDS.filter((kind) => removed[kind].count > 0).map((kind) => {
    const { count } = removed[kind];
    const [one, many] = NAMES[kind];
    return count === 1 ? one : many.replace('#', String(count));
  });
  if (parts.length === 0) return null;
  const bytes = PRUNE_KINDS.reduce((sum, kind) => sum + removed[kind].bytes, 0);
  const list = parts.length === 1 ? parts[0] : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
  return `${list} (${formatSize(bytes)})`;
}
