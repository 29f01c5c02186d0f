import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { TRAINYARD, until } from './measure.ts';

export interface Served {
  readonly pid: number;
  readonly port: number;
  /** From the start of the process to the line that says where it listens. */
  readonly started_ms: number;
  stop(): Promise<void>;
}

/** `trainyard serve` as people start it, once it listens. */
export const serve = (folder: string): Promise<Served> =>
  started([...TRAINYARD, 'serve', '--port', '0', '--project', folder]);

/** A program that says `http://127.0.0.1:PORT` on stderr once it listens. */
export async function started(command: readonly string[]): Promise<Served> {
  const began = performance.now();
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  let said = '';
  let at = 0;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (at === 0 && /http:\/\/127\.0\.0\.1:\d+/.test(said)) at = performance.now();
  });
  const port = await until('the server listens', 60, 5, () => {
    if (child.exitCode !== null) throw new Error(said);
    const found = /http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1];
    return found === undefined ? null : Number(found);
  });
  return {
    pid: child.pid ?? 0,
    port,
    started_ms: at - began,
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

export interface Answered {
  readonly status: number;
  readonly body: string;
  readonly took_ms: number;
}

/** Asks over one connection, one request after the other, and reads each answer whole. */
export class OneClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  get(path: string): Promise<Answered> {
    const began = performance.now();
    return new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port: this.#port, path, agent: this.#agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString('utf8'),
            took_ms: performance.now() - began,
          }),
        );
      })
        .on('error', reject)
        .end();
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
