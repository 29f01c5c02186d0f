import type { Clock } from '../../kernel/clock.ts';
import { systemClock } from '../../kernel/clock.ts';
import { UsageError } from '../../kernel/errors.ts';
import { nearest } from '../../kernel/suggest.ts';
import type { DeltaColumn } from './actions.ts';
import { limiter } from './limit.ts';
import type { DeltaRequest } from './request.ts';
import { parseTime } from './request.ts';
import type { TableStorage } from './storage.ts';
import { normalizeLocation, openStorage } from './storage.ts';
import type { DeltaTable } from './table.ts';
import { openDeltaTable } from './table.ts';

/** One version of a table, pinned. */
export interface ResolvedDelta {
  readonly version: number;
  /** When it was committed; null where the log no longer tells. */
  readonly timestamp: string | null;
  readonly columns: readonly DeltaColumn[];
  readonly partition_columns: readonly string[];
}

export interface DeltaResolver {
  /** The location is an absolute path or URL. @throws NotFoundError (exit 5), UsageError (exit 2), ConflictError (exit 6) */
  resolve(location: string, request: DeltaRequest): Promise<ResolvedDelta>;
}

export interface DeltaResolverOptions {
  readonly openStorage?: (location: string) => TableStorage;
  readonly clock?: Clock;
  /** Files that are read or listed at the same time, over all tables. */
  readonly max_reads?: number;
}

/**
 * Resolves the tables of a whole fleet. Every table is listed and read once, however many circuits point at it, and
 * failures are remembered too: all circuits of one plan see one state of each table. So make a new one for every plan.
 */
export function deltaResolver(options: DeltaResolverOptions = {}): DeltaResolver {
  const limit = limiter(options.max_reads ?? 16);
  const tables = new Map<string, Promise<DeltaTable>>();
  const resolved = new Map<string, Promise<ResolvedDelta>>();
  const open = async (location: string): Promise<DeltaTable> => {
    const storage = (options.openStorage ?? openStorage)(location);
    return openDeltaTable(limited(storage, limit), location);
  };
  return {
    async resolve(written, request) {
      const location = normalizeLocation(written);
      const table = once(tables, location, () => open(location));
      return once(resolved, `${JSON.stringify(request)} ${location}`, async () =>
        resolveIn(await table, request, options.clock ?? systemClock),
      );
    },
  };
}

/** Resolves one version of one table; for many circuits use {@link deltaResolver}. */
export async function resolveDelta(
  table: { readonly location: string; readonly storage: TableStorage; readonly clock?: Clock },
  request: DeltaRequest,
): Promise<ResolvedDelta> {
  return resolveIn(await openDeltaTable(table.storage, table.location), request, table.clock ?? systemClock);
}

/** Which of the wanted columns a table does not have, in the order asked, each with the nearest that it has. */
export function checkColumns(
  columns: readonly { readonly name: string }[],
  wanted: readonly string[],
): { readonly missing: readonly { readonly name: string; readonly suggestion: string | null }[] } {
  const names = new Set(columns.map((column) => column.name));
  const missing = [...new Set(wanted)].filter((name) => !names.has(name));
  return { missing: missing.map((name) => ({ name, suggestion: nearest(name, names, 1)[0] ?? null })) };
}

async function resolveIn(table: DeltaTable, request: DeltaRequest, clock: Clock): Promise<ResolvedDelta> {
  const version = await versionOf(table, request, clock);
  const [columns, partition_columns, timestamp] = await Promise.all([
    table.schemaAt(version),
    table.partitionColumnsAt(version),
    table.timestampAt(version),
  ]);
  return { version, timestamp, columns, partition_columns };
}

async function versionOf(table: DeltaTable, request: DeltaRequest, clock: Clock): Promise<number> {
  if (request === 'latest') return table.latestVersion();
  if ('version' in request) return request.version;
  const asked_ms = parseTime(request.timestamp);
  if (asked_ms !== null) return table.versionAsOf(asked_ms, clock.now());
  throw new UsageError(`${JSON.stringify(request.timestamp)} is no time.`, {
    hint: 'Write a UTC time such as 2026-03-01T10:00:00Z.',
  });
}

function limited(storage: TableStorage, limit: ReturnType<typeof limiter>): TableStorage {
  return {
    list: (folder, options) => limit(() => storage.list(folder, options)),
    read: (name) => limit(() => storage.read(name)),
    readRange: (name, start, end) => limit(() => storage.readRange(name, start, end)),
  };
}

function once<V>(known: Map<string, Promise<V>>, key: string, make: () => Promise<V>): Promise<V> {
  const found = known.get(key) ?? make();
  known.set(key, found);
  return found;
}
