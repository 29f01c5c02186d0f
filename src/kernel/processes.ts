import { readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';

/**
 * What tells a process from a later one with the same pid: its start time as the system counts it.
 * Empty when no such process lives. Linux reads /proc; elsewhere `ps` is asked.
 */
export function processStart(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; only its parent has not looked yet.
    return fields[0] === 'Z' ? '' : (fields[19] ?? '');
  } catch {
    if (process.platform === 'linux') return '';
    const asked = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
    return asked.status === 0 ? asked.stdout.trim() : '';
  }
}

/** True while the very process that had this pid and start time still runs. */
export const isAlive = (pid: number, start: string): boolean => start !== '' && processStart(pid) === start;
