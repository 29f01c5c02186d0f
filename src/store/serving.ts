import { SelectQueryNode, SqliteAdapter, SqliteDialect, SqliteDriver } from 'kysely';
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult, SqliteDatabase } from 'kysely';
import { nextTurn } from '../kernel/clock.ts';

/** After so long without a turn for anybody else, a statement waits for one. */
const TURN_MS = 5;

/**
 * SQLite for a process that answers people while it works: what is read outside a transaction is read over a connection
 * of its own, which sees the last commit and waits for no transaction; and however long the chain of statements is,
 * whoever else has something to do gets a turn between them, within transactions too.
 */
export class ServingDialect extends SqliteDialect {
  readonly #writing: SqliteDatabase;
  readonly #reading: SqliteDatabase;

  constructor(writing: SqliteDatabase, reading: SqliteDatabase) {
    super({ database: writing });
    this.#writing = writing;
    this.#reading = reading;
  }

  override createDriver(): ServingDriver {
    return new ServingDriver(this.#writing, this.#reading);
  }

  override createAdapter(): SqliteAdapter {
    return new ManyAtOnce();
  }
}

/** Kysely need not keep callers apart: the driver does where they write. */
class ManyAtOnce extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

class ServingDriver implements Driver {
  readonly #writing: SqliteDriver;
  readonly #reading: SqliteDriver;
  readonly #turn = new Turn();
  /** Ends when whoever writes is through. */
  #written: Promise<void> = Promise.resolve();

  constructor(writing: SqliteDatabase, reading: SqliteDatabase) {
    this.#writing = new SqliteDriver({ database: writing });
    this.#reading = new SqliteDriver({ database: reading });
  }

  async init(): Promise<void> {
    await this.#writing.init();
    await this.#reading.init();
  }

  async acquireConnection(): Promise<ServingConnection> {
    const writing = await this.#writing.acquireConnection();
    const reading = await this.#reading.acquireConnection();
    return new ServingConnection(writing, reading, this.#turn, () => this.#lock());
  }

  /** One writes at a time, in the order in which they came. Returns what lets the next one write. */
  async #lock(): Promise<() => void> {
    const before = this.#written;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#written = promise;
    await before;
    return resolve;
  }

  async beginTransaction(connection: ServingConnection): Promise<void> {
    await this.#writing.beginTransaction(await connection.hold());
  }

  async commitTransaction(connection: ServingConnection): Promise<void> {
    await this.#writing.commitTransaction(connection.writing);
  }

  async rollbackTransaction(connection: ServingConnection): Promise<void> {
    await this.#writing.rollbackTransaction(connection.writing);
  }

  async releaseConnection(connection: ServingConnection): Promise<void> {
    connection.release();
  }

  async destroy(): Promise<void> {
    await this.#reading.destroy();
    await this.#writing.destroy();
  }
}

class ServingConnection implements DatabaseConnection {
  readonly writing: DatabaseConnection;
  readonly #reading: DatabaseConnection;
  readonly #turn: Turn;
  readonly #lock: () => Promise<() => void>;
  /** Lets the next one write; set during a transaction. */
  #letGo: (() => void) | null = null;

  constructor(
    writing: DatabaseConnection,
    reading: DatabaseConnection,
    turn: Turn,
    lock: () => Promise<() => void>,
  ) {
    this.writing = writing;
    this.#reading = reading;
    this.#turn = turn;
    this.#lock = lock;
  }

  /** For a transaction, until `release`. */
  async hold(): Promise<DatabaseConnection> {
    this.#letGo = await this.#lock();
    return this.writing;
  }

  release(): void {
    this.#letGo?.();
    this.#letGo = null;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    await this.#turn.taken();
    if (this.#letGo !== null) return this.writing.executeQuery<R>(query);
    if (onlyReads(query)) return this.#reading.executeQuery<R>(query);
    const letGo = await this.#lock();
    try {
      return await this.writing.executeQuery<R>(query);
    } finally {
      letGo();
    }
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new TypeError(
      'Rows are read page by page: an open cursor would keep the log of the database from shrinking.',
    );
  }
}

const onlyReads = ({ query, sql }: CompiledQuery): boolean =>
  SelectQueryNode.is(query) || (query.kind === 'RawNode' && READS.test(sql) && !WRITES.test(sql));

/** `with` may stand before any statement; what holds a word that writes is taken for one that does. */
const READS = /^\s*(?:select|with)\b/i;
const WRITES = /\b(?:insert|update|delete|replace)\b/i;

/** Nothing that SQLite does ends a turn of the event loop by itself: it answers at once. */
class Turn {
  #began = 0;

  /** Resolves at once, or after everybody else had a turn. */
  async taken(): Promise<void> {
    if (performance.now() - this.#began < TURN_MS) return;
    await nextTurn();
    this.#began = performance.now();
  }
}
