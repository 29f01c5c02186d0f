import { sql } from 'kysely';
import { toIso } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { batches } from '../store/index.ts';
import type { Db, Store, Tx } from '../store/index.ts';
import { filesIn } from './objects-held.ts';
import { refText } from './model-version.ts';
import type { ModelRef, RegistryName } from './model-version.ts';
import { NeededObjects, sweepObjects } from './sweep-objects.ts';
import type { RemovedObjects } from './sweep-objects.ts';
import { unusedVersions } from './unused-versions.ts';
import type { VersionFacts } from './unused-versions.ts';
import { lastEntered } from './version-store.ts';

/** A version that is out of use for long enough: its files go, or something else needs them. */
export interface OldVersion extends ModelRef {
  readonly registry: RegistryName;
  readonly run_id: string;
  /** Of all its files together, shared or not. */
  readonly bytes: number;
  readonly action: 'remove' | 'keep';
  readonly why: string;
}

export interface PruneVersions {
  readonly store: Store;
  /** Where runs register, and where what was promoted from there lies. */
  readonly registry: RegistryName;
  readonly shared: RegistryName;
  /** ISO text: what is out of use since before that is old. Null: nothing is. */
  readonly before: string | null;
  readonly clock: Clock;
  readonly dry_run: boolean;
  /** Versions that others need, with the reason; by `refText`. */
  readonly neededBy: (db: Db, versions: readonly OldVersion[]) => Promise<ReadonlyMap<string, string>>;
  readonly tell: (version: OldVersion) => void;
  readonly faultPoint: (name: string) => void;
}

/** Circuits that are looked at in one piece, and their versions: a server answers nobody meanwhile. */
const CIRCUITS = 25;
const VERSIONS = 300;

/**
 * Removes the files of versions that are out of use, and everything in the registry's folder that no version names. In
 * two steps, each in small pieces between which others may write: first versions are marked as having no files, then
 * files go that no unmarked version names. Whoever dies in between leaves files that nobody needs, and the next call
 * finds them. Yields after each piece; returns what was removed.
 */
export async function* pruneVersions(options: PruneVersions): AsyncGenerator<void, RemovedObjects> {
  const { store, registry } = options;
  const needed = new NeededObjects();
  // Counted before anything is read: what comes in from here on is looked at again before a file goes.
  needed.entered = await lastEntered(store.db, registry);
  for (let after = ''; ;) {
    const circuits = await nextCircuits(store.db, registry, after);
    const last = circuits.at(-1);
    if (last === undefined) break;
    after = last;
    await pruneCircuits(options, circuits, needed);
    yield;
  }
  return yield* sweepObjects(options, needed);
}

async function pruneCircuits(
  options: PruneVersions,
  circuits: readonly string[],
  needed: NeededObjects,
): Promise<void> {
  const { store, registry, clock, dry_run } = options;
  let judged = await judge(store.db, options, circuits);
  if (!dry_run && judged.old.some((version) => version.action === 'remove')) {
    // Once more under the lock: a withdrawal, an acceptance or a promotion may have come meanwhile.
    judged = await store.tx(async (tx) => {
      const again = await judge(tx, options, circuits);
      await mark(tx, registry, circuits, again.old, toIso(clock.now()));
      return again;
    });
    options.faultPoint('prune.versions_marked');
  }
  for (const version of judged.old) options.tell(version);
  for (const files of judged.kept) needed.add(files);
}

const mark = async (
  tx: Tx,
  registry: RegistryName,
  circuits: readonly string[],
  versions: readonly OldVersion[],
  now: string,
): Promise<void> => {
  for (const some of batches(versions.filter((version) => version.action === 'remove'))) {
    await tx
      .updateTable('model_versions')
      .set({ files_removed_at: now })
      .where('registry', '=', registry)
      .where(areOf(circuits, some))
      .where('files_removed_at', 'is', null)
      .execute();
  }
};

