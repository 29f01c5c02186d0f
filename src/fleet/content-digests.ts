import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { dataDigest } from '../assets/index.ts';
import type { Clock } from '../kernel/clock.ts';
import { fileDigest } from '../kernel/digest.ts';
import { writeFileWhole } from '../kernel/files.ts';

const Known = z.record(
  z.string(),
  z.object({ size: z.number(), changed_ms: z.number(), sha256: z.string() }),
);
/** A file that changed this recently could change again within the resolution of its time stamp. */
const SETTLED_MS = 2000;
/** Whoever waits longer than this wants to know what for. */
const SLOW_MS = 1000;

export interface DigestOptions {
  /** What is learnt is not written down. */
  readonly read_only?: boolean;
  /** Hears of data that takes long to read. */
  readonly slow?: (path: string) => void;
}

/**
 * Digests of data files and folders. What was read once is remembered by path, size and change time, so that a second
 * plan does not read gigabytes again; the memory is only a shortcut and may be deleted.
 */
export class ContentDigests {
  readonly #file: string | null;
  readonly #clock: Clock;
  readonly #options: DigestOptions;
  #known: z.infer<typeof Known> | null = null;
  #dirty = false;
  readonly #running = new Map<string, Promise<string | null>>();

  /** `folder`: the state folder, or null to remember nothing. */
  constructor(folder: string | null, clock: Clock, options: DigestOptions = {}) {
    this.#file = folder === null ? null : join(folder, 'cache', 'content-digests.json');
    this.#clock = clock;
    this.#options = options;
  }

  /** sha256 over the content at `path` (of a folder: over names and contents); null when no file or folder is there. */
  of(path: string): Promise<string | null> {
    let running = this.#running.get(path);
    if (running === undefined) this.#running.set(path, (running = this.#watched(path)));
    return running;
  }

  async #watched(path: string): Promise<string | null> {
    const read = new AbortController();
    void this.#clock.sleep(SLOW_MS, read.signal).then(() => {
      if (!read.signal.aborted) this.#options.slow?.(path);
    });
    return this.#digest(path).finally(() => read.abort());
  }

  /** Writes what was learnt; failing to is no failure. */
  async save(): Promise<void> {
    if (!this.#dirty || this.#file === null || this.#options.read_only === true) return;
    await writeFileWhole(this.#file, JSON.stringify(this.#known)).catch(() => undefined);
  }

  async #digest(path: string): Promise<string | null> {
    const found = await stat(path).catch(() => null);
    if (found === null) return null;
    if (found.isFile()) return this.#fileDigest(path);
    // A pipe or a device has no content that could be pinned; reading it might never end.
    if (!found.isDirectory()) return null;
    return (await dataDigest(path)).digest;
  }

  async #fileDigest(path: string): Promise<string> {
    const known = await this.#load();
    const found = await stat(path);
    const changed_ms = Math.max(found.mtimeMs, found.ctimeMs);
    const before = known[path];
    if (before !== undefined && before.size === found.size && before.changed_ms === changed_ms)
      return before.sha256;
    const { sha256: digest } = await fileDigest(path);
    if (this.#clock.now() - changed_ms > SETTLED_MS) {
      known[path] = { size: found.size, changed_ms, sha256: digest };
      this.#dirty = true;
    }
    return digest;
  }

  async #load(): Promise<z.infer<typeof Known>> {
    if (this.#known !== null) return this.#known;
    let known: z.infer<typeof Known> = {};
    if (this.#file !== null && existsSync(this.#file)) {
      const parsed = Known.safeParse(
        await readFile(this.#file, 'utf8')
          .then((t) => JSON.parse(t) as unknown)
          .catch(() => null),
      );
      if (parsed.success) known = parsed.data;
    }
    return (this.#known ??= known);
  }
}
