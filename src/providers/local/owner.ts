import { readFileSync } from 'node:fs';
import { systemCode } from '../../kernel/errors.ts';
import { isAlive, processStart } from '../../kernel/processes.ts';
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
}

/**
 * Reads a process id written by `JSON.stringify`; null when the file is absent or torn.
 * @throws what keeps it from being read: to take a living owner for gone would start its work twice
 */
export function readProcess(path: string): ProcessId | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
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

/** A living process, in words that hold across reboots; null when it ended or cannot be looked at. */
export function processId(pid: number): ProcessId | null {
  const start = processStart(pid);
  return start === '' ? null : { pid, start, boot: bootId() };
}

/** @throws when the machine does not tell */
export function lives({ pid, start, boot }: ProcessId): boolean {
  if (boot !== bootId()) return false;
  if (isAlive(pid, start)) return true;
  // A process that cannot be looked at (no file handles left) would pass for a dead one.
  if (process.platform === 'linux') readFileSync('/proc/self/stat');
  return false;
}

/** This boot of the machine; empty where it has no such mark. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  }
}
