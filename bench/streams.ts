import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { appendEvents, openStore } from '../src/store/index.ts';
import type { Store } from '../src/store/index.ts';
import { figure } from './figures.ts';
import type { Figure, SuiteResult } from './figures.ts';
import type { Tools } from './machine.ts';
import { TRAINYARD, cpuOf, memoryOf, until } from './measure.ts';
import { newScratch, writeProject } from './project.ts';
import type { StreamsRead } from './stream-clients.ts';

const CONNECTIONS = 1000;
const PER_S = 10;
const WINDOW_S = 20;

/**
 * `trainyard serve` with a thousand open event streams while another process writes ten events a second, one by one: how
 * long each takes from its transaction to each client, which are in a third process. Every client must get every event, in
 * order, once. Beside it a server that does nothing but write the same frames to as many connections.
 */
export async function benchStreams(_tools: Tools, quick: boolean): Promise<SuiteResult> {
  const seconds = quick ? 5 : WINDOW_S;
  const floor = await withFloor(seconds);
  const served = await withServer(seconds);
  const what = `${CONNECTIONS.toLocaleString('en')} streams, ${PER_S} events per s`;
  return {
    suite: 'streams',
    figures: [
      figure(`${what}: delivered after (median)`, at(served.waited, 0.5), 'ms'),
      figure(`${what}: delivered after (p99)`, at(served.waited, 0.99), 'ms', '<', 250),
      figure(`${what}: delivered after (slowest)`, at(served.waited, 1), 'ms'),
      figure('a server that only writes them: delivered after (median)', at(floor.waited, 0.5), 'ms'),
      figure('a server that only writes them: delivered after (p99)', at(floor.waited, 0.99), 'ms'),
      ...served.figures.map(({ name, value, unit, reach }) =>
        figure(name.replace('…', what), value, unit, reach?.is, reach?.mark),
      ),
      figure('a server that only writes them: memory', floor.rss_mib, 'MiB'),
      figure('a server that only writes them: CPU', floor.cpu_share * 100, '% of one core'),
    ],
    notes: [
      `${served.waited.length.toLocaleString('en')} deliveries; ${served.opening_cpu_s.toFixed(1)} s of CPU until all streams were open.`,
      'The store is looked at twenty times a second: 25 ms of the median.',
    ],
    rounds: {},
  };
}

/** Of sorted numbers, the one below which such a share of them lies. */
const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

async function withServer(seconds: number): Promise<{
  readonly waited: readonly number[];
  readonly figures: readonly Figure[];
  readonly opening_cpu_s: number;
}> {
  const folder = await newScratch();
  await writeProject(folder, { circuits: 100, provider: 'simulated' });
  const server = await serve(folder);
  const store = await openStore(join(folder, '.trainyard'));
  try {
    const before = memoryOf(server.pid).rss_mib;
    await using readers = await Readers.connect(server.port);
    await sleep(2000);
    const opening_cpu_s = cpuOf(server.pid);
    const idle_share = await shareOf(server.pid, () => sleep(5000));
    let expected: number[] = [];
    const busy_share = await shareOf(server.pid, async () => {
      expected = await happen(store, seconds);
    });
    const waited = await readers.read(expected);
    const { rss_mib, peak_rss_mib } = memoryOf(server.pid);
    return {
      waited,
      opening_cpu_s,
      figures: [
        figure('…: memory', rss_mib, 'MiB'),
        figure('…: peak memory', peak_rss_mib, 'MiB', '<', 400),
        figure('memory before the first of them', before, 'MiB'),
        figure('…: CPU', busy_share * 100, '% of one core'),
        figure('streams open, nothing happens: CPU', idle_share * 100, '% of one core'),
      ],
    };
  } finally {
    await store.close();
    await server.stop();
  }
}

