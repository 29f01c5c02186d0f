import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../kernel/errors.ts';
import { fileError } from '../kernel/files.ts';
import type { Db } from '../store/index.ts';

/** A copy of code or data in the state folder that nothing names. */
export interface Snapshot {
  readonly kind: 'code' | 'data' | 'mltables';
  readonly digest: string;
  /** Absolute. */
  readonly path: string;
}

const KINDS = ['code', 'data', 'mltables'] as const;

/**
 * Snapshots below `folder` that no registered asset names and no plan of an open run; `without` are data assets
 * (`name:version`) that count as gone.
 */
export async function unneededSnapshots(
  db: Db,
  folder: string,
  without: ReadonlySet<string>,
): Promise<Snapshot[]> {
  const found = KINDS.flatMap((kind) =>
    namesIn(join(folder, kind))
      .filter((digest) => /^[0-9a-f]{8,64}$/.test(digest))
      .map((digest): Snapshot => ({ kind, digest, path: join(folder, kind, digest) })),
  );
  if (found.length === 0) return [];
  const needed = await namedDigests(db, without);
  return found.filter(({ digest }) => !needed.has(digest));
}

/**
 * Moves snapshots into the trash at once, those that are still needed by nobody. Call it in a transaction that has made
 * sure that no run is about to name one.
 */
export async function discardSnapshots(
  tx: Db,
  snapshots: readonly Snapshot[],
  trash: string,
): Promise<Snapshot[]> {
  const needed = await namedDigests(tx, new Set());
  const gone = snapshots.filter(({ digest }) => !needed.has(digest));
  for (const { path } of gone) {
    try {
      mkdirSync(trash, { recursive: true });
      if (existsSync(path)) renameSync(path, join(trash, randomBytes(12).toString('hex')));
    } catch (error) {
      throw fileError(`remove ${path}`, error);
    }
  }
  return gone;
}

/** Digests of everything that is registered, the code of components included, and of what open runs and rehearsals read. */
async function namedDigests(db: Db, without: ReadonlySet<string>): Promise<Set<string>> {
  const needed = new Set<string>();
  for (let after = { name: '', version: '' }; ;) {
    const rows = await db
      .selectFrom('assets')
      .select(['name', 'version', 'digest'])
      .where('kind', '=', 'data')
      .where((e) =>
        e.or([
          e('name', '>', after.name),
          e.and([e('name', '=', after.name), e('version', '>', after.version)]),
        ]),
      )
      .orderBy('name')
      .orderBy('version')
      .limit(5000)
      .execute();
    for (const row of rows) if (!without.has(`${row.name}:${row.version}`)) needed.add(row.digest);
    const last = rows.at(-1);
    if (last === undefined || rows.length < 5000) break;
    after = last;
  }
  const components = await db
    .selectFrom('assets')
    .select('content')
    .where('kind', '=', 'component')
    .execute();
  for (const { content } of components)
    for (const [, digest = ''] of content.matchAll(/"digest":"([0-9a-f]{8,64})"/g)) needed.add(digest);
  // Rehearsals take each other's place in the register, and an open one still reads what it registered.
  const read = await db
    .selectFrom('plan_circuits')
    .select('data_asset')
    .distinct()
    .where('data_asset', 'is not', null)
    .where('run_id', 'in', (e) => e.selectFrom('runs').select('id').where('ended_at', 'is', null))
    .execute();
  for (const { data_asset } of read)
    for (const [, digest = ''] of (data_asset ?? '').matchAll(
      /\/assets\/(?:data|mltables)\/([0-9a-f]{8,64})/g,
    ))
      needed.add(digest);
  return needed;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw fileError(`read ${folder}`, error);
  }
}
