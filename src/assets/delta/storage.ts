import { open, readFile, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError, systemCode } from '../../kernel/errors.ts';
import { confine, fileError } from '../../kernel/files.ts';
import { limiter } from './limit.ts';

/**
 * Where the files of a table lie. Names are relative to the table's folder, with `/` on every system.
 * A cloud store implements these three calls; nothing else in this folder knows where a table lies.
 */
export interface TableStorage {
  /**
   * The files directly inside a folder (`''`: the table's own), in any order; null when there is no such folder.
   * With `startAfter` only names that sort after it by code unit, which object stores can skip to cheaply.
   */
  list(folder: string, options?: { readonly startAfter?: string }): Promise<readonly StoredFile[] | null>;
  /** The whole file; null when it does not exist. */
  read(name: string): Promise<Uint8Array | null>;
  /** The bytes from `start` to before `end`; null when the file does not exist. */
  readRange(name: string, start: number, end: number): Promise<Uint8Array | null>;
}

export interface StoredFile {
  /** Without the folder. */
  readonly name: string;
  readonly size_bytes: number;
  /** When it was last written, ISO-8601 UTC with milliseconds. */
  readonly modified_at: string;
}

/** A table in a folder of this machine. @throws TrainyardError naming the file, where it exists and cannot be read */
export function localStorage(folder: string): TableStorage {
  const root = resolve(folder);
  return {
    async list(name, options = {}) {
      const path = confine(root, name);
      const entries = await orNull(readdir(path, { withFileTypes: true }), `list ${path}`);
      if (entries === null) return null;
      const after = options.startAfter ?? '';
      // Links are followed: tables are sometimes put together from them.
      const names = entries.filter((e) => !e.isDirectory() && e.name > after).map((e) => e.name);
      const limit = limiter(64);
      const files = await Promise.all(names.map((n) => limit(() => describe(path, n))));
      return files.filter((file) => file !== null);
    },
    async read(name) {
      const path = confine(root, name);
      return orNull(readFile(path), `read ${path}`);
    },
    async readRange(name, start, end) {
      const path = confine(root, name);
      const file = await orNull(open(path, 'r'), `read ${path}`);
      if (file === null) return null;
      try {
        const bytes = new Uint8Array(Math.max(0, end - start));
        let filled = 0;
        while (filled < bytes.length) {
          const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return bytes.subarray(0, filled);
      } catch (error) {
        throw fileError(`read ${path}`, error);
      } finally {
        await file.close();
      }
    },
  };
}

/** Whether the log at this location can be read from here; a pinned version needs no reading and may lie anywhere. */
export function canReadLog(location: string): boolean {
  return scheme(location) === null || scheme(location) === 'file';
}

/**
 * The storage of a table by its location: an absolute path (relative ones start at the working folder) or a `file:` URL.
 * @throws UsageError for stores that cannot be read yet (exit 2)
 */
export function openStorage(location: string): TableStorage {
  if (canReadLog(location)) return localStorage(localPath(location));
  throw new UsageError(
    `The log of the Delta table ${location} cannot be read from here: ${scheme(location)}: is not supported.`,
    {
      hint: 'Write a version number as `delta_version` instead of `latest` or a timestamp, or give the path where the table is mounted.',
    },
  );
}

/** One spelling per table, so that circuits that share a table share what was read of it. */
export function normalizeLocation(location: string): string {
  return canReadLog(location) ? localPath(location) : location.replace(/\/+$/, '');
}

function localPath(location: string): string {
  if (scheme(location) !== 'file') return resolve(location);
  try {
    return resolve(fileURLToPath(location));
  } catch (cause) {
    throw new UsageError(`${location} names no folder of this machine.`, {
      hint: 'Write a path, or file:///path/to/table.',
      cause,
    });
  }
}

/** `abfss` of `abfss://…`; null for paths. One letter is a Windows drive. */
function scheme(location: string): string | null {
  return /^([a-z][a-z0-9+.-]+):/i.exec(location)?.[1]?.toLowerCase() ?? null;
}

/** Null for a file that was removed between listing its folder and looking at it. */
async function describe(folder: string, name: string): Promise<StoredFile | null> {
  const found = await orNull(stat(join(folder, name)), `look at ${join(folder, name)}`);
  if (found === null || !found.isFile()) return null;
  return { name, size_bytes: found.size, modified_at: found.mtime.toISOString() };
}

async function orNull<T>(reading: Promise<T>, action: string): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw fileError(action, error);
  }
}
