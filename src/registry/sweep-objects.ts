import { readdirSync, statSync, unlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import { systemCode } from '../kernel/errors.ts';
import { fileError } from '../kernel/files.ts';
import type { Db, Store } from '../store/index.ts';
import type { RegistryName } from './model-version.ts';
import { filesIn } from './objects-held.ts';

/** Files that no version names any more. */
export interface RemovedObjects {
  count: number;
  bytes: number;
}

interface SweepOptions {
  readonly store: Store;
  readonly registry: RegistryName;
  readonly clock: Clock;
  readonly dry_run: boolean;
  readonly faultPoint: (name: string) => void;
}

/** Files that are removed under one lock, and how long it is held at most: file systems differ. */
const OBJECTS = 500;
const LOCKED_MS = 40;

/**
 * Contents that versions name. Two hundred thousand of them are kept as numbers of 48 bits: should two contents ever
 * share one, the worst that follows is a file that stays.
 */
export class NeededObjects {
  /** The newest version that was looked at. */
  entered = 0;
  readonly #known = new Set<number>();

  add(files: string): void {
    for (const { sha256 } of filesIn({ files })) this.#known.add(short(sha256));
  }

  has(sha256: string): boolean {
    return this.#known.has(short(sha256));
  }

  /** Takes in what was registered since. */
  async catchUp(db: Db, registry: RegistryName): Promise<void> {
    const rows = await db
      .selectFrom('model_versions')
      .select(['files', 'entered'])
      .where('registry', '=', registry)
      .where('entered', '>', this.entered)
      .orderBy('entered')
      .execute();
    for (const { files, entered } of rows) {
      this.add(files);
      this.entered = entered;
    }
  }
}

const short = (sha256: string): number => Number.parseInt(sha256.slice(0, 12), 16);

/** Removes files that no version names, under the lock that registration takes to check that its files are there. */
export async function* sweepObjects(
  options: SweepOptions,
  needed: NeededObjects,
): AsyncGenerator<void, RemovedObjects> {
  const { store, registry, clock, dry_run, faultPoint } = options;
  const folder = join(store.folder, 'registries', registry, 'objects');
  const removed: RemovedObjects = { count: 0, bytes: 0 };
  for (const prefix of (await readdir(folder).catch(noneThere)).toSorted()) {
    const left = readdirSync(join(folder, prefix)).filter((name) => !needed.has(prefix + name));
    const work = async (db: Db): Promise<void> => {
      const until = clock.now() + LOCKED_MS;
      await needed.catchUp(db, registry);
      for (let looked = 0; left.length > 0 && looked < OBJECTS && clock.now() < until; looked++) {
        const name = left.pop();
        if (name === undefined || needed.has(prefix + name)) continue;
        const path = join(folder, prefix, name);
        const size = statSync(path, { throwIfNoEntry: false })?.size ?? null;
        if (size === null) continue;
        if (!dry_run) removeFile(path);
        removed.count++;
        removed.bytes += size;
      }
    };
    while (left.length > 0) {
      if (dry_run) await work(store.db);
      else await store.locked(work);
      faultPoint('prune.objects_removed');
      yield;
    }
  }
  return removed;
}

function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw fileError(`remove ${path}`, error);
  }
}

function noneThere(error: unknown): string[] {
  if (systemCode(error) === 'ENOENT') return [];
  throw error;
}
