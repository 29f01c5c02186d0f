import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock, toIso } from '../src/kernel/clock.ts';
import { createNotifier } from '../src/notify/index.ts';
import type { Notifier } from '../src/notify/index.ts';
import { appendEvents, openStore } from '../src/store/index.ts';
import type { NewEvent, Store } from '../src/store/index.ts';
import { runRow } from '../src/testing/test-rows.ts';
import { figure } from './figures.ts';
import type { SuiteResult } from './figures.ts';
import type { Tools } from './machine.ts';
import { median } from './measure.ts';
import { newScratch } from './project.ts';

const EVENTS = 10_000;
const RUNS = 100;
/** As many as the notifier sends to one channel at a time. */
const AT_ONCE = 8;
const DOWN_S = 6;

/**
 * Events of a hundred runs while their channel is down; two processes give up on it, a third one is there when it comes
 * back. Every event must arrive, in the order of its run, none of them twice. Beside it, bare `fetch` posts the same
 * bodies to the same server.
 */
export async function benchNotifications(_tools: Tools, quick: boolean): Promise<SuiteResult> {
  const events = quick ? EVENTS / 10 : EVENTS;
  const receiver = new Receiver();
  const port = await receiver.listen(0);
  await receiver.close();

  const store = await openStore(join(await newScratch(), '.trainyard'));
  const notifier = (): Notifier =>
    createNotifier({
      store,
      settings: {
        channels: { hook: { type: 'webhook', url: `http://127.0.0.1:${port}/`, secret: '${env:KEY}' } },
        routes: [{ channels: ['hook'], events: ['*'], circuits: null, severity: 'info', rehearsals: false }],
        smtp: null,
        base_url: null,
        long_running_alert_every_s: 14_400,
      },
      clock: systemClock,
      env: { KEY: Buffer.alloc(32, 7).toString('base64') },
      project: 'bench',
    });
  try {
    await notifier().begin();
    const began = performance.now();
    await happen(store, events);
    for (let process = 0; process < 2; process++) {
      const one = notifier();
      await ran(one, async () => {
        await sleep((DOWN_S / 2) * 1000);
      });
    }
    const down_s = (performance.now() - began) / 1000;
    if (receiver.got.length > 0) throw new Error('Something arrived at a server that was down.');

    await receiver.listen(port);
    const back = performance.now();
    await ran(notifier(), async () => {
      const end = performance.now() + 300_000;
      while (receiver.got.length < events || (await open(store)) > 0) {
        if (performance.now() > end)
          throw new Error(`Only ${receiver.got.length} of ${events} events arrived.`);
        await sleep(10);
      }
    });
    const sending_s = (receiver.last - receiver.first) / 1000;
    const first_after_s = (receiver.first - back) / 1000;
    check(receiver.got, events);

    const bodies = receiver.got.map((g) => g.body);
    const bare: number[] = [];
    for (let round = 0; round < 3; round++) bare.push(await postAll(`http://127.0.0.1:${port}/`, bodies));
    return {
      suite: 'notifications',
      figures: [
        figure(
          `${events.toLocaleString('en')} events, channel down for ${down_s.toFixed(0)} s: delivered in order, none twice`,
          receiver.unique,
          'events',
        ),
        figure('the first of them, once a process finds the channel back', first_after_s, 's'),
        figure('from the first to the last', sending_s, 's'),
        figure('bare fetch of the same bodies', median(bare), 's'),
        figure('times as long as bare fetch', sending_s / median(bare), '×'),
        figure('events delivered', events / sending_s, 'per s'),
      ],
      notes: [],
      rounds: { 'bare fetch, s': bare },
    };
  } finally {
    await store.close();
    await receiver.close();
  }
}

/** A process: tells and sends while the work goes on, then ends as a command does. */
async function ran(notifier: Notifier, work: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const running = notifier.run(stop.signal);
  try {
    await work();
  } finally {
    stop.abort();
    await running;
    await notifier.flush(1000);
  }
}

/** Runs in turn, as when many of them are under way. */
async function happen(store: Store, count: number): Promise<void> {
  const now = Date.now();
  await store.db
    .insertInto('runs')
    .values(
      Array.from({ length: RUNS }, (_, i) =>
        runRow({ id: `run_${i}`, number: i + 1, created_at: toIso(now) }),
      ),
    )
    .execute();
  const events = Array.from({ length: count }, (_, i): NewEvent => ({
    type: 'job.failed',
    severity: 'error',
    run_id: `run_${i % RUNS}`,
    stage: 'SubmitTraining',
    circuit_id: `kiln_${i}`,
    message: `kiln_${i}_2026_03_31 failed: exit code 1: KeyError: 'flow_temperature'`,
    data: { job: `kiln_${i}_2026_03_31`, reason: 'exit_code', attempt: 1 },
  }));
  for (let i = 0; i < count; i += 500)
    await store.tx((tx) => appendEvents(tx, now, events.slice(i, i + 500)));
}

const open = async (store: Store): Promise<number> => {
  const row = await store.db
    .selectFrom('notifications')
    .select((e) => e.fn.countAll<number>().as('n'))
    .where('state', '=', 'pending')
    .executeTakeFirst();
  return Number(row?.n ?? 0);
};

interface Got {
  readonly id: string;
  readonly seq: number;
  readonly run: string;
  readonly body: string;
}

/** A server that keeps what came. */
class Receiver {
  readonly got: Got[] = [];
  first = 0;
  last = 0;
  #server: Server | null = null;

  get unique(): number {
    return new Set(this.got.map((g) => g.id)).size;
  }

  async listen(port: number): Promise<number> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        response.writeHead(204).end();
        const id = request.headers['webhook-id'];
        if (typeof id !== 'string') return;
        const body = Buffer.concat(chunks).toString('utf8');
        const { data } = JSON.parse(body) as { data: { seq: number; run_id: string } };
        this.got.push({ id, seq: data.seq, run: data.run_id, body });
        this.last = performance.now();
        if (this.got.length === 1) this.first = this.last;
      });
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    this.#server = server;
    return (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** @throws when one is missing, came twice, or overtook another of its run */
function check(got: readonly Got[], events: number): void {
  const ids = new Set(got.map((g) => g.id));
  if (got.length !== events || ids.size !== events)
    throw new Error(`${events} events, ${got.length} arrived, ${ids.size} of them different.`);
  const last = new Map<string, number>();
  for (const { run, seq } of got) {
    if (seq <= (last.get(run) ?? 0)) throw new Error(`Event ${seq} of ${run} was overtaken.`);
    last.set(run, seq);
  }
}

/** What it takes without an outbox. */
async function postAll(url: string, bodies: readonly string[]): Promise<number> {
  const began = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < bodies.length; i = next++) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: bodies[i] ?? '',
      });
      await response.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return (performance.now() - began) / 1000;
}
