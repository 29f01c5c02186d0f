import { prunesDue } from '../../pipelines/index.ts';
import type { Db } from '../../store/index.ts';

/** What changes without an event, looked at by figures that change with it. */
export function quietChanges(db: Db): { look(): Promise<string[]> } {
  const before = new Map<string, string>();
  return {
    look: async () => {
      const now: [topic: string, figures: string][] = [
        ['notifications', await outbox(db)],
        ['system', await holders(db)],
        ['retention', await prune(db)],
      ];
      const changed = now.filter(([topic, figures]) => (before.get(topic) ?? figures) !== figures);
      for (const [topic, figures] of now) before.set(topic, figures);
      return changed.map(([topic]) => topic);
    },
  };
}

/** Messages that are new, tried again, delivered or given up. */
async function outbox(db: Db): Promise<string> {
  const newest = await db
    .selectFrom('notifications')
    .select((e) => e.fn.max('seq').as('seq'))
    .executeTakeFirst();
  const open = await db
    .selectFrom('notifications')
    .select((e) => [e.fn.countAll<number>().as('n'), e.fn.sum<number>('attempts').as('attempts')])
    .where('state', '!=', 'delivered')
    .executeTakeFirst();
  return `${newest?.seq ?? 0} ${open?.n ?? 0} ${open?.attempts ?? 0}`;
}

/** Who advances the runs. */
async function holders(db: Db): Promise<string> {
  const rows = await db.selectFrom('workers').select('id').orderBy('id').execute();
  return rows.map((row) => row.id).join(' ');
}

/** How far retention is that somebody asked for. */
async function prune(db: Db): Promise<string> {
  const { asked, pruned_at } = await prunesDue(db);
  return `${asked?.id ?? ''} ${asked?.begun_at ?? ''} ${asked?.removed ?? ''} ${pruned_at ?? ''}`;
}
