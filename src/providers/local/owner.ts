import { readFileSync } from 'node:fs';
import { isAlive } from '../../kernel/processes.ts';
import type { Fact, LineFile } from './facts.ts';

/** Tells a process from every other one of this machine, across reboots too. */
export interface ProcessId {
  readonly pid: number;
  readonly start: string;
  readonly boot: string;
}

/** An orchestrator with its launcher: who starts an attempt. */
export interface Owner {
  readonly id: string;
  readonly folder: string;
  readonly journal: LineFile<Fact>;
  /** Nothing of it is left to do. */
  done: boolean;
  /** Its orchestrator has let go, and it starts no further attempt. */
  closed: boolean;
  /** Its launcher got as far as its first line. */
  spoke: boolean;
}

/** Reads a process id written by `JSON.stringify`; null when the file is absent or torn. */
export function readProcess(path: string): ProcessId | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (
      typeof value !== 'object' ||
      value === null ||
      !('pid' in value && 'start' in value && 'boot' in value)
    )
      return null;
    const { pid, start, boot } = value;
    return typeof pid === 'number' && typeof start === 'string' && typeof boot === 'string'
      ? { pid, start, boot }
      : null;
  } catch {
    return null;
  }
}

/** This boot of the machine; empty where it has no such mark. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

export const lives = (process: ProcessId): boolean =>
  process.boot === bootId() && isAlive(process.pid, process.start);
