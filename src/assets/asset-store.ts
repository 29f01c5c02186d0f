import { sql } from 'kysely';
import { z } from 'zod';
import { ConflictError, CorruptRowError, UsageError } from '../kernel/errors.ts';
import { batches } from '../store/index.ts';
import type { AssetsTable, Db, Tx } from '../store/index.ts';

export type AssetKind = 'environment' | 'component' | 'data';

export interface AssetKey {
  readonly kind: AssetKind;
  readonly name: string;
  readonly version: string;
}

/** What is to be registered. `file` is where it was written, for messages; null where there is none. */
export interface NewAsset extends AssetKey {
  readonly digest: string;
  /** Kept as JSON. */
  readonly content: object;
  readonly file: string | null;
}

export interface RegisteredAsset extends AssetKey {
  readonly digest: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly run_id: string | null;
  readonly created_at: string;
  /** When it became visible in the shared registry; null: it is not. */
  readonly shared_at: string | null;
}

/** `sensor-env:3`, as people write it. */
export const assetId = (asset: Pick<AssetKey, 'name' | 'version'>): string =>
  `${asset.name}:${asset.version}`;

/** What only a rehearsal registered is there for rehearsals alone, until somebody registers it in earnest. */
export const inEarnest = sql<boolean>`(run_id is null or run_id not in (select id from runs where rehearsal = 1))`;

/** One registered version, or null; with `rehearsed` also one that only a rehearsal registered. */
export async function findAsset(
  db: Db,
  kind: AssetKind,
  name: string,
  version: string,
  { rehearsed = false } = {},
): Promise<RegisteredAsset | null> {
  let select = db
    .selectFrom('assets')
    .selectAll()
    .where('kind', '=', kind)
    .where('name', '=', name)
    .where('version', '=', version);
  if (!rehearsed) select = select.where(inEarnest);
  const row = await select.executeTakeFirst();
  return row === undefined ? null : fromRow(row);
}

/** Digests of those of the given versions that are registered, by `name:version`; one look per 500. */
export async function findDigests(
  db: Db,
  kind: AssetKind,
  wanted: readonly Pick<AssetKey, 'name' | 'version'>[],
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const batch of batches(wanted)) {
    const rows = await db
      .selectFrom('assets')
      .select(['name', 'version', 'digest'])
      .where('kind', '=', kind)
      .where(inEarnest)
      .where(
        sql<boolean>`(name, version) in (values ${sql.join(batch.map((k) => sql`(${k.name}, ${k.version})`))})`,
      )
      .execute();
    for (const row of rows) found.set(assetId(row), row.digest);
  }
  return found;
}

/**
 * Registers versions in the caller's transaction, idempotently: a version that is there with the same digest stays
 * as it is. Returns those that are new.
 * @throws ConflictError when a version is there with another digest; then nothing of the transaction may be kept
 */
export async function registerAssets(
  tx: Tx,
  assets: readonly NewAsset[],
  by: { readonly run_id: string | null; readonly at: string },
): Promise<readonly NewAsset[]> {
  const unique = withoutRepeats(assets);
  const fresh: NewAsset[] = [];
  const changed: NewAsset[] = [];
  for (const batch of batches(unique)) {
    await forgetRehearsed(tx, batch);
    const inserted = await tx
      .insertInto('assets')
      .values(
        batch.map((a) => ({
          kind: a.kind,
          name: a.name,
          version: a.version,
          digest: a.digest,
          content: JSON.stringify(a.content),
          run_id: by.run_id,
          created_at: by.at,
          shared_at: null,
        })),
      )
      .onConflict((conflict) => conflict.columns(['kind', 'name', 'version']).doNothing())
      .returning(['kind', 'name', 'version'])
      .execute();
    const isNew = new Set(inserted.map((row) => keyText(row)));
    const old: NewAsset[] = [];
    for (const asset of batch) (isNew.has(keyText(asset)) ? fresh : old).push(asset);
    for (const kind of new Set(old.map((a) => a.kind))) {
      const mine = old.filter((a) => a.kind === kind);
      const digests = await findDigests(tx, kind, mine);
      changed.push(...mine.filter((a) => digests.get(assetId(a)) !== a.digest));
    }
  }
  if (changed.length > 0) throw changedContent(changed);
  return fresh;
}

/** What rehearsals registered under these names makes way. */
async function forgetRehearsed(tx: Tx, assets: readonly AssetKey[]): Promise<void> {
  await tx
    .deleteFrom('assets')
    .where(
      sql<boolean>`(kind, name, version) in (values ${sql.join(assets.map((a) => sql`(${a.kind}, ${a.name}, ${a.version})`))})`,
    )
    .where('run_id', 'in', (e) => e.selectFrom('runs').select('id').where('rehearsal', '=', 1))
    .execute();
}

/**
 * A page of registered versions, by kind, name and version. `after` is the `next` of the page before; `next` is null
 * on the last one.
 */
