import { Kysely, SqliteDialect } from 'kysely';
import type { SqliteDatabase, SqliteStatement } from 'kysely';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../kernel/errors.ts';
import { ServingDialect } from './serving.ts';
import { isStoreFault, storeError } from './store-error.ts';
import type { SQLInputValue } from 'node:sqlite';
import type { Tables } from './tables.ts';

/**
 * Kysely's own SQLite dialect over Node's SQLite. `reads` is the connection that reads outside transactions: another one
 * where `serving`, so that nobody who reads waits for a transaction.
 */
export function openSqlite(
  path: string,
  options: { readonly read_only: boolean; readonly serving?: boolean },
): { sqlite: DatabaseSync; reads: DatabaseSync; db: Kysely<Tables> } {
  const { sqlite, database } = connect(path, options.read_only);
  if (options.serving !== true)
    return { sqlite, reads: sqlite, db: new Kysely<Tables>({ dialect: new SqliteDialect({ database }) }) };
  const reading = connect(path, true);
  const dialect = new ServingDialect(database, reading.database);
  return { sqlite, reads: reading.sqlite, db: new Kysely<Tables>({ dialect }) };
}

/** Prepared statements are kept: the same few are run all day. */
function connect(path: string, readOnly: boolean): { sqlite: DatabaseSync; database: SqliteDatabase } {
  const sqlite = open(path, readOnly);
  if (!readOnly) sqlite.exec('pragma journal_mode = wal');
  sqlite.exec('pragma synchronous = full; pragma cache_size = -16000; pragma temp_store = memory');
  const told = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw isStoreFault(error) ? storeError(path, error) : error;
    }
  };
  const kept = new Map<string, SqliteStatement>();
  const prepare = (sql: string): SqliteStatement => {
    const known = kept.get(sql);
    if (known !== undefined) return known;
    const statement = sqlite.prepare(sql);
    const wrapped: SqliteStatement = {
      reader: statement.columns().length > 0,
      all: (parameters) => told(() => statement.all(...(parameters as SQLInputValue[]))),
      run: (parameters) => {
        // A full disk makes SQLite roll back by itself; a second rollback would hide why.
        if (sql === 'rollback' && !sqlite.isTransaction) return { changes: 0, lastInsertRowid: 0 };
        return told(() => statement.run(...(parameters as SQLInputValue[])));
      },
      iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
    };
    // Multi-row inserts make many shapes; a bound keeps them from piling up.
    if (kept.size >= 300) kept.clear();
    kept.set(sql, wrapped);
    return wrapped;
  };
  return { sqlite, database: { prepare, close: () => sqlite.close() } };
}

function open(path: string, readOnly: boolean): DatabaseSync {
  const options = { timeout: 5000, enableForeignKeyConstraints: true, readOnly };
  const sqlite = new DatabaseSync(path, options);
  if (!readOnly) return sqlite;
  try {
    sqlite.prepare('select 1 from sqlite_master limit 1').get();
    return sqlite;
  } catch (error) {
    sqlite.close();
    if (!/unable to open|readonly/i.test(messageOf(error))) throw error;
    // Where nothing can be written, not even the index of the write-ahead log: read the file as it lies there.
    return new DatabaseSync(new URL(`${pathToFileURL(path).href}?immutable=1`), options);
  }
}
