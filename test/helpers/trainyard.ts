/** The real command line as a user starts it: a process of its own in a project folder. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const BIN = join(import.meta.dirname, '../../bin/trainyard.js');

export interface Ended {
  readonly args: readonly string[];
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The one JSON document on standard output. */
  readonly json: () => unknown;
}

export interface StartOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A command that takes longer is killed, and the test fails. */
  readonly timeout_ms?: number;
  /** Runs the command line through another program: its words come first. */
  readonly wrapper?: readonly string[];
}

/** A command line that still runs. */
export class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  #stdout = '';
  #stderr = '';

  constructor(args: readonly string[], { cwd, env = {}, timeout_ms = 55_000, wrapper = [] }: StartOptions) {
    const [program = process.execPath, ...words] = [...wrapper, process.execPath, BIN, ...args];
    this.child = spawn(program, words, {
      cwd,
      env: { ...baseEnv(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    const limit = setTimeout(() => this.child.kill('SIGKILL'), timeout_ms);
    this.ended = new Promise((resolve, reject) => {
      this.child.on('error', reject);
      this.child.on('close', (code, signal) => {
        clearTimeout(limit);
        const [stdout, stderr] = [this.#stdout, this.#stderr];
        resolve({ args, code, signal, stdout, stderr, json: () => JSON.parse(stdout) as unknown });
      });
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get stdout(): string {
    return this.#stdout;
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Resolves once standard error has text that matches; fails when the command ends before. */
  async says(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#stderr)) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`trainyard ended before it said ${pattern}:\n${this.#stderr}`);
      }
      await sleep(10);
    }
  }
}

/** Runs a command line to its end, in a process of its own. */
export async function trainyard(args: readonly string[], options: StartOptions): Promise<Ended> {
  return faultless(await new Running(args, options).ended);
}

/**
 * Whatever a command line is, a user must see no stack trace, and with `--json` exactly one JSON document: both are looked
 * at every time.
 */
export function faultless(ended: Ended): Ended {
  const { args } = ended;
  const told = `trainyard ${args.join(' ')} ended with ${ended.code ?? ended.signal}\n${ended.stderr}${ended.stdout}`;
  if (FAULT.test(ended.stderr + ended.stdout)) throw new Error(`A fault of ours: ${told}`);
  if (args.includes('--json') && ended.signal === null) {
    try {
      ended.json();
    } catch {
      throw new Error(`Not one JSON document: ${told}`);
    }
  }
  return ended;
}

/** A stack trace, what follows one, and what stands for one with `--json`. */
const FAULT =
  /^\s+at .+:\d+:\d+\)?$|This is a fault in Trainyard|"code": "unexpected",\s+"message": .*,\s+"hint": null/m;

/** A machine of its own: nothing of the build, the user or git's settings that surround the tests. */
export function baseEnv(): Record<string, string> {
  const kept = [
    'PATH',
    'HOME',
    'LANG',
    'TMPDIR',
    'TEMP',
    'TMP',
    'SystemRoot',
    'PYENV_ROOT',
    'NODE_COMPILE_CACHE',
  ];
  const env: Record<string, string> = {
    USER: 'tester',
    NO_COLOR: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    PYTHONDONTWRITEBYTECODE: '1',
  };
  for (const name of kept) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}