export async function listAssets(
  db: Db,
  query: {
    readonly kind?: AssetKind;
    readonly name?: string;
    readonly after?: string | null;
    readonly limit: number;
  },
): Promise<{ readonly assets: readonly RegisteredAsset[]; readonly next: string | null }> {
  let select = db
    .selectFrom('assets')
    .selectAll()
    .orderBy('kind')
    .orderBy('name')
    .orderBy('version')
    .limit(query.limit + 1);
  if (query.kind !== undefined) select = select.where('kind', '=', query.kind);
  if (query.name !== undefined) select = select.where('name', '=', query.name);
  if (query.after !== undefined && query.after !== null) {
    const [kind, name, version] = readCursor(query.after);
    select = select.where(sql<boolean>`(kind, name, version) > (${kind}, ${name}, ${version})`);
  }
  const assets = (await select.execute()).map(fromRow);
  const page = assets.slice(0, query.limit);
  const last = page.at(-1);
  return { assets: page, next: assets.length > page.length && last !== undefined ? writeCursor(last) : null };
}

/**
 * Notes that versions are visible in the shared registry; the first time counts. Returns those for which this is the
 * first time; unregistered ones are left out silently. `at` is ISO text.
 */
export async function markShared(
  tx: Tx,
  keys: readonly AssetKey[],
  at: string,
): Promise<readonly AssetKey[]> {
  const shared: AssetKey[] = [];
  for (const batch of batches(keys)) {
    const list = sql.join(batch.map((k) => sql`(${k.kind}, ${k.name}, ${k.version})`));
    const rows = await tx
      .updateTable('assets')
      .set({ shared_at: at })
      .where('shared_at', 'is', null)
      .where(sql<boolean>`(kind, name, version) in (values ${list})`)
      .returning(['kind', 'name', 'version'])
      .execute();
    const marked = new Set(rows.map(keyText));
    shared.push(...batch.filter((key) => marked.has(keyText(key))));
  }
  return shared;
}

/** The same version twice in one list is fine as long as both say the same. */
function withoutRepeats(assets: readonly NewAsset[]): readonly NewAsset[] {
  const unique = new Map<string, NewAsset>();
  for (const asset of assets) {
    const first = unique.get(keyText(asset));
    if (first === undefined) unique.set(keyText(asset), asset);
    else if (first.digest !== asset.digest) {
      throw new ConflictError(
        `Two different ${plural(asset.kind)} are both called ${assetId(asset)}: ${first.file ?? 'one'} and ${asset.file ?? 'another'}.`,
        { hint: 'Give one of them another name or version.' },
      );
    }
  }
  return [...unique.values()];
}

function changedContent(changed: readonly NewAsset[]): ConflictError {
  const [first] = changed;
  if (first === undefined) throw new TypeError('no asset changed');
  const more =
    changed.length > 1
      ? ` So did ${changed.length - 1} more: ${shortList(changed.slice(1).map(assetId))}.`
      : '';
  const where = first.file === null ? '' : ` in ${first.file}`;
  const next = nextVersion(first.version);
  return new ConflictError(
    `The ${titles[first.kind]} ${assetId(first)}${where} changed, but version ${first.version} is registered with other content.${more}`,
    {
      hint:
        first.file === null
          ? 'Register it under a new version.'
          : `Registered versions never change: write version: "${next}" in ${first.file}, or undo the change.`,
      details: {
        changed: changed.map((a) => ({ kind: a.kind, name: a.name, version: a.version, file: a.file })),
      },
    },
  );
}

const titles: Readonly<Record<AssetKind, string>> = {
  environment: 'environment',
  component: 'component',
  data: 'data asset',
};
const plural = (kind: AssetKind): string => `${titles[kind]}s`;
const keyText = (key: { readonly kind: string; readonly name: string; readonly version: string }): string =>
  JSON.stringify([key.kind, key.name, key.version]);

const shortList = (names: readonly string[]): string =>
  names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`;

/** `7` → `8`, `1.9` → `1.10`, `v2` → `v3`, `beta` → `beta.1`: a proposal, nothing more. */
function nextVersion(version: string): string {
  const digits = /\d+$/.exec(version)?.[0];
  return digits === undefined ? `${version}.1` : `${version.slice(0, -digits.length)}${BigInt(digits) + 1n}`;
}

const contentSchema = z.record(z.string(), z.unknown());
const kindSchema = z.enum(['environment', 'component', 'data']);

function fromRow(row: AssetsTable): RegisteredAsset {
  try {
    return {
      ...row,
      kind: kindSchema.parse(row.kind),
      content: contentSchema.parse(JSON.parse(row.content)),
    };
  } catch (error) {
    throw new CorruptRowError('assets', `${row.kind} ${row.name}:${row.version}`, error);
  }
}

const cursorSchema = z.tuple([z.string(), z.string(), z.string()]);

const writeCursor = (key: AssetKey): string => Buffer.from(keyText(key)).toString('base64url');

function readCursor(cursor: string): [string, string, string] {
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch (error) {
    throw new UsageError('The page marker is not one that this list gave out.', {
      hint: 'Start again without it.',
      cause: error,
    });
  }
}
