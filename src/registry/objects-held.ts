import { TrainyardError } from '../kernel/errors.ts';
import type { StoredFile } from './model-version.ts';
import type { ObjectStore } from './object-store.ts';

/**
 * Files of new versions that lie there already are not written again. Until the rows name them, nobody knows that they
 * are needed, and retention, which removes what no row names, may have been quicker. Both hold the database's lock while
 * they look, so one of them sees what the other did: here it shows as files that are missing, which are then written
 * after all.
 */
class ObjectsGone extends TrainyardError {
  constructor(count: number) {
    super('unexpected', `${count} model files vanished while they were registered.`, {
      hint: 'Try again. If it happens again, something else removes files below .trainyard/registries.',
    });
  }
}

/** How often files are written again before something else must be at fault. */
const TRIES = 4;

/** Runs `work`, which ends in a transaction that calls `requireObjects`, until its files are there. */
export async function withObjects<T>(work: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ObjectsGone) || tried === TRIES) throw error;
    }
  }
}

/** Undoes the transaction when a file is missing. Call it inside, once the lock is held. */
export function requireObjects(objects: ObjectStore, files: readonly StoredFile[]): void {
  const gone = files.filter((file) => !objects.has(file));
  if (gone.length > 0) throw new ObjectsGone(gone.length);
}

/** The files that a row's column names; it was written from this type. */
export const filesIn = (row: { readonly files: string }): StoredFile[] =>
  JSON.parse(row.files) as StoredFile[];
