import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProviderError, messageOf } from '../../kernel/errors.ts';
import { fileError } from '../../kernel/files.ts';

import type { JobOrder } from './job-order.ts';
import { processId, type Owner } from './owner.ts';
import type { Python } from './python.ts';

export const LAUNCHER = fileURLToPath(new URL('./launcher.py', import.meta.url));

/** Neither callback may throw. */
export interface LauncherOptions {
  readonly owner: Owner;
  readonly python: Python;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly grace_s: number;
  readonly slots: number;
  /** There is something new in the journal. */
  readonly onKnock: () => void;
  /** It ended while it was still needed. Never called when the constructor throws. */
  readonly onDeath: () => void;
}

/**
 * The process that starts the jobs. Node itself never does: its spawn copies the whole process and blocks meanwhile.
 * It lives in a session of its own, so that neither Ctrl-C nor the end of this process ends the jobs.
 */
export class LauncherProcess {
  readonly #child: ChildProcess;
  #orders: string[] = [];
  #closed = false;

  constructor({ owner, python, env, grace_s, slots, onKnock, onDeath }: LauncherOptions) {
    const errors = openSync(join(owner.folder, 'stderr.log'), 'a');
    try {
      this.#child = spawn(
        python.executable,
        ['-I', '-S', LAUNCHER, owner.journal.path, String(grace_s), String(slots)],
        { cwd: '/', env: { ...env }, stdio: ['pipe', 'pipe', errors], detached: true },
      );
    } finally {
      closeSync(errors);
    }
    const { pid, stdin, stdout } = this.#child;
    let dead = true;
    const died = (): void => {
      if (dead || this.#closed) return;
      dead = true;
      onDeath();
    };
    this.#child.on('error', died);
    this.#child.on('exit', died);
    // A write to a launcher that just died; `exit` tells the rest.
    stdin?.on('error', () => undefined);
    stdout?.on('error', () => undefined);
    if (pid === undefined)
      throw new ProviderError('local', `${python.executable} could not be started.`, { retryable: true });
    try {
      const id = processId(pid);
      if (id === null) throw diedEarly(owner);
      // Written before the first order: without this file nothing can have been started.
      writeFileSync(join(owner.folder, 'launcher.json'), JSON.stringify(id));
    } catch (error) {
      // Not by closing its input: what it would write then is that its orchestrator has gone.
      this.#child.kill('SIGKILL');
      throw fileError(`write to ${owner.folder}`, error);
    }
    dead = false;
    stdout?.on('data', onKnock);
    // Work in flight keeps no process alive that has nothing else to do.
    this.#child.unref();
    for (const pipe of [stdin, stdout]) if (pipe instanceof Socket) pipe.unref();
  }

  feed(order: JobOrder): void {
    this.#tell(order);
  }

  cancel(ids: readonly string[], now: boolean): void {
    if (ids.length > 0) this.#tell({ cancel: ids, now });
  }

  /** Those that jobs may be given, by the names that CUDA knows them by. */
  setGpus(gpus: readonly string[]): void {
    this.#tell({ gpus });
  }

  setSlots(slots: number): void {
    this.#tell({ slots });
  }

  /** Lets go: the launcher starts nothing more, finishes what runs, and leaves. */
  close(): void {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    this.#child.stdin?.end();
    this.#child.stdout?.destroy();
  }

  /** Orders of one turn go out in one write. */
  #tell(order: unknown): void {
    if (this.#closed) return;
    if (this.#orders.length === 0) setImmediate(() => this.#flush());
    this.#orders.push(`${JSON.stringify(order)}\n`);
  }

  #flush(): void {
    if (this.#orders.length === 0 || this.#closed) return;
    this.#child.stdin?.write(this.#orders.join(''));
    this.#orders = [];
  }
}

/** A launcher that ended before it started a job, or nearly so. */
export function diedEarly(owner: Owner): ProviderError {
  const said = join(owner.folder, 'stderr.log');
  const message = `The process that starts the jobs ended before it started one; it may have said why in ${said}.`;
  return new ProviderError('local', message, { retryable: true });
}

/** For `check`: does a launcher start and leave again? Null: yes; else what it said. */
export async function tryLauncher(python: Python): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(python.executable, ['-I', '-S', LAUNCHER, '/dev/null', '1', '1'], {
      cwd: '/',
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    child.stdin?.on('error', () => undefined);
    child.on('error', (error) => resolve(messageOf(error)));
    child.on('exit', (code) =>
      resolve(code === 0 ? null : (said.trim().split('\n').at(-1) ?? `exit code ${code}`)),
    );
    child.stdin?.end();
  });
}
