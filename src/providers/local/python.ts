import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { ProviderError, messageOf, systemCode } from '../../kernel/errors.ts';

export interface Python {
  /** The interpreter itself, never a shim in front of it: a version manager's shim costs more than the start. */
  readonly executable: string;
  /** For example `3.11.7`. */
  readonly version: string;
  /** What is put in front of a job's `PATH`, so that `python` and `python3` both mean this interpreter. */
  readonly path_folders: readonly string[];
}

type Env = Readonly<Record<string, string | undefined>>;

const QUESTION = 'import sys; print(sys.executable); print("%d.%d.%d" % sys.version_info[:3])';
const OLDEST = [3, 9] as const;

/**
 * Finds the interpreter that `python3` or `python` stands for.
 * @throws ProviderError when there is none, or one older than 3.9
 */
export async function findPython(env: Env, shim_folder: string): Promise<Python> {
  let why = 'Neither python3 nor python is on the PATH';
  for (const name of ['python3', 'python']) {
    const found = findProgram(name, pathOf(env));
    if (found === null) continue;
    try {
      const { stdout } = await promisify(execFile)(found, ['-S', '-c', QUESTION], {
        env: { ...env },
        timeout: 30_000,
      });
      const [executable = '', version = ''] = stdout.trim().split('\n');
      const [major = 0, minor = 0] = version.split('.').map(Number);
      if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) {
        return { executable, version, path_folders: pathFolders(executable, shim_folder) };
      }
      why = `${executable} is Python ${version}`;
    } catch (error) {
      why = `${found} does not start: ${messageOf(error)}`;
    }
  }
  throw new ProviderError('local', `No usable Python: ${why}.`, {
    retryable: false,
    hint: `Install Python ${OLDEST.join('.')} or newer, or put it on the PATH.`,
  });
}

/** Some systems bring a `python3` without a `python`; commands of components say `python`. */
function pathFolders(executable: string, shim_folder: string): string[] {
  const folder = dirname(executable);
  const missing = ['python', 'python3'].filter((name) => !existsSync(join(folder, name)));
  if (missing.length === 0) return [folder];
  const shims = join(shim_folder, executable.replaceAll(/[^A-Za-z0-9.]+/g, '_'));
  mkdirSync(shims, { recursive: true });
  for (const name of missing) {
    try {
      symlinkSync(executable, join(shims, name));
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
  }
  return [folder, shims];
}

/** The `PATH` of an environment. */
export const pathOf = (env: Env): string => env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin';

/** The absolute path of a program, as a shell would find it; null when there is none. */
export function findProgram(name: string, path: string): string | null {
  if (name.includes('/')) return !isAbsolute(name) || isProgram(name) ? name : null;
  for (const folder of path.split(delimiter)) {
    // A relative folder on the PATH would mean another program in every job.
    if (isAbsolute(folder) && name !== '' && isProgram(join(folder, name))) return join(folder, name);
  }
  return null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
