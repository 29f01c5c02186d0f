import type { Actor } from '../kernel/actor.ts';
import type { Project } from '../app.ts';
import { toIso } from '../kernel/clock.ts';
import { formatSize } from '../kernel/size.ts';
import { appendEvents } from '../store/index.ts';

export type PruneKind = 'model' | 'logs' | 'run' | 'snapshot' | 'leftover';

/** One thing that goes, or that is kept although it is old. */
export interface PruneItem {
  readonly kind: PruneKind;
  readonly name: string;
  readonly action: 'remove' | 'keep';
  readonly why: string;
  readonly bytes: number | null;
}

export interface PruneReport {
  readonly dry_run: boolean;
  /** What went, or would go. The size of models is that of contents that no other version shares. */
  readonly removed: Readonly<Record<PruneKind, { readonly count: number; readonly bytes: number }>>;
  /** What is old and was kept, by the reason. */
  readonly kept: readonly { readonly kind: PruneKind; readonly why: string; readonly count: number }[];
}

/** When retention last went through, or null. */
export async function lastPruned(project: Project): Promise<number | null> {
  const row = await project.store.db
    .selectFrom('meta')
    .select('value')
    .where('key', '=', PRUNED_AT)
    .executeTakeFirst();
  return row === undefined ? null : Date.parse(row.value);
}

const PRUNED_AT = 'pruned_at';

/** A day on which nothing went is no event. */
export async function putOnRecord({ store, clock }: Project, by: Actor, report: PruneReport): Promise<void> {
  const now = clock.now();
  const value = toIso(now);
  const text = removedText(report);
  await store.tx(async (tx) => {
    await tx
      .insertInto('meta')
      .values({ key: PRUNED_AT, value })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
      .execute();
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
  const kinds = Object.keys(NAMES) as PruneKind[]; // the keys of a total record
  const parts = kinds
    .filter((kind) => removed[kind].count > 0)
    .map((kind) => {
      const { count } = removed[kind];
      const [one, many] = NAMES[kind];
      return count === 1 ? one : many.replace('#', String(count));
    });
  if (parts.length === 0) return null;
  const bytes = kinds.reduce((sum, kind) => sum + removed[kind].bytes, 0);
  const list = parts.length === 1 ? parts[0] : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
  return `${list} (${formatSize(bytes)})`;
}
