import { z } from 'zod';
import { UsageError } from '../../kernel/errors.ts';
import type { DeltaColumn, LogFacts, TableMetadata, TableProtocol } from './actions.ts';
import { parseActionLines } from './actions.ts';
import { versionAsOf } from './as-of.ts';
import { readCheckpoint } from './checkpoint.ts';
import { UnreadableFile, missingTable, missingVersion, readText, unreadableFile } from './log-errors.ts';
import type { Base, Checkpoint, LogListing } from './log-files.ts';
import { basesOf, isReadable, readListing, versionPrefix } from './log-files.ts';
import type { TableStorage } from './storage.ts';

const LOG = '_delta_log';

/** How many commits are read at once while looking back for the newest schema. */
const BATCH = 16;

/** The newest reader version there is; a table that needs a newer one may keep its log in another way. */
const READER_VERSION = 3;

/** Features with which the newest commits may lie outside the log folder, known only to a catalog. */
const CATALOG_FEATURES = ['catalogManaged', 'catalogOwned-preview', 'coordinatedCommits-preview'];

/**
 * Finds the table's log. Reads the folder from the newest checkpoint on where `_last_checkpoint` names one; the hint may
 * be missing, stale or damaged.
 * @throws NotFoundError when there is no table or its log holds no version (exit 5)
 */
export async function openDeltaTable(storage: TableStorage, location: string): Promise<DeltaTable> {
  const hint = await lastCheckpoint(storage);
  if (hint !== null) {
    const tail = await list(storage, hint);
    if (tail !== null && tail.latest !== null) return new DeltaTable(storage, location, tail, null);
  }
  const all = await list(storage, null);
  if (all === null) throw missingTable(location, (await storage.list('')) === null ? 'nothing' : 'folder');
  if (all.latest === null) throw missingTable(location, 'empty log');
  return new DeltaTable(storage, location, all, all);
}

/** A table as its log was when it was opened. What was read once is kept. */
export class DeltaTable {
  readonly location: string;
  readonly #storage: TableStorage;
  /** The end of the log, enough for most questions; versions that it cannot give are looked for in the whole log. */
  readonly #tail: LogListing;
  #all: Promise<LogListing> | null;
  readonly #commits = new Map<number, Promise<LogFacts>>();
  readonly #checkpoints = new Map<Checkpoint, Promise<LogFacts>>();

  constructor(storage: TableStorage, location: string, tail: LogListing, all: LogListing | null) {
    this.location = location;
    this.#storage = storage;
    this.#tail = tail;
    this.#all = all === null ? null : Promise.resolve(all);
  }

  /**
   * The newest version.
   * @throws UsageError when a gap in the log or a catalog keeps it from being known (exit 2)
   */
  async latestVersion(): Promise<number> {
    const latest = this.#tail.latest ?? 0;
    const { protocol } = await this.#stateAt(latest);
    const managed = CATALOG_FEATURES.find((feature) => protocol?.features.has(feature));
    if (managed !== undefined) {
      throw new UsageError(
        `The latest version of the Delta table ${this.location} is known only to the catalog that manages it (${managed}).`,
        { hint: 'Ask the catalog and write the version number as `delta_version`.' },
      );
    }
    return latest;
  }

  /** The oldest version that can still be read. */
  async earliestVersion(): Promise<number> {
    const all = await this.#listing();
    const first = all.ranges[0]?.first;
    if (first === undefined) throw missingVersion(this.location, all.latest ?? 0, all);
    return first;
  }

