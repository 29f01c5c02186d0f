import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { appendEvents, openStore } from '../src/store/index.ts';
import type { Store } from '../src/store/index.ts';
import { figure } from './figures.ts';
import type { SuiteResult } from './figures.ts';
import type { Tools } from './machine.ts';
import { cpuOf, median, memoryOf, quantile } from './measure.ts';
import { newScratch, writeProject } from './project.ts';
import { serve } from './server.ts';
import type { Happened, StreamsRead } from './stream-clients.ts';

const CONNECTIONS = 1000;
const PER_S = 10;
const ROUNDS = 4;
const ROUND_S = 5;

/**
 * `trainyard serve` with a thousand open event streams while another process writes ten events a second, one by one: how
 * long each takes from its commit to each client, which are in a third process. Every client must get every event, in
 * order, once. Beside it, in turn, a server that does nothing but write the same frames to as many
 * connections.
 */
export async function benchStreams(_tools: Tools, quick: boolean): Promise<SuiteResult> {
  const rounds = quick ? 1 : ROUNDS;
  const folder = await newScratch();
  await writeProject(folder, { circuits: 100, provider: 'simulated' });
  const server = await serve(folder);
  const floor = fork(join(import.meta.dirname, 'stream-floor.ts'));
  const store = await openStore(join(folder, '.trainyard'));
  try {
    const [floor_port] = (await once(floor, 'message')) as [number];
    const before_mib = memoryOf(server.pid).rss_mib;
    await using readers = await Readers.connect(server.port);
    const opening_cpu_s = cpuOf(server.pid);
    await using floor_readers = await Readers.connect(floor_port);
    await sleep(2000);
    const idle_share = await shareOf(server.pid, () => sleep(5000));
    const happened: Happened[] = [];
    const written: Happened[] = [];
    const busy: number[] = [];
    const floor_busy: number[] = [];
    // In turn, so that a busy moment of the machine hurts both alike.
    for (let round = 0; round < rounds; round++) {
      floor_busy.push(
        await shareOf(floor.pid ?? 0, async () => {
          for await (const _tick of ticks(ROUND_S)) {
            const seq = written.length + 1;
            written.push({ seq, at_ms: now() });
            floor.send(frameOf(seq));
          }
        }),
      );
      busy.push(await shareOf(server.pid, async () => void happened.push(...(await happen(store, ROUND_S)))));
    }
    const waited = await readers.read(happened);
    const floor_waited = await floor_readers.read(written);
    const { rss_mib, peak_rss_mib } = memoryOf(server.pid);
    const what = `${CONNECTIONS.toLocaleString('en')} streams, ${PER_S} events per s`;
    const bare = 'a server that only writes them';
    return {
      suite: 'streams',
      figures: [
        figure(`${what}: delivered after (median)`, quantile(waited, 0.5), 'ms'),
        figure(`${what}: delivered after (p99)`, quantile(waited, 0.99), 'ms', '<', 250),
        figure(`${what}: delivered after (slowest)`, quantile(waited, 1), 'ms'),
        figure(`${bare}: delivered after (median)`, quantile(floor_waited, 0.5), 'ms'),
        figure(`${bare}: delivered after (p99)`, quantile(floor_waited, 0.99), 'ms'),
        figure(`${bare}: delivered after (slowest)`, quantile(floor_waited, 1), 'ms'),
        figure(`${what}: memory`, rss_mib, 'MiB'),
        figure(`${what}: peak memory`, peak_rss_mib, 'MiB', '<', 400),
        figure('memory before the first of them', before_mib, 'MiB'),
        figure(`${bare}: memory`, memoryOf(floor.pid ?? 0).rss_mib, 'MiB'),
        figure(`${what}: CPU`, median(busy) * 100, '% of one core'),
        figure('streams open, nothing happens: CPU', idle_share * 100, '% of one core'),
        figure(`${bare}: CPU`, median(floor_busy) * 100, '% of one core'),
      ],
      notes: [
        `${waited.length.toLocaleString('en')} deliveries; ${opening_cpu_s.toFixed(1)} s of CPU until all streams were open.`,
      ],
      rounds: {},
    };
  } finally {
    await store.close();
    await ended(floor);
    await server.stop();
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

/** Events one by one, as they come, each with when it was committed. */
async function happen(store: Store, seconds: number): Promise<Happened[]> {
  const happened: Happened[] = [];
  for await (const i of ticks(seconds)) {
    await store.tx((tx) => appendEvents(tx, Date.now(), [eventOf(i)]));
    const at_ms = now();
    const last = await store.db
      .selectFrom('events')
      .select((e) => e.fn.max('seq').as('seq'))
      .executeTakeFirst();
    happened.push({ seq: Number(last?.seq), at_ms });
  }
  return happened;
}

/** Of all processes alike, in fractions of a millisecond. */
const now = (): number => performance.timeOrigin + performance.now();

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
  async read(expected: readonly Happened[]): Promise<number[]> {
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
