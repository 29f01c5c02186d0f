import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

/**
 * Processes of an attempt, found by the variables they were started with. Linux reads /proc; elsewhere `ps` is asked,
 * which shows the environment of some processes only: best effort.
 */
export function attemptProcesses(run_id: string, key: string): number[] {
  const marks = [`TRAINYARD_RUN_ID=${run_id}`, `TRAINYARD_ATTEMPT=${key}`];
  if (process.platform !== 'linux') return askPs(marks);
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const variables = readFileSync(`/proc/${name}/environ`, 'latin1').split('\0');
      return marks.every((mark) => variables.includes(mark)) ? [Number(name)] : [];
    } catch {
      return []; // gone, or somebody else's
    }
  });
}

/**
 * Ends all of them at once; for an attempt that nobody watches any more. Returns how many it found: the end of a process
 * takes a moment, and one that was just being started is found by the next look only.
 */
export function killAttemptProcesses(run_id: string, key: string): number {
  const found = attemptProcesses(run_id, key).filter((pid) => pid !== process.pid);
  for (const pid of found) signal(pid, 'SIGKILL');
  return found.length;
}

/** Signals a process, or with a negative number a group; one that has gone is fine. */
export function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone meanwhile.
  }
}

function askPs(marks: readonly string[]): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-E', '-ww', '-o', 'pid=,command='], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  return (stdout ?? '')
    .split('\n')
    .filter((line) => marks.every((mark) => `${line} `.includes(` ${mark} `)))
    .map((line) => Number.parseInt(line, 10));
}
