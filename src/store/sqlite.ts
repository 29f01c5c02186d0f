import { Kysely, SqliteDialect } from 'kysely';
import type { SqliteDatabase, SqliteStatement } from 'kysely';
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue } from 'node:sqlite';
import type { Tables } from './tables.ts';

/** Kysely's own SQLite dialect over Node's SQLite. Prepared statements are kept: the same few are run all day. */
export function openSqlite(
  path: string,
  options: { readonly read_only: boolean },
): { sqlite: DatabaseSync; db: Kysely<Tables> } {
  const sqlite = new DatabaseSync(path, {
    timeout: 5000,
    enableForeignKeyConstraints: true,
    readOnly: options.read_only,
  });
  if (!options.read_only) sqlite.exec('pragma journal_mode = wal');
  sqlite.exec('pragma synchronous = full; pragma cache_size = -16000; pragma temp_store = memory');
  const kept = new Map<string, SqliteStatement>();
  const prepare = (sql: string): SqliteStatement => {
    const known = kept.get(sql);
    if (known !== undefined) return known;
    const statement = sqlite.prepare(sql);
    const wrapped: SqliteStatement = {
      reader: statement.columns().length > 0,
      all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
      run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
      iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
    };
    // Multi-row inserts make many shapes; a bound keeps them from piling up.
    if (kept.size >= 300) kept.clear();
    kept.set(sql, wrapped);
    return wrapped;
  };
  const database: SqliteDatabase = { prepare, close: () => sqlite.close() };
  return { sqlite, db: new Kysely<Tables>({ dialect: new SqliteDialect({ database }) }) };
}