  /**
   * The newest version whose commit is not later than `asked_ms`. Commits count by the time they carry where the table
   * keeps in-commit timestamps, else by the time their file was written, each at least 1 ms after the one before.
   * A time after the last commit gives the latest version, a time after `now_ms` nothing: more may be committed until then.
   * @throws NotFoundError before the earliest version that can be read (exit 5); UsageError for the future (exit 2)
   */
  async versionAsOf(asked_ms: number, now_ms: number): Promise<number> {
    const latest = await this.latestVersion();
    const { metadata } = await this.#stateAt(latest);
    return versionAsOf(asked_ms, now_ms, {
      location: this.location,
      latest,
      listing: await this.#listing(),
      configuration: metadata.configuration,
      inCommitMs: async (version) => (await this.#commit(version)).in_commit_ms,
    });
  }

  /** The columns at a version, in the table's order. @throws NotFoundError for versions that cannot be read (exit 5) */
  async schemaAt(version: number): Promise<readonly DeltaColumn[]> {
    return (await this.#stateAt(version)).metadata.columns;
  }

  async partitionColumnsAt(version: number): Promise<readonly string[]> {
    return (await this.#stateAt(version)).metadata.partition_columns;
  }

  /**
   * When a version was committed: the time in the commit where the table keeps such times, else when its file was
   * written. Null when the commit's own file is gone and only a checkpoint is left.
   */
  async timestampAt(version: number): Promise<string | null> {
    const { metadata } = await this.#stateAt(version);
    const file = (await this.#listingFor(version)).commits.get(version);
    if (file === undefined) return null;
    if (metadata.configuration['delta.enableInCommitTimestamps'] !== 'true') return file.modified_at;
    const { in_commit_ms } = await this.#commit(version);
    return in_commit_ms === null ? null : new Date(in_commit_ms).toISOString();
  }

  async #stateAt(version: number): Promise<{ metadata: TableMetadata; protocol: TableProtocol | null }> {
    const listing = await this.#listingFor(version);
    if (!isReadable(listing, version)) throw missingVersion(this.location, version, listing);
    let damage: UnreadableFile | null = null;
    for await (const base of this.#bases(version)) {
      try {
        const state = await this.#replay(base, version);
        this.#refuseUnknownReader(state.protocol);
        return state;
      } catch (error) {
        // An older checkpoint, or the commits from the start, may still tell what a damaged checkpoint does not.
        if (!(error instanceof UnreadableFile)) throw error;
        damage ??= error;
      }
    }
    throw damage ?? missingVersion(this.location, version, await this.#listing());
  }

  /** The ways to rebuild a version: those at the end of the log first, so that older names are listed only if needed. */
  async *#bases(version: number): AsyncGenerator<Base> {
    yield* basesOf(this.#tail, version);
    const all = await this.#listing();
    if (all !== this.#tail) yield* basesOf(all, version);
  }

  /** The newest metadata and protocol at or before a version, looking back from it no further than needed. */
  async #replay(
    base: Base,
    version: number,
  ): Promise<{ metadata: TableMetadata; protocol: TableProtocol | null }> {
    let metadata: TableMetadata | null = null;
    let protocol: TableProtocol | null = null;
    for (let high = version; high >= base.first_commit; high -= BATCH) {
      const low = Math.max(base.first_commit, high - BATCH + 1);
      const batch = Array.from({ length: high - low + 1 }, (_, i) => this.#commit(high - i));
      for (const facts of await Promise.all(batch)) {
        metadata ??= facts.metadata;
        protocol ??= facts.protocol;
      }
      if (metadata !== null && protocol !== null) return { metadata, protocol };
    }
    if (base.checkpoint !== null) {
      const facts = await this.#checkpoint(base.checkpoint);
      metadata ??= facts.metadata;
      protocol ??= facts.protocol;
    }
    if (metadata === null)
      throw unreadableFile(this.location, `${versionPrefix(0)}.json`, new Error('no commit holds metaData'));
    return { metadata, protocol };
  }

  #refuseUnknownReader(protocol: TableProtocol | null): void {
    if (protocol === null || protocol.min_reader_version <= READER_VERSION) return;
    throw new UsageError(
      `The Delta table ${this.location} needs a reader of version ${protocol.min_reader_version}; versions up to ${READER_VERSION} are known.`,
      { hint: 'Update Trainyard, or let the table be written for an older reader version.' },
    );
  }

  async #listingFor(version: number): Promise<LogListing> {
    return isReadable(this.#tail, version) ? this.#tail : this.#listing();
  }

  /** The whole log. */
  #listing(): Promise<LogListing> {
    this.#all ??= list(this.#storage, null).then((all) => {
      if (all === null || all.latest === null)
        throw missingTable(this.location, all === null ? 'nothing' : 'empty log');
      return all;
    });
    return this.#all;
  }

  #commit(version: number): Promise<LogFacts> {
    return remember(this.#commits, version, async () => {
      const file = `${versionPrefix(version)}.json`;
      const text = await readText(this.#storage, this.location, file);
      try {
        return parseActionLines(text);
      } catch (error) {
        throw unreadableFile(this.location, file, error);
      }
    });
  }

  #checkpoint(checkpoint: Checkpoint): Promise<LogFacts> {
    return remember(this.#checkpoints, checkpoint, () =>
      readCheckpoint(this.#storage, this.location, checkpoint),
    );
  }
}

/** The log from a version on (null: all of it); null when there is no log folder. */
async function list(storage: TableStorage, from: number | null): Promise<LogListing | null> {
  const files = await storage.list(LOG, from === null ? {} : { startAfter: versionPrefix(from) });
  return files === null ? null : readListing(files);
}

const LastCheckpoint = z.object({ version: z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER) });

/** The version in `_last_checkpoint`: a hint and no more, so anything wrong with it counts as no hint. */
async function lastCheckpoint(storage: TableStorage): Promise<number | null> {
  const bytes = await storage.read(`${LOG}/_last_checkpoint`);
  if (bytes === null) return null;
  try {
    return LastCheckpoint.parse(JSON.parse(new TextDecoder().decode(bytes))).version;
  } catch {
    return null;
  }
}

function remember<K, V>(known: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  const found = known.get(key) ?? make();
  known.set(key, found);
  return found;
}
