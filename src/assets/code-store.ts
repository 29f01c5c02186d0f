import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileDigest } from '../kernel/digest.ts';
import { ConflictError, UsageError, systemCode } from '../kernel/errors.ts';
import { fileError, syncFolder } from '../kernel/files.ts';
import { codeDigest, codeFiles, dataFiles, treeDigest } from './code-files.ts';
import type { CodeFile } from './code-files.ts';

/**
 * Copies a folder of code to `<storeFolder>/code/<digest>/`, once, whole or not at all, so that jobs run what was
 * planned whatever is edited meanwhile. Files become read-only. Returns the copy's folder; safe to call twice at once
 * and after a crash.
 * @throws ConflictError when the folder no longer has that digest
 */
export async function snapshotCode(folder: string, digest: string, storeFolder: string): Promise<string> {
  const target = join(storeFolder, 'code', checkedDigest(digest));
  if (await exists(target)) return target;
  await copyWhole(target, async (copy) => {
    await copyTree(folder, await codeFiles(folder), copy);
    if ((await codeDigest(copy)) !== digest) throw changed('code', folder);
  });
  return target;
}

/**
 * Copies a file or folder of data to `<storeFolder>/data/<digest>/<its name>` in the same manner, sharing blocks where
 * the file system can. The digest is that of `dataDigest`.
 * @throws ConflictError when the data no longer has that digest
 */
export async function snapshotData(path: string, digest: string, storeFolder: string): Promise<string> {
  const source = resolve(path);
  const target = join(storeFolder, 'data', checkedDigest(digest), basename(source) || 'data');
  if (await exists(target)) return target;
  await copyWhole(target, async (copy) => {
    if ((await stat(source)).isDirectory()) await copyTree(source, await dataFiles(source), copy);
    else await copyReadOnly(source, copy, false);
    if ((await dataDigest(copy)).digest !== digest) throw changed('data', path);
  });
  return target;
}

/** What data is and a digest (hex sha256) over its content: of a file its bytes, of a folder names and bytes. */
export async function dataDigest(
  path: string,
): Promise<{ readonly type: 'uri_file' | 'uri_folder'; readonly digest: string }> {
  if (!(await stat(path)).isDirectory()) return { type: 'uri_file', digest: (await fileDigest(path)).sha256 };
  const files = (await dataFiles(path)).map((file) => ({ ...file, executable: false }));
  return { type: 'uri_folder', digest: await treeDigest(path, files) };
}

/** Fills a temporary neighbour and renames it; whoever comes second finds the work done. */
async function copyWhole(target: string, fill: (copy: string) => Promise<void>): Promise<void> {
  const folder = dirname(target);
  const copy = join(folder, `${TEMPORARY}${basename(target).slice(0, 80)}.${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(folder, { recursive: true });
    await fill(copy);
    await rename(copy, target).catch((error: unknown) => {
      if (!['ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) throw error;
    });
    await syncFolder(folder);
  } catch (error) {
    throw fileError(`copy to ${target}`, error);
  } finally {
    await rm(copy, { recursive: true, force: true });
    await removeLeftovers(folder);
  }
}

const TEMPORARY = '.copying-';
const LEFTOVER_AFTER_MS = 86_400_000;

/** Temporary folders of processes that died long ago, measured by the newest entry beside them: no clock is asked. */
async function removeLeftovers(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  if (!names.some((name) => name.startsWith(TEMPORARY))) return;
  const { mtimeMs: now } = await stat(folder);
  for (const name of names.filter((n) => n.startsWith(TEMPORARY))) {
    const info = await stat(join(folder, name)).catch(() => null);
    if (info !== null && now - info.mtimeMs > LEFTOVER_AFTER_MS)
      await rm(join(folder, name), { recursive: true, force: true });
  }
}

async function copyTree(from: string, files: readonly CodeFile[], to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const folders = new Set([to]);
  for (const { path, executable } of files) {
    const target = join(to, path);
    const folder = dirname(target);
    if (!folders.has(folder)) await mkdir(folder, { recursive: true });
    folders.add(folder);
    await copyReadOnly(join(from, path), target, executable);
  }
  for (const folder of folders) await syncFolder(folder);
}

async function copyReadOnly(from: string, to: string, executable: boolean): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const file = await open(to, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await chmod(to, executable ? 0o555 : 0o444);
}

const exists = async (path: string): Promise<boolean> => (await stat(path).catch(() => null)) !== null;

/** A digest becomes a folder's name, so nothing else may pass for one. */
function checkedDigest(digest: string): string {
  if (/^[0-9a-f]{8,64}$/.test(digest)) return digest;
  throw new UsageError(`${JSON.stringify(digest.slice(0, 80))} is not a digest.`);
}

const changed = (what: 'code' | 'data', path: string): ConflictError =>
  new ConflictError(`The ${what} in ${path} changed since the plan was made.`, {
    hint: 'Make a new plan: `trainyard plan`, then `trainyard run`.',
  });
