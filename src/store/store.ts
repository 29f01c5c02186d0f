import { AsyncLocalStorage } from 'node:async_hooks';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Kysely, KyselyPlugin, Transaction } from 'kysely';
import type { DatabaseSync } from 'node:sqlite';
import { toIso } from '../kernel/clock.ts';
import { ConflictError, TrainyardError, messageOf } from '../kernel/errors.ts';
import { migrations } from './migrations/index.ts';
import { openSqlite } from './sqlite.ts';
import { storeError } from './store-error.ts';
import type { Tables } from './tables.ts';

/** Read or write: the whole store, or one transaction of it. */
export type Db = Kysely<Tables>;
export type Tx = Transaction<Tables>;

/** One project's state: a database and the folder of files beside it. */
export interface Store {
  readonly db: Db;
  /** The folder `.trainyard`. */
  readonly folder: string;
  readonly read_only: boolean;
  /** Runs `work` in one transaction that takes the write lock at once. Effects outside the database do not belong in it. */
  tx<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * Keeps every other writer out while `work` looks at rows and deals with files that they name. It writes no rows: what
   * it writes is undone. That spares the disk the wait for a transaction that says nothing.
   */
  locked<T>(work: (db: Db) => Promise<T>): Promise<T>;
  /** The database's clock, the only one that leases use: ISO text. */
  now(): string;
  /** Changes whenever another connection has committed; a cheap look, for waking across processes. */
  changeMark(): number;
  /** Changes whenever anything is written, here or elsewhere: what was read under a mark is what is there while it holds. */
  readMark(): string;
  close(): Promise<void>;
}

const FILE = 'trainyard.db';

/** True where the folder holds a store already. */
export const storeExists = (folder: string): boolean => existsSync(join(folder, FILE));

/**
 * Opens the project's store and brings its schema up to date. `serving`: for a process that answers people while it
 * works, see `serving.ts`.
 * @throws ConflictError when a newer Trainyard wrote the store
 * @throws TrainyardError when the folder cannot be written or the file is no database
 */
export async function openStore(
  folder: string,
  options: { readonly read_only?: boolean; readonly serving?: boolean } = {},
): Promise<Store> {
  const readOnly = options.read_only === true;
  const path = join(folder, FILE);
  try {
    if (!readOnly) await prepareFolder(folder);
    else upgradeForReading(path, folder);
    const opened = openSqlite(path, { read_only: readOnly, serving: options.serving === true });
    try {
      migrate(opened.sqlite, folder, readOnly);
    } catch (error) {
      if (opened.reads !== opened.sqlite) opened.reads.close();
      opened.sqlite.close();
      throw error;
    }
    return makeStore(opened, folder, readOnly);
  } catch (error) {
    throw storeError(path, error);
  }
}

/** After an update the first command may be one that only reads: it brings the schema up to date where it can write. */
function upgradeForReading(path: string, folder: string): void {
  const { sqlite } = openSqlite(path, { read_only: true });
  const version = schemaVersion(sqlite);
  sqlite.close();
  if (version === 0 || version >= migrations.length) return;
  try {
    const writing = openSqlite(path, { read_only: false });
    try {
      migrate(writing.sqlite, folder, false);
    } finally {
      writing.sqlite.close();
    }
  } catch {
    // Opening it for reading says what is wrong.
  }
}

/** A store in memory: the same SQL path, for tests and for a `plan` where no state exists yet. */
export function memoryStore(folder = ''): Store {
  const opened = openSqlite(':memory:', { read_only: false });
  migrate(opened.sqlite, ':memory:', false);
  return makeStore(opened, folder, false);
}

async function prepareFolder(folder: string): Promise<void> {
  // Logs, data and models of a project are its owner's business.
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    // On a read-only file system this may come as "no such file", which would send the reader looking for a wrong path.
    throw new TrainyardError(
      'unexpected',
      `The state folder cannot be written: ${folder} (${messageOf(error)}).`,
      {
        hint: 'Make the project folder writable for this user. `plan` and the lists work without writing.',
        cause: error,
      },
    );
  }
  const ignore = join(folder, '.gitignore');
  if (!existsSync(ignore)) await writeFile(ignore, '*\n');
}

const insideTransaction = new AsyncLocalStorage<true>();

/**
 * There is one connection: a query past the open transaction would wait for it to end, which it never does.
 * Better a clear fault at the first try than a process that falls asleep.
 */
function refuseInsideTransaction(): void {
  if (insideTransaction.getStore() === true)
    throw new TypeError('Inside a transaction, use the transaction: the store would wait for it for ever.');
}

