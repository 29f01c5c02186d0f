import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileDigest } from '../kernel/digest.ts';
import { messageOf, systemCode } from '../kernel/errors.ts';
import { confine, fileError } from '../kernel/files.ts';
import { inParallel } from './in-parallel.ts';
import { changedError } from './object-store.ts';
import { FILES_AT_ONCE } from './place.ts';
import type { Download, FileProblem, ModelFile } from './registry.ts';

/** A file of the embedded registry: always on this machine's disk. */
export type LocalFile = ModelFile & { readonly local_path: string };

/** Reads a stored file to its end; null when it is what was registered. */
export async function checkFile({ path, local_path, sha256 }: LocalFile): Promise<FileProblem | null> {
  try {
    const found = (await fileDigest(local_path)).sha256;
    if (found === sha256) return null;
    return {
      path,
      problem: 'changed',
      message: `${path} has the sha256 ${found}, not ${sha256} as registered.`,
    };
  } catch (error) {
    if (systemCode(error) === 'ENOENT')
      return { path, problem: 'missing', message: `${path} is gone: ${local_path}.` };
    return { path, problem: 'unreadable', message: `${path} could not be read: ${messageOf(error)}` };
  }
}

/** Copies files below a folder under their own names; see `ModelRegistry.download`. */
export async function downloadAll(files: readonly LocalFile[], folder: string): Promise<Download> {
  const root = resolve(folder);
  await inParallel(files, FILES_AT_ONCE, (file) => downloadOne(file, root));
  return {
    folder: root,
    files: files.map(({ path, size, sha256 }) => ({ path, size, sha256 })),
    size: files.reduce((sum, file) => sum + file.size, 0),
  };
}

async function downloadOne(file: LocalFile, root: string): Promise<void> {
  const target = confine(root, file.path);
  const temporary = join(dirname(target), `.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await mkdir(dirname(target), { recursive: true });
    // A link that lies in the folder already could lead out of it.
    confine(await realpath(root), await realpath(dirname(target)));
    await copyFile(file.local_path, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    await chmod(temporary, 0o644);
    const { sha256 } = await fileDigest(temporary);
    if (sha256 !== file.sha256) throw changedError(file.local_path, sha256);
    await rename(temporary, target);
  } catch (error) {
    throw fileError(`write ${target}`, error);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}
