import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory_gib: number;
  readonly system: string;
  readonly node: string;
  readonly python: string;
  /** Processes that wanted to run, over one minute, before and after; above the number of cores figures are too high. */
  readonly load_before: number;
}

/** Programs the benchmarks compare with, resolved: a version manager's shim would cost 77 ms per start. */
export interface Tools {
  /** The interpreter itself. */
  readonly python: string;
  /** Null where PyYAML or its C loader is missing. */
  readonly pyyaml: string | null;
  readonly xargs: string | null;
  readonly parallel: string | null;
  readonly true: string;
}

export function findTools(): Tools {
  const python = say('python3', ['-c', 'import sys; print(sys.executable)']);
  if (python === null) throw new Error('The benchmarks need python3 on the PATH.');
  return {
    python,
    pyyaml: say(python, ['-c', 'import yaml; yaml.CSafeLoader; print(yaml.__version__)']),
    xargs: onPath('xargs'),
    parallel: onPath('parallel'),
    true: onPath('true') ?? '/bin/true',
  };
}

export function describeMachine(tools: Tools): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory_gib: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    node: process.version,
    python: say(tools.python, ['-V'])?.replace('Python ', '') ?? 'unknown',
    load_before: load(),
  };
}

export const load = (): number => Math.round((loadavg()[0] ?? 0) * 100) / 100;

function onPath(name: string): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}

function say(command: string, args: readonly string[]): string | null {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null;
  }
}
