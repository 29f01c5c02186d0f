/** The command line without a process of its own: for the many that are read here and on a server. */
import { runCli } from '../../src/cli/run-cli.ts';
import { baseEnv, faultless } from './trainyard.ts';
import type { Ended } from './trainyard.ts';

interface InProcessOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

let last: Promise<unknown> = Promise.resolve();

/**
 * Runs a command line to its end in this process, which takes a tenth of the time of a new one. What a process has of its
 * own (folder, environment, output) is lent to it, so they run one after the other. It cannot be sent a signal.
 */
export function inProcess(args: readonly string[], options: InProcessOptions): Promise<Ended> {
  const mine = last.then(() => run(args, options));
  last = mine.catch(() => undefined);
  return mine;
}

async function run(args: readonly string[], { cwd, env = {} }: InProcessOptions): Promise<Ended> {
  const said = { stdout: '', stderr: '' };
  const before = { cwd: process.cwd(), env: process.env };
  const give_back = [borrow('stdout', said), borrow('stderr', said)];
  process.chdir(cwd);
  process.env = { ...baseEnv(), ...env };
  try {
    const code = await runCli(args);
    const { stdout, stderr } = said;
    return faultless({ args, code, signal: null, stdout, stderr, json: () => JSON.parse(stdout) as unknown });
  } finally {
    process.env = before.env;
    process.chdir(before.cwd);
    for (const each of give_back) each();
  }
}

/** Keeps what is written to a stream, until it is given back. */
function borrow(name: 'stdout' | 'stderr', said: Record<'stdout' | 'stderr', string>): () => void {
  const stream = process[name];
  const { write } = stream;
  stream.write = (chunk: string | Uint8Array): boolean => {
    said[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    return true;
  };
  return () => void (stream.write = write);
}

/** The same, and it must end with `code`. */
export async function endsInProcess(
  code: number,
  args: readonly string[],
  options: InProcessOptions,
): Promise<Ended> {
  const ended = await inProcess(args, options);
  if (ended.code === code) return ended;
  throw new Error(
    `trainyard ${args.join(' ')} ended with ${ended.code} instead of ${code}\n${ended.stderr}${ended.stdout}`,
  );
}
