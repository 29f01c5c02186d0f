import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../../assets/index.ts';
import { ProviderError, UsageError, messageOf } from '../../kernel/errors.ts';
import { writeFileWhole } from '../../kernel/files.ts';
import type { Python } from './python.ts';

const BUILDER = fileURLToPath(new URL('./environment_builder.py', import.meta.url));

/** What builders say of a disk that is full or may not be written. */
const DISK_TROUBLE = /No space left on device|Disk quota exceeded|Read-only file system/;

/** What a conda file asks for, as far as pip can give it. */
export interface PipPackages {
  /** Lines of a requirements file. */
  readonly requirements: readonly string[];
  /** `3.11` of `python=3.11`, or null. */
  readonly python: string | null;
  /** What only conda could install. */
  readonly conda_only: readonly string[];
}

export function pipPackages(conda: Readonly<Record<string, unknown>> | null): PipPackages {
  const requirements: string[] = [];
  const conda_only: string[] = [];
  let python: string | null = null;
  const dependencies = conda?.['dependencies'];
  for (const item of Array.isArray(dependencies) ? dependencies : []) {
    if (typeof item === 'string') {
      const name = /^[^\s=<>!~[]+/.exec(item)?.[0] ?? item;
      if (name === 'python') python = /[\d.]*\d/.exec(item)?.[0] ?? null;
      else if (name !== 'pip') conda_only.push(item);
    } else if (typeof item === 'object' && item !== null && 'pip' in item && Array.isArray(item.pip)) {
      // pip puts ${NAME} in by itself, so that a secret in an index URL never reaches the file.
      requirements.push(
        ...item.pip.map((line: unknown) => String(line).replaceAll(/\$\{env:(\w+)\}/g, '${$1}')),
      );
    }
  }
  return { requirements, python, conda_only };
}

/** What a user should know of an environment before it is built here. */
export function environmentWarnings(environment: Environment, python: Python): string[] {
  const id = `${environment.name}:${environment.version}`;
  if (environment.conda === null) {
    return [
      `Environment ${id} is only a container image; on this machine its jobs run with Python ${python.version} as it is.`,
    ];
  }
  const wanted = pipPackages(environment.conda);
  const warnings: string[] = [];
  if (wanted.conda_only.length > 0) {
    warnings.push(
      `Environment ${id}: ${wanted.conda_only.join(', ')} can only come from conda and is not installed here.`,
    );
  }
  if (wanted.python !== null && !`${python.version}.`.startsWith(`${wanted.python}.`)) {
    warnings.push(`Environment ${id} asks for Python ${wanted.python}; this machine has ${python.version}.`);
  }
  return warnings;
}

/** A virtual environment per environment version, built once and kept below `folder`. */
export class ManagedEnvironments {
  readonly #folder: string;
  readonly #builds = new Map<string, Promise<void>>();
  /** Builds that failed; trying again is for the next process, that is, for somebody who set right what was wrong. */
  readonly #failed = new Map<string, UsageError>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Where the environment lies; null for one that has nothing to install from. */
  folderOf(environment: Environment): string | null {
    if (environment.conda === null) return null;
    const safe = (text: string): string => text.replaceAll(/[^A-Za-z0-9._-]+/g, '_');
    return join(
      this.#folder,
      `${safe(environment.name)}-${safe(environment.version)}-${environment.digest.slice(0, 8)}`,
    );
  }

  isReady(environment: Environment): boolean {
    const folder = this.folderOf(environment);
    return folder === null || existsSync(join(folder, 'ready'));
  }

  /** Why this process's build of the environment failed; null when it has not. */
  failure(environment: Environment): UsageError | null {
    return this.#failed.get(this.folderOf(environment) ?? '') ?? null;
  }

  /**
   * Returns once the environment is there; several callers share one build, and its failure.
   * @throws UsageError with the last lines of the build's log; ProviderError where the machine is to blame
   */
  async ready(
    environment: Environment,
    python: Python,
    env: Readonly<Record<string, string | undefined>>,
  ): Promise<void> {
    const folder = this.folderOf(environment);
    if (folder === null || this.isReady(environment)) return;
    const going = this.#builds.get(folder);
    if (going !== undefined) return going;
    const failed = this.#failed.get(folder);
    if (failed !== undefined) throw failed;
    const build = this.#build(folder, environment, python, env)
      .catch((error: unknown) => {
        if (error instanceof UsageError) this.#failed.set(folder, error);
        throw error;
      })
      .finally(() => this.#builds.delete(folder));
    this.#builds.set(folder, build);
    return build;
  }

  async #build(
    folder: string,
    environment: Environment,
    python: Python,
    env: Readonly<Record<string, string | undefined>>,
  ): Promise<void> {
    const cwd = dirname(environment.file);
    if (!existsSync(cwd)) {
      throw new UsageError(
        `The folder ${cwd} of environment ${environment.name}:${environment.version} is gone.`,
      );
    }
    await mkdir(this.#folder, { recursive: true });
    const { requirements } = pipPackages(environment.conda);
    await writeFileWhole(`${folder}.requirements.txt`, requirements.map((line) => `${line}\n`).join(''));
    const log = `${folder}.log`;
    const fd = openSync(log, 'a');
    const problem = await new Promise<string | null>((resolve, reject) => {
      // A session of its own: a build outlives this process, and the next one finds it done.
      const child = spawn(python.executable, ['-I', BUILDER, folder], {
        cwd,
        env: { ...env, PYTHONHOME: undefined, PYTHONPATH: undefined },
        stdio: ['ignore', fd, fd],
        detached: true,
      });
      child.unref();
      child.on('error', (cause) => {
        const message = `${python.executable} could not be started: ${messageOf(cause)}`;
        reject(new ProviderError('local', message, { retryable: true, cause }));
      });
      child.on('exit', (code, signal) =>
        resolve(code === 0 ? null : `the build ended with ${signal ?? `exit code ${code}`}`),
      );
    }).finally(() => closeSync(fd));
    if (problem === null) return;
    const lines = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n').slice(-3).join(' | ');
    const message = `Environment ${environment.name}:${environment.version} could not be built: ${problem}: ${lines}`;
    const hint = `Read ${log}.`;
    if (DISK_TROUBLE.test(lines)) throw new ProviderError('local', message, { retryable: true, hint });
    throw new UsageError(message, { hint });
  }
}
