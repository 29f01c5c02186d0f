import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { TrainyardError, UsageError, fileErrorHint, messageOf, systemCode } from './errors.ts';

const temporaryName = (path: string): string =>
  join(dirname(path), `.${basename(path).slice(0, 100)}.${randomBytes(6).toString('hex')}.tmp`);

/**
 * Writes a file whole or not at all: temporary name, fsync, rename.
 * @throws TrainyardError naming the file and the remedy for a full disk or a read-only folder
 */
export async function writeFileWhole(path: string, data: string | Uint8Array, mode = 0o644): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError(`write ${path}`, error);
  }
}

/** Copies a file whole or not at all; shares blocks where the file system can. */
export async function copyFileWhole(source: string, target: string): Promise<void> {
  const temporary = temporaryName(target);
  try {
    await mkdir(dirname(target), { recursive: true });
    await copyFile(source, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    const file = await open(temporary, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
    await syncFolder(dirname(target));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError(`copy ${source} to ${target}`, error);
  }
}

/** Makes a rename in this folder survive a power cut; where folders cannot be synced (Windows) it does nothing. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  if (handle === null) return;
  try {
    await handle.sync();
  } catch {
    // Some file systems refuse to sync a folder; the rename itself stays atomic.
  } finally {
    await handle.close();
  }
}

/** A system error as one that names what was tried and what helps. */
export function fileError(action: string, error: unknown): TrainyardError {
  if (error instanceof TrainyardError) return error;
  const hint = fileErrorHint(systemCode(error));
  return new TrainyardError('unexpected', `Could not ${action}: ${messageOf(error)}`, { hint, cause: error });
}

/**
 * Files below a path, and the bytes that removing it would free: what has another name elsewhere stays. Nothing there
 * is nothing.
 */
export async function sizeBelow(path: string): Promise<{ files: number; bytes: number }> {
  const total = { files: 0, bytes: 0 };
  const add = async (entry: string): Promise<void> => {
    const found = await lstat(entry).catch(() => null);
    if (found === null) return;
    if (found.isDirectory()) {
      for (const name of await readdir(entry).catch(() => [])) await add(join(entry, name));
      return;
    }
    total.files++;
    if (found.nlink <= 1) total.bytes += found.size;
  };
  await add(path);
  return total;
}

/** Removes a file or folder with all that is in it, harmless where there is none. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    throw fileError(`remove ${path}`, error);
  }
}

/** `relative` below `root`; refuses to leave it. */
export function confine(root: string, relative: string): string {
  const full = resolve(root, relative);
  const base = resolve(root);
  if (full !== base && !full.startsWith(base.endsWith(sep) ? base : base + sep)) {
    throw new UsageError(`The path ${relative} leaves ${root}.`, { hint: 'Use a path below the folder.' });
  }
  return full;
}
