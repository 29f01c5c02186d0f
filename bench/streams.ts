import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { appendEvents, openStore } from '../src/store/index.ts';
import type { Store } from '../src/store/index.ts';
import { figure } from './figures.ts';
import type { SuiteResult } from './figures.ts';
import type { Tools } from './machine.ts';
import { cpuOf, memoryOf, until } from './measure.ts';
import { newScratch, writeProject } from './project.ts';
import { serve } from './server.ts';

const CONNECTIONS = 1000;
const PER_S = 10;
const WINDOW_S = 20;

/**
 * `trainyard serve` with a thousand open event streams while another process writes ten events a second, one by one: how
 * long each takes from its transaction to each client. Every client must get every event, in order, once.
 */
export async function benchStreams(_tools: Tools, quick: boolean): Promise<SuiteResult> {
  const folder = await newScratch();
  await writeProject(folder, { circuits: 100, provider: 'simulated' });
  const server = await serve(folder);
  const store = await openStore(join(folder, '.trainyard'));
  const clients: StreamClient[] = [];
  try {
    const before = memoryOf(server.pid).rss_mib;
    for (let i = 0; i < CONNECTIONS; i++) clients.push(new StreamClient(server.port));
    await until('every stream is open', 30, 20, () => (clients.every((c) => c.open) ? true : null));
    await sleep(2000);
    const cpu = cpuOf(server.pid);
    const idle_cpu = await share(server.pid, 5);
    const began = performance.now();
    const busy_from = cpuOf(server.pid);
    const seconds = quick ? 5 : WINDOW_S;
    const expected = await happen(store, seconds);
    const busy_share = (cpuOf(server.pid) - busy_from) / ((performance.now() - began) / 1000);
    await until('every event arrives', 30, 20, () =>
      clients.every((c) => c.seqs.length >= expected.length) ? true : null,
    );
    for (const client of clients)
      if (client.seqs.join() !== expected.join()) throw new Error('A client was told other events.');
    const waited = clients.flatMap((c) => c.waited_ms).toSorted((a, b) => a - b);
    const at = (share_: number): number => waited[Math.floor(waited.length * share_)] ?? Number.NaN;
    const { rss_mib, peak_rss_mib } = memoryOf(server.pid);
    const what = `${CONNECTIONS.toLocaleString('en')} streams, ${PER_S} events per s`;
    return {
      suite: 'streams',
      figures: [
        figure(`${what}: delivered after (median)`, at(0.5), 'ms'),
        figure(`${what}: delivered after (p99)`, at(0.99), 'ms', '<', 250),
        figure(`${what}: delivered after (slowest)`, at(1 - 1e-9), 'ms'),
        figure(`${what}: memory`, rss_mib, 'MiB'),
        figure(`${what}: peak memory`, peak_rss_mib, 'MiB', '<', 400),
        figure('memory before the first of them', before, 'MiB'),
        figure(`${what}: CPU`, busy_share * 100, '% of one core'),
        figure('streams open, nothing happens: CPU', idle_cpu * 100, '% of one core'),
      ],
      notes: [
        `${waited.length.toLocaleString('en')} deliveries; ${cpu.toFixed(1)} s of CPU until all streams were open.`,
      ],
      rounds: {},
    };
  } finally {
    for (const client of clients) client.close();
    await store.close();
    await server.stop();
  }
}

async function share(pid: number, seconds: number): Promise<number> {
  const before = cpuOf(pid);
  await sleep(seconds * 1000);
  return (cpuOf(pid) - before) / seconds;
}

/** Events one by one, as they come; returns their seqs. */
async function happen(store: Store, seconds: number): Promise<number[]> {
  const seqs: number[] = [];
  const began = performance.now();
  for (let i = 0; i < seconds * PER_S; i++) {
    await sleep(Math.max(0, began + (i * 1000) / PER_S - performance.now()));
    await store.tx((tx) =>
      appendEvents(tx, Date.now(), [
        {
          type: 'job.failed',
          severity: 'error',
          circuit_id: `kiln_${i}`,
          message: `kiln_${i}_2026_03_31 failed: exit code 1: KeyError: 'flow_temperature'`,
          data: { job: `kiln_${i}_2026_03_31`, reason: 'exit_code', attempt: 1 },
        },
      ]),
    );
    const last = await store.db
      .selectFrom('events')
      .select((e) => e.fn.max('seq').as('seq'))
      .executeTakeFirst();
    seqs.push(Number(last?.seq));
  }
  return seqs;
}

/** One browser, as far as its socket is concerned. */
class StreamClient {
  open = false;
  readonly seqs: number[] = [];
  readonly waited_ms: number[] = [];
  readonly #socket: Socket;
  #text = '';

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.setEncoding('latin1');
    this.#socket.write(
      `GET /api/v1/events/stream HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\naccept: text/event-stream\r\n\r\n`,
    );
    this.#socket.on('data', (piece: string) => this.#take(piece));
    this.#socket.on('error', () => undefined);
  }

  #take(piece: string): void {
    const now = Date.now();
    this.#text += piece;
    this.open ||= this.#text.includes('retry: ');
    const end = this.#text.lastIndexOf('\n\n');
    if (end < 0) return;
    for (const [, seq, at] of this.#text
      .slice(0, end)
      .matchAll(/^id: (\d+)\nevent: event\ndata: \{"seq":\d+,"at":"([^"]+)"/gm)) {
      this.seqs.push(Number(seq));
      this.waited_ms.push(now - Date.parse(at ?? ''));
    }
    this.#text = this.#text.slice(end + 2);
  }

  close(): void {
    this.#socket.destroy();
  }
}
