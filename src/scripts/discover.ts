import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import ignore from 'ignore';
import type { Ignore } from 'ignore';
import picomatch from 'picomatch';
import { NotFoundError, UsageError, systemCode } from '../kernel/errors.ts';
import { fileError } from '../kernel/files.ts';

export interface DiscoveryOptions {
  /** Absolute folder of the project. */
  readonly root: string;
  /** Folders to look below, relative to the project; empty: the whole project. */
  readonly discover_roots: readonly string[];
  /** Globs over file names, or over paths where they hold a slash, beside `train_*.py`. */
  readonly include_patterns: readonly string[];
  /** Regular expressions over paths; what matches is left out. */
  readonly exclude_regexes: readonly string[];
  /** Null: all. */
  readonly limit: number | null;
}

/** A training script: its path from the project root, with `/`, and the sha256 of its content. */
export interface FoundScript {
  readonly path: string;
  readonly sha256: string;
}

const SCRIPTS = 'train_*.py';

/** Folders that hold other people's code, or what tools made. */
const SKIPPED = new Set([
  '.eggs',
  '.git',
  '.hg',
  '.ipynb_checkpoints',
  '.mypy_cache',
  '.nox',
  '.pytest_cache',
  '.ruff_cache',
  '.svn',
  '.tox',
  '.trainyard',
  '.venv',
  '__pycache__',
  'build',
  'dist',
  'env',
  'node_modules',
  'site-packages',
  'venv',
]);
/** What this orchestrator itself writes at the project's root. */
const OUTPUTS = new Set(['logs', 'results', 'summaries']);

/**
 * Finds the training scripts of a project, sorted by path. Honours `.gitignore` in every folder, from the top of the
 * repository down, as git does: a folder that is ignored is not entered, whatever its files are called. Links to folders
 * are not followed.
 * @throws NotFoundError for a folder that is not there, UsageError for one outside the project or a broken pattern
 */
export function discoverScripts(options: DiscoveryOptions): FoundScript[] {
  const { root } = options;
  const wanted = matcher(options.include_patterns);
  const unwanted = options.exclude_regexes.map(expression);
  const paths = new Set<string>();
  for (const folder of rootFolders(root, options.discover_roots)) {
    walk(root, folder, rulesAbove(folder), (path) => {
      if (wanted(path) && !unwanted.some((regex) => regex.test(path))) paths.add(path);
    });
  }
  // git ignores nothing that it tracks, whatever .gitignore says since.
  const folders = rootFolders(root, options.discover_roots);
  for (const path of trackedFiles(root)) {
    if (paths.has(path) || !wanted(path) || unwanted.some((regex) => regex.test(path))) continue;
    const file = join(root, path);
    if (
      folders.some((folder) => file.startsWith(folder + sep)) &&
      !isSkipped(path) &&
      leadsInside(root, file)
    )
      paths.add(path);
  }
  const sorted = [...paths].toSorted();
  const chosen = options.limit === null ? sorted : sorted.slice(0, options.limit);
  return chosen.map((path) => ({ path, sha256: digestOf(join(root, path)) }));
}

