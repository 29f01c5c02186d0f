import { spawnSync } from 'node:child_process';

/** Standard output of a Python program, or null where there is no python3 or it lacks a module that the program needs. */
export function runPython(program: string, input: string, ...args: readonly string[]): string | null {
  const result = spawnSync('python3', ['-c', program, ...args], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, PYTHONUTF8: '1' },
  });
  if (result.error !== undefined) return null;
  if (result.status !== 0 && /ModuleNotFoundError/.test(result.stderr)) return null;
  if (result.status !== 0) throw new Error(`python3 ended with ${String(result.status)}: ${result.stderr}`);
  return result.stdout;
}