const outsideTransactions: KyselyPlugin = {
  transformQuery: ({ node }) => {
    refuseInsideTransaction();
    return node;
  },
  transformResult: async ({ result }) => result,
};

function makeStore(
  { sqlite, reads, db }: ReturnType<typeof openSqlite>,
  folder: string,
  readOnly: boolean,
): Store {
  // Kysely begins deferred; a transaction that reads first and writes later could then meet SQLITE_BUSY without
  // the busy timeout's help. Touching the write lock first makes it wait its turn instead.
  const transaction = async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
    refuseInsideTransaction();
    return db.transaction().execute(async (tx) => {
      await sql`update meta set value = value where key = 'schema_version'`.execute(tx);
      return insideTransaction.run(true, () => work(tx));
    });
  };
  const nowStatement = sqlite.prepare(`select strftime('%Y-%m-%dT%H:%M:%fZ', 'now') as now`);
  const markStatement = sqlite.prepare('pragma data_version');
  const readsStatement = reads.prepare('pragma data_version');
  const ownStatement = sqlite.prepare('select total_changes() as changes');
  const changeMark = (): number => Number(markStatement.get()?.['data_version']);
  return {
    db: db.withPlugin(outsideTransactions),
    folder,
    read_only: readOnly,
    tx: transaction,
    locked: async (work) => {
      const undone = new Undone<Awaited<ReturnType<typeof work>>>();
      try {
        return await transaction(async (tx) => {
          undone.result = { value: await work(tx) };
          throw undone;
        });
      } catch (error) {
        if (error === undone && undone.result !== null) return undone.result.value;
        throw error;
      }
    },
    now: () => String(nowStatement.get()?.['now']),
    changeMark,
    readMark:
      reads === sqlite
        ? () => `${changeMark()}.${String(ownStatement.get()?.['changes'])}`
        : // To the connection that reads, what this process writes is of another one: it shows once it is committed.
          () => String(readsStatement.get()?.['data_version']),
    close: () => db.destroy(),
  };
}

/** Ends a transaction without keeping anything of it. */
class Undone<T> extends Error {
  result: { readonly value: T } | null = null;
}

function migrate(sqlite: DatabaseSync, folder: string, readOnly: boolean): void {
  const version = schemaVersion(sqlite);
  if (version > migrations.length) {
    throw new ConflictError(
      `The state folder ${folder} was written by a newer Trainyard (schema ${version}; this one knows ${migrations.length}).`,
      {
        hint: 'Update Trainyard (`npm install trainyard@latest`), or use another --project folder. Nothing was changed.',
      },
    );
  }
  if (version === migrations.length) return;
  if (readOnly) {
    throw new ConflictError(`The state folder ${folder} has an older schema and is open for reading only.`, {
      hint: 'Make it writable for this user and try again, or run `trainyard worker --until-idle` there once.',
    });
  }
  sqlite.exec('begin immediate');
  try {
    // Another process may have migrated while this one waited for the lock.
    for (const migration of migrations.slice(schemaVersion(sqlite))) sqlite.exec(migration.sql);
    sqlite
      .prepare(
        `insert into meta (key, value) values ('schema_version', ?) on conflict (key) do update set value = excluded.value`,
      )
      .run(String(migrations.length));
    sqlite.exec('commit');
  } catch (error) {
    // A full disk has rolled back by itself.
    if (sqlite.isTransaction) sqlite.exec('rollback');
    throw error;
  }
}

function schemaVersion(sqlite: DatabaseSync): number {
  const exists = sqlite.prepare(`select 1 from sqlite_master where type = 'table' and name = 'meta'`).get();
  if (exists === undefined) return 0;
  const row = sqlite.prepare(`select value from meta where key = 'schema_version'`).get();
  return row === undefined ? 0 : Number(row['value']);
}

/** How the schema of an open store compares with what this Trainyard knows: another one may have changed it meanwhile. */
export async function schemaState({ db }: Pick<Store, 'db'>): Promise<'current' | 'older' | 'newer'> {
  const row = await db
    .selectFrom('meta')
    .select('value')
    .where('key', '=', 'schema_version')
    .executeTakeFirst();
  const version = Number(row?.value ?? 0);
  return version === migrations.length ? 'current' : version < migrations.length ? 'older' : 'newer';
}

/** Column values for "now plus seconds" by a given ISO time. */
export const addSeconds = (iso: string, seconds: number): string => toIso(Date.parse(iso) + seconds * 1000);
