import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Named places where a crash test ends the process, as a power cut would: no handlers, no clean-up.
 * `TRAINYARD_FAULT=submit.after` dies at the first pass, `submit.after:3` at the third; with `power:` before it, the
 * database as it was before the last transaction is kept beside it (`rememberBefore`).
 */
export function faultPoints(setting: string | undefined): (name: string) => void {
  if (setting === undefined || setting === '') return () => undefined;
  const match = /^(?:power:)?(.*?)(?::(\d+))?$/.exec(setting);
  const wanted = match?.[1] ?? setting;
  let left = Number(match?.[2] ?? 1);
  return (name) => {
    if (name !== wanted || --left > 0) return;
    process.kill(process.pid, 'SIGKILL');
    // The signal is delivered on return to user code at the latest; nothing after this line may run.
    for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
  };
}

/**
 * Called before each transaction of a crash test with `power:`: keeps the database's files as they are, so that the test
 * can go on from there as if the disk had lost the last transaction. Null outside such tests.
 */
export function rememberBefore(setting: string | undefined, state_folder: string): (() => void) | null {
  if (setting?.startsWith('power:') !== true) return null;
  const kept = join(state_folder, 'power');
  return () => {
    mkdirSync(kept, { recursive: true });
    for (const file of ['trainyard.db', 'trainyard.db-wal'])
      if (existsSync(join(state_folder, file))) copyFileSync(join(state_folder, file), join(kept, file));
  };
}