function trackedFiles(root: string): string[] {
  const git = spawnSync('git', ['-C', root, 'ls-files', '-z', '--', '*.py'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // No repository, or no git: then nothing is tracked.
  return git.status === 0 ? git.stdout.split('\0').filter((path) => path !== '') : [];
}

/** In a folder that is never entered. */
function isSkipped(path: string): boolean {
  const folders = path.split('/').slice(0, -1);
  return (
    OUTPUTS.has(folders[0] ?? '') || folders.some((name) => SKIPPED.has(name) || name.endsWith('.egg-info'))
  );
}

/** A file, and not by a link one that lies outside the project. */
function leadsInside(root: string, path: string): boolean {
  try {
    return statSync(path).isFile() && realpathSync(path).startsWith(realpathSync(root) + sep);
  } catch {
    return false;
  }
}

function matcher(patterns: readonly string[]): (path: string) => boolean {
  const names = [SCRIPTS, ...patterns.filter((p) => !p.includes('/'))];
  const paths = patterns.filter((p) => p.includes('/')).map((p) => p.replace(/^\.\//, ''));
  const nameMatches = picomatch(names, { dot: true });
  const pathMatches = paths.length === 0 ? () => false : picomatch(paths, { dot: true });
  return (path) => nameMatches(path.slice(path.lastIndexOf('/') + 1)) || pathMatches(path);
}

function expression(text: string): RegExp {
  try {
    return new RegExp(text, 'u');
  } catch {
    throw new UsageError(`--exclude-regex ${text} is no regular expression.`, {
      hint: "For example: --exclude-regex 'old|experiments/'",
    });
  }
}

function rootFolders(root: string, given: readonly string[]): string[] {
  if (given.length === 0) return [root];
  return given
    .flatMap((text) => listOf(root, text))
    .map((name) => {
      const folder = resolve(root, name);
      if (folder !== root && !folder.startsWith(root + sep))
        throw new UsageError(`--discover-root ${name} lies outside the project ${root}.`, {
          hint: 'Name a folder below it, or go to another project with --project DIR.',
        });
      if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
        throw new NotFoundError(`--discover-root ${name}: there is no such folder in ${root}.`, {
          hint: 'Paths are relative to the project; leave the flag out to look everywhere.',
        });
      return folder;
    });
}

/** Several folders in one text, at spaces or commas, unless that is the name of one. */
const listOf = (root: string, text: string): string[] =>
  existsSync(resolve(root, text)) ? [text] : text.split(/[\s,]+/).filter((name) => name !== '');

/** The rules of one folder. */
interface Rules {
  readonly folder: string;
  readonly ignore: Ignore;
}

/** What the folders above say, as far as the repository reaches. */
function rulesAbove(folder: string): Rules[] {
  const above: string[] = [];
  for (let at = folder; ; at = dirname(at)) {
    if (at !== folder) above.unshift(at);
    if (existsSync(join(at, '.git'))) {
      const rules = above.flatMap((f) => rulesOf(f));
      const own = join(at, '.git', 'info', 'exclude');
      return existsSync(own)
        ? [{ folder: at, ignore: ignore().add(readFileSync(own, 'utf8')) }, ...rules]
        : rules;
    }
    // Without a repository a .gitignore above the project is somebody else's.
    if (dirname(at) === at) return [];
  }
}

function rulesOf(folder: string): Rules[] {
  try {
    return [{ folder, ignore: ignore().add(readFileSync(join(folder, '.gitignore'), 'utf8')) }];
  } catch (error) {
    if (['ENOENT', 'EISDIR'].includes(systemCode(error) ?? '')) return [];
    throw fileError(`read ${join(folder, '.gitignore')}`, error);
  }
}

function walk(root: string, folder: string, above: readonly Rules[], found: (path: string) => void): void {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    // A folder inside that nobody may read holds no scripts that anybody could run.
    if (folder !== root && ['EACCES', 'EPERM', 'ENOENT'].includes(systemCode(error) ?? '')) return;
    throw fileError(`read ${folder}`, error);
  }
  const names = new Set(entries.map((entry) => entry.name));
  // The mark of a virtual environment, whatever its name.
  if (names.has('pyvenv.cfg')) return;
  const ignores = entries.some((entry) => entry.name === '.gitignore' && entry.isFile());
  const rules = ignores ? [...above, ...rulesOf(folder)] : above;
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const skipped =
        SKIPPED.has(entry.name) ||
        entry.name.endsWith('.egg-info') ||
        (folder === root && OUTPUTS.has(entry.name)) ||
        isIgnored(rules, `${path}/`);
      if (!skipped) walk(root, path, rules, found);
    } else if (entry.name.endsWith('.py') && isFile(root, entry, path) && !isIgnored(rules, path)) {
      found(relative(root, path).replaceAll(sep, '/'));
    }
  }
}

const isFile = (root: string, entry: Dirent, path: string): boolean =>
  entry.isFile() || (entry.isSymbolicLink() && leadsInside(root, path));

/** The deepest folder that has something to say decides. */
function isIgnored(rules: readonly Rules[], path: string): boolean {
  for (const { folder, ignore: rule } of rules.toReversed()) {
    const result = rule.test(path.slice(folder.length + 1).replaceAll(sep, '/'));
    if (result.ignored) return true;
    if (result.unignored) return false;
  }
  return false;
}

export function digestOf(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch (error) {
    throw fileError(`read ${path}`, error);
  }
}