interface Judged {
  /** Those that are out of use for long enough. */
  readonly old: readonly OldVersion[];
  /** The `files` of all versions that keep theirs. */
  readonly kept: readonly string[];
}

async function judge(
  db: Db,
  { registry, shared, before, neededBy }: PruneVersions,
  circuits: readonly string[],
): Promise<Judged> {
  const rows = await db
    .selectFrom('model_versions')
    .select([
      'model_name',
      'version',
      'circuit_id',
      'run_id',
      'created_at',
      'pr',
      'withdrawn_at',
      'files_removed_at',
      'files',
    ])
    .where('registry', '=', registry)
    .where('circuit_id', 'in', circuits)
    .orderBy('circuit_id')
    .orderBy('created_at')
    .execute();
  const old: (VersionFacts & { why: string; run_id: string; files: string })[] = [];
  const kept: string[] = [];
  for (const versions of Map.groupBy(rows, (row) => row.circuit_id).values()) {
    for (const { of, since, why } of unusedVersions(versions)) {
      if (since !== null && before !== null && since < before) old.push({ ...of, why });
      else kept.push(of.files);
    }
  }
  const candidates = old.map((version): OldVersion => ({
    registry,
    model_name: version.model_name,
    version: version.version,
    run_id: version.run_id,
    bytes: filesIn(version).reduce((sum, file) => sum + file.size, 0),
    action: 'remove',
    why: version.why,
  }));
  const reasons = new Map([
    ...(await neededBy(db, candidates)),
    ...(await accepted(db, registry, circuits)),
    ...(await promoted(db, shared, circuits, candidates)),
  ]);
  return {
    old: candidates.map((version) => {
      const why = reasons.get(refText(version));
      return why === undefined ? version : { ...version, action: 'keep', why };
    }),
    kept: [
      ...kept,
      ...old.filter((version) => reasons.has(refText(version))).map((version) => version.files),
    ],
  };
}

/** Whatever stands in the shared registry stays, here too: it serves, or is what a rollback returns to. */
async function promoted(
  db: Db,
  shared: RegistryName,
  circuits: readonly string[],
  versions: readonly ModelRef[],
): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for (const some of batches(versions)) {
    const rows = await db
      .selectFrom('model_versions')
      .select(['model_name', 'version'])
      .where('registry', '=', shared)
      .where(areOf(circuits, some))
      .execute();
    found.push(...rows.map((row): [string, string] => [refText(row), 'promoted']));
  }
  return found;
}

/** Acceptances speak of the dev registry. */
async function accepted(
  db: Db,
  registry: RegistryName,
  circuits: readonly string[],
): Promise<[string, string][]> {
  if (registry !== 'dev') return [];
  const rows = await db
    .selectFrom('acceptances')
    .select(['model_name', 'version', 'accepted_by'])
    .where('circuit_id', 'in', circuits)
    .execute();
  return rows.map((row) => [refText(row), `accepted by ${row.accepted_by}`]);
}

/** Circuits are named as well: the planner looks up no pairs, and would read the whole registry instead. */
const areOf = (circuits: readonly string[], refs: readonly ModelRef[]) =>
  sql<boolean>`circuit_id in (${sql.join(circuits)}) and (model_name, version) in (values ${sql.join(
    refs.map((ref) => sql`(${ref.model_name}, cast(${ref.version} as integer))`),
  )})`;

/** At least one, whatever its past. */
async function nextCircuits(db: Db, registry: RegistryName, after: string): Promise<string[]> {
  const rows = await db
    .selectFrom('model_versions')
    .select((e) => ['circuit_id', e.fn.countAll<number>().as('versions')])
    .where('registry', '=', registry)
    .where('circuit_id', '>', after)
    .groupBy('circuit_id')
    .orderBy('circuit_id')
    .limit(CIRCUITS)
    .execute();
  let versions = 0;
  return rows
    .filter((row, i) => (versions += Number(row.versions)) <= VERSIONS || i === 0)
    .map((row) => row.circuit_id);
}
