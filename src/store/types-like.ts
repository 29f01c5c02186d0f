import { sql } from 'kysely';
import type { Db } from './store.ts';

/**
 * The types of events, or of entries on record, that a GLOB such as `approval.*` means. From one to the next by the
 * index: there are some fifty of them, and up to millions of rows.
 */
export async function typesLike(db: Db, table: 'events' | 'audit', glob: string): Promise<string[]> {
  if (!glob.includes('*')) return [glob];
  const named = sql.table(table);
  const { rows } = await sql<{ type: string }>`
    with recursive found (type) as (
      select min(type) from ${named}
      union all
      select (select min(type) from ${named} where type > found.type) from found where found.type is not null
    )
    select type from found where type is not null`.execute(db);
  const pattern = new RegExp(`^${glob.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 'i');
  return rows.map(({ type }) => type).filter((type) => pattern.test(type));
}
