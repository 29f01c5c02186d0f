import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Kept, KeptRuns } from '../../jobs/compute.ts';
import { removeTree, sizeBelow } from '../../kernel/files.ts';
import type { Books } from './books.ts';
import { lives, readProcess, type Owner } from './owner.ts';

/** Runs of this state folder: `jobs/<run>/` with logs, work and outputs, and the journals of those who started them. */
export class LocalRuns implements KeptRuns {
  readonly #books: Books;

  constructor(books: Books) {
    this.#books = books;
  }

  async runs(): Promise<readonly string[]> {
    return this.#books.runNames();
  }

  size(run_id: string): Promise<Kept> {
    return sizeBelow(this.#books.runFolder(run_id));
  }

  async remove(run_id: string): Promise<void> {
    await removeTree(this.#books.runFolder(run_id));
    this.#books.runs.delete(run_id);
  }

  /** Owners of which nobody lives, and nothing is kept that their journals tell of. */
  async removeRest({
    dry_run,
    without,
  }: {
    readonly dry_run: boolean;
    readonly without: ReadonlySet<string>;
  }): Promise<Kept> {
    const total = { files: 0, bytes: 0 };
    for (const id of this.#books.ownerNames()) {
      const owner = this.#books.owner(id);
      const needed = this.#books
        .runsOf(owner)
        .some((run_id) => !without.has(run_id) && existsSync(this.#books.runFolder(run_id)));
      if (needed || isThere(owner)) continue;
      const { files, bytes } = await sizeBelow(owner.folder);
      total.files += files;
      total.bytes += bytes;
      if (dry_run) continue;
      await removeTree(owner.folder);
      this.#books.owners.delete(id);
    }
    return total;
  }
}

/** Its launcher or its orchestrator lives, or may: a file that cannot be read says nothing. */
function isThere(owner: Owner): boolean {
  return ['launcher.json', 'orchestrator.json'].some((file) => {
    try {
      const found = readProcess(join(owner.folder, file));
      return found !== null && lives(found);
    } catch {
      return true;
    }
  });
}
