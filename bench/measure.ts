import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { newScratch } from './project.ts';

/** What one run of a command took. CPU and memory are those of the process and of every child it waited for. */
export interface Taken {
  readonly wall_s: number;
  readonly cpu_s: number;
  readonly peak_rss_mib: number;
  readonly exit_code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const HERE = fileURLToPath(new URL('.', import.meta.url));

/**
 * The front door as its own first line starts it, with the Node that runs the benchmark: built as for publishing and
 * laid out as in `node_modules`, because that is what people run.
 */
export const TRAINYARD: readonly string[] = [
  process.execPath,
  '--max-semi-space-size=8',
  await builtPackage(join(HERE, '..')),
];

async function builtPackage(root: string): Promise<string> {
  execFileSync(process.execPath, [join(root, 'scripts', 'build.ts')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const folder = await newScratch();
  for (const part of ['package.json', 'bin', 'dist'])
    await cp(join(root, part), join(folder, part), { recursive: true });
  return join(folder, 'bin', 'trainyard.js');
}

/**
 * Runs a command to its end, with nothing on its stdin.
 * @throws when it ends with another exit code than one of `allowed`
 */
export async function measure(
  python: string,
  command: readonly string[],
  options: { readonly cwd: string; readonly allowed?: readonly number[] },
): Promise<Taken> {
  const report = join(options.cwd, `.measured-${process.pid}.json`);
  const child = spawn(python, ['-S', join(HERE, 'measured.py'), report, ...command], {
    cwd: options.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr), endOf(child)]);
  const taken = JSON.parse(await readFile(report, 'utf8')) as Omit<Taken, 'stdout' | 'stderr'>;
  await rm(report);
  if (!(options.allowed ?? [0]).includes(taken.exit_code)) {
    throw new Error(
      `${command.join(' ')} ended with ${taken.exit_code}:\n${stderr.slice(-2000)}${stdout.slice(-2000)}`,
    );
  }
  return { ...taken, stdout, stderr };
}

const endOf = (child: ReturnType<typeof spawn>): Promise<void> =>
  new Promise((resolve, reject) => child.once('close', () => resolve()).once('error', reject));

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

/** The nearest-rank quantile: `q` of the values are no greater. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * q) - 1)] ?? Number.NaN;
}

/** Runs contestants in turn, round by round, so that a busy minute of the machine hurts all of them alike. */
export async function interleaved<T>(
  rounds: number,
  contestants: Readonly<Record<string, (round: number) => Promise<T>>>,
): Promise<Map<string, T[]>> {
  const taken = new Map<string, T[]>();
  const entries = Object.entries(contestants);
  for (let round = 0; round < rounds; round++) {
    // Whoever comes first in a round comes last in the next.
    for (const [name, work] of round % 2 === 0 ? entries : entries.toReversed()) {
      taken.set(name, [...(taken.get(name) ?? []), await work(round)]);
    }
  }
  return taken;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 0 ? half - 1 : half], sorted[half]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** CPU seconds a living process has used so far, with its threads. */
export function cpuOf(pid: number): number {
  // Behind the program's name in brackets; utime and stime are fields 14 and 15 of all, in clock ticks of 10 ms.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** What of a living process lies in memory, now and at most. */
export function memoryOf(pid: number): { readonly rss_mib: number; readonly peak_rss_mib: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mib = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { rss_mib: mib('VmRSS'), peak_rss_mib: mib('VmHWM') };
}

/** Asks again and again until the answer is not null. */
export async function until<T>(
  what: string,
  limit_s: number,
  every_ms: number,
  look: () => T | null,
): Promise<T> {
  const end = performance.now() + limit_s * 1000;
  for (;;) {
    const found = look();
    if (found !== null) return found;
    if (performance.now() > end) throw new Error(`Waited ${limit_s} s in vain: ${what}.`);
    await sleep(every_ms);
  }
}
