import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import picomatch from 'picomatch';
import { ConfigError, systemCode } from '../kernel/errors.ts';
import { fileDigest } from '../kernel/digest.ts';

/** A file of a folder of code. Links are followed: it is the content that counts. */
export interface CodeFile {
  /** Relative, with `/`. */
  readonly path: string;
  readonly executable: boolean;
}

/**
 * The files that make up a folder of code, sorted by path: without caches, version control and virtual environments,
 * and without what `.amlignore` (or, where there is none, `.gitignore`) in that folder leaves out.
 * @throws ConfigError for a link that leads nowhere
 */
export async function codeFiles(folder: string): Promise<readonly CodeFile[]> {
  return walk(folder, await readIgnoreFile(folder));
}

/** All files of a folder of data, sorted by path; links are followed. */
export const dataFiles = (folder: string): Promise<readonly CodeFile[]> => walk(folder, () => false);

/** One digest over the names, contents and executable bits of a folder's code. */
export const codeDigest = async (folder: string): Promise<string> =>
  treeDigest(folder, await codeFiles(folder));

/** The digest of given files below a folder. */
export async function treeDigest(folder: string, files: readonly CodeFile[]): Promise<string> {
  const hasher = createHash('sha256');
  for (const { path, executable } of files) {
    const { sha256 } = await fileDigest(join(folder, path));
    hasher.update(`${path}\0${sha256}${executable ? '\0x' : ''}\n`);
  }
  return hasher.digest('hex');
}

type Ignores = (path: string, isFolder: boolean) => boolean;

async function walk(folder: string, ignores: Ignores): Promise<readonly CodeFile[]> {
  const found: CodeFile[] = [];
  // Real paths of the folders above, so that a link to one of them ends instead of going round.
  const enter = async (inside: string, above: readonly string[]): Promise<void> => {
    const here = await realpath(join(folder, inside));
    if (above.includes(here)) return;
    const entries = await readdir(here, { withFileTypes: true });
    for (const entry of entries) {
      const path = inside === '' ? entry.name : `${inside}/${entry.name}`;
      const info = await lookAt(folder, path, entry, ignores);
      if (info === null) continue;
      if (info.isDirectory()) await enter(path, [...above, here]);
      else if (info.isFile()) found.push({ path, executable: (info.mode & 0o100) !== 0 });
    }
  };
  await enter('', []);
  return found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function lookAt(folder: string, path: string, entry: Dirent, ignores: Ignores) {
  if (ignores(path, entry.isDirectory())) return null;
  try {
    return await stat(join(folder, path));
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' && systemCode(error) !== 'ELOOP') throw error;
    const message = `${path} is a link that leads nowhere`;
    throw new ConfigError([
      { file: folder, line: null, column: null, path: '', message, hint: 'Mend or remove the link.' },
    ]);
  }
}

const NEVER = new Set([
  ...['.git', '.hg', '.svn', '.trainyard', '.venv', 'node_modules', '__pycache__', '.ipynb_checkpoints'],
  ...['.pytest_cache', '.mypy_cache', '.ruff_cache', '.DS_Store'],
]);

/** What Python and editors leave beside a file. */
const LEAVINGS = /\.pyc$|~$|^\.#|^\..*\.sw[a-p]$/;

async function readIgnoreFile(folder: string): Promise<Ignores> {
  const text =
    (await readFile(join(folder, '.amlignore'), 'utf8').catch(() => null)) ??
    (await readFile(join(folder, '.gitignore'), 'utf8').catch(() => ''));
  const rules = text.split(/\r?\n/).flatMap((line) => ignoreRule(line) ?? []);
  return (path, isFolder) => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (NEVER.has(name) || LEAVINGS.test(name)) return true;
    return rules.findLast((rule) => (isFolder || !rule.folders_only) && rule.matches(path))?.ignore ?? false;
  };
}

interface IgnoreRule {
  readonly ignore: boolean;
  readonly folders_only: boolean;
  readonly matches: (path: string) => boolean;
}

/** One line in the language of `.gitignore`. */
function ignoreRule(line: string): IgnoreRule | null {
  let pattern = line.trim();
  if (pattern === '' || pattern.startsWith('#')) return null;
  const ignore = !pattern.startsWith('!');
  if (!ignore) pattern = pattern.slice(1);
  const foldersOnly = pattern.endsWith('/');
  if (foldersOnly) pattern = pattern.slice(0, -1);
  const anchored = pattern.includes('/');
  const glob = anchored ? pattern.replace(/^\//, '') : `**/${pattern}`;
  const options = { dot: true, nobrace: true, noext: true, nonegate: true };
  return { ignore, folders_only: foldersOnly, matches: picomatch(glob, options) };
}