async function withFloor(seconds: number): Promise<{
  readonly waited: readonly number[];
  readonly rss_mib: number;
  readonly cpu_share: number;
}> {
  const child = fork(join(import.meta.dirname, 'stream-floor.ts'));
  try {
    const [port] = (await once(child, 'message')) as [number];
    const pid = child.pid ?? 0;
    await using readers = await Readers.connect(port);
    await sleep(2000);
    const seqs: number[] = [];
    const cpu_share = await shareOf(pid, async () => {
      for await (const i of ticks(seconds)) {
        seqs.push(i + 1);
        child.send(frameOf(i + 1));
      }
    });
    return { waited: await readers.read(seqs), rss_mib: memoryOf(pid).rss_mib, cpu_share };
  } finally {
    await ended(child);
  }
}

/** As an event of `happen` goes over the line. */
function frameOf(seq: number): string {
  const { circuit_id, message, ...event } = eventOf(seq);
  const data = { seq, at: new Date().toISOString(), ...event, run_id: null, run: null, stage: null };
  const more = { circuit_id, message, actor: null, identity: null };
  return `id: ${seq}\nevent: event\ndata: ${JSON.stringify({ ...data, ...more })}\n\n`;
}

const eventOf = (i: number) =>
  ({
    type: 'job.failed',
    severity: 'error',
    circuit_id: `kiln_${i}`,
    message: `kiln_${i}_2026_03_31 failed: exit code 1: KeyError: 'flow_temperature'`,
    data: { job: `kiln_${i}_2026_03_31`, reason: 'exit_code', attempt: 1 },
  }) as const;

/** CPU seconds per second of a process while something goes on. */
async function shareOf(pid: number, during: () => Promise<unknown>): Promise<number> {
  const before = cpuOf(pid);
  const began = performance.now();
  await during();
  return (cpuOf(pid) - before) / ((performance.now() - began) / 1000);
}

/** So many a second, each in its time. */
async function* ticks(seconds: number): AsyncGenerator<number> {
  const began = performance.now();
  for (let i = 0; i < seconds * PER_S; i++) {
    await sleep(Math.max(0, began + (i * 1000) / PER_S - performance.now()));
    yield i;
  }
}

/** Events one by one, as they come; returns their seqs. */
async function happen(store: Store, seconds: number): Promise<number[]> {
  const seqs: number[] = [];
  for await (const i of ticks(seconds)) {
    await store.tx((tx) => appendEvents(tx, Date.now(), [eventOf(i)]));
    const last = await store.db
      .selectFrom('events')
      .select((e) => e.fn.max('seq').as('seq'))
      .executeTakeFirst();
    seqs.push(Number(last?.seq));
  }
  return seqs;
}

/** The clients, in a process of their own. */
class Readers {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async connect(port: number): Promise<Readers> {
    const file = join(import.meta.dirname, 'stream-clients.ts');
    const child = fork(file, [String(port), String(CONNECTIONS)], { serialization: 'advanced' });
    const readers = new Readers(child);
    const [said] = (await once(child, 'message', { signal: AbortSignal.timeout(60_000) })) as [unknown];
    if (said !== 'open') throw new Error(`The clients said ${String(said)}.`);
    return readers;
  }

  /** How long each event took to each of them, sorted, once all have all. */
  async read(expected: readonly number[]): Promise<number[]> {
    this.#child.send([...expected]);
    const signal = AbortSignal.timeout(60_000);
    const [read] = (await once(this.#child, 'message', { signal })) as [StreamsRead];
    if (read.wrong > 0) throw new Error(`${read.wrong} clients were told other events.`);
    return read.waited_ms.toSorted((a, b) => a - b);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return ended(this.#child);
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const over = once(child, 'exit');
  child.kill('SIGKILL');
  await over;
}

interface Server {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

/** The server as people start it, once it listens. */
async function serve(folder: string): Promise<Server> {
  const [program = '', ...args] = TRAINYARD;
  const child = spawn(program, [...args, 'serve', '--port', '0', '--project', folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit');
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const port = await until('the server listens', 30, 10, () => {
    if (child.exitCode !== null) throw new Error(said);
    const found = /http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1];
    return found === undefined ? null : Number(found);
  });
  return {
    pid: child.pid ?? 0,
    port,
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
