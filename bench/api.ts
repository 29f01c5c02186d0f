import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { listCalls } from './api-lists.ts';
import { figure } from './figures.ts';
import type { Figure, SuiteResult } from './figures.ts';
import type { Tools } from './machine.ts';
import { cpuOf, median, memoryOf, quantile, until } from './measure.ts';
import { retentionPassed, seededProject } from './seed-store.ts';
import { OneClient, serve, started } from './server.ts';
import type { Served } from './server.ts';

const REACH_MS = 50;

/**
 * The API on a store of 10,000 circuits, 1,000 runs and 1,000,000 jobs: every list with its filters and places deep inside
 * it, over one connection, while an event is written every half second. In each round every list is asked once.
 */
export async function benchApi(_tools: Tools, quick: boolean): Promise<SuiteResult> {
  const folder = await seededProject((line) => process.stderr.write(`  seeding: ${line}\n`));
  const path = join(folder, '.trainyard', 'trainyard.db');
  const starts = await startTimes(folder, quick ? 2 : 5);
  const first = await firstLook(folder);
  const server = await serve(folder);
  const floor = await started([process.execPath, join(import.meta.dirname, 'api-floor.ts'), path]);
  const db = new DatabaseSync(path, { timeout: 5000 });
  const writer = writesEvents(path);
  try {
    const fresh = memoryOf(server.pid).rss_mib;
    // The daily pass of retention is measured by `busy`.
    await until('retention is through', 300, 500, () => retentionPassed(folder) || null);
    const taken = await ask(server, floor, db, quick ? 40 : 200);
    const cpu = await cpuPerCall(server, db, quick ? 20 : 50);
    const figures = [...taken].flatMap(([name, times]): Figure[] => {
      const p99 = quantile(times, 0.99);
      const isFloor = name.startsWith('floor');
      return [
        figure(`${name}: median`, median(times), 'ms'),
        ...(cpu.has(name) ? [figure(`${name}: CPU`, cpu.get(name) ?? 0, 'ms')] : []),
        isFloor ? figure(`${name}: p99`, p99, 'ms') : figure(`${name}: p99`, p99, 'ms', '<', REACH_MS),
      ];
    });
    const wholes = await wholePictures(server);
    const { rss_mib, peak_rss_mib } = memoryOf(server.pid);
    return {
      suite: 'api',
      figures: [
        figure(
          'serve: from its start to the line that it listens',
          median(starts.map((s) => s.listens)),
          'ms',
          '<',
          700,
        ),
        figure('serve: from its start to the first answer', median(starts.map((s) => s.answers)), 'ms'),
        figure('serve: memory after its start', median(starts.map((s) => s.rss_mib)), 'MiB'),
        figure('fleet of 10,000: first look, nothing kept', first.cold_ms, 'ms'),
        figure('fleet of 10,000: board after a restart', first.warm_ms, 'ms'),
        ...figures,
        ...wholes,
        figure('memory before all that', fresh, 'MiB'),
        figure('memory after all that', rss_mib, 'MiB'),
        figure('peak memory', peak_rss_mib, 'MiB'),
      ],
      notes: [],
      rounds: Object.fromEntries(taken),
    };
  } finally {
    await writer.stop();
    db.close();
    await server.stop();
    await floor.stop();
  }
}

async function startTimes(folder: string, rounds: number) {
  const taken: { listens: number; answers: number; rss_mib: number }[] = [];
  for (let i = 0; i < rounds; i++) {
    const began = performance.now();
    const server = await serve(folder);
    const client = new OneClient(server.port);
    await mustBe200(client, '/api/v1/me');
    const answers = performance.now() - began;
    taken.push({ listens: server.started_ms, answers, rss_mib: memoryOf(server.pid).rss_mib });
    client.close();
    await server.stop();
  }
  return taken;
}

/** How long until the fleet is known: by nobody before, and from what the process before has left. */
async function firstLook(folder: string): Promise<{ cold_ms: number; warm_ms: number }> {
  await rm(join(folder, '.trainyard', 'cache'), { recursive: true, force: true });
  const cold = await serve(folder);
  const began = performance.now();
  const client = new OneClient(cold.port);
  for (;;) {
    const { body } = await mustBe200(client, '/api/v1/circuits?limit=1');
    if ((JSON.parse(body) as { at: string | null }).at !== null) break;
    await sleep(20);
  }
  const cold_ms = performance.now() - began;
  client.close();
  await sleep(500);
  await cold.stop();
  if (!existsSync(join(folder, '.trainyard', 'cache'))) throw new Error('The look was not kept.');
  const warm = await serve(folder);
  const again = new OneClient(warm.port);
  const { took_ms } = await mustBe200(again, '/api/v1/circuits/board');
  again.close();
  await warm.stop();
  return { cold_ms, warm_ms: took_ms };
}

async function ask(server: Served, floor: Served, db: DatabaseSync, rounds: number) {
  const calls = listCalls(db);
  const client = new OneClient(server.port);
  const bare = new OneClient(floor.port);
  const taken = new Map<string, number[]>();
  const note = (name: string, ms: number): void => {
    taken.set(name, [...(taken.get(name) ?? []), ms]);
  };
  // The fleet is looked at once before: that is a figure of its own.
  await mustBe200(client, '/api/v1/circuits?limit=1');
  const jobs = db.prepare('select id from jobs where rowid % 2003 = 0').all();
  for (let i = -2; i < rounds; i++) {
    const before = String(jobs[(i + 2) % jobs.length]?.['id']);
    const floors = [
      ['floor: 50 rows by an index', await mustBe200(bare, `/jobs?before=${before}`)],
      ['floor: me', await mustBe200(client, '/api/v1/me')],
    ] as const;
    for (const [name, { took_ms }] of floors) if (i >= 0) note(name, took_ms);
    for (const { name, path } of calls) {
      const { took_ms } = await mustBe200(client, `/api/v1${path(i + 2)}`);
      if (i >= 0) note(name, took_ms);
    }
  }
  client.close();
  bare.close();
  return taken;
}

/** What a call costs the server's process, which a busy machine changes less than how long it takes. */
async function cpuPerCall(server: Served, db: DatabaseSync, times: number): Promise<Map<string, number>> {
  const client = new OneClient(server.port);
  const found = new Map<string, number>();
  for (const { name, path } of [...listCalls(db), { name: 'floor: me', path: () => '/me' }]) {
    const before = cpuOf(server.pid);
    for (let i = 0; i < times; i++) await mustBe200(client, `/api/v1${path(i * 13)}`);
    found.set(name, ((cpuOf(server.pid) - before) / times) * 1000);
  }
  client.close();
  return found;
}

/** Pictures of a whole run of 10,000 jobs, and of the fleet. */
async function wholePictures(server: Served): Promise<Figure[]> {
  const client = new OneClient(server.port);
  const figures: Figure[] = [];
  for (const [name, path] of [
    ['matrix of 10,000 jobs', '/runs/1000/matrix'],
    ['failures of 10,000 jobs', '/runs/1000/failures'],
    ['timeline of 10,000 jobs', '/runs/1000/timeline'],
    ['board of 10,000 circuits', '/circuits/board'],
  ] as const) {
    const times: number[] = [];
    for (let i = 0; i < 10; i++) {
      times.push((await mustBe200(client, `/api/v1${path}`)).took_ms);
      // Something is written meanwhile, so that none is the answer before.
      await sleep(600);
    }
    figures.push(
      figure(`${name}: median`, median(times), 'ms'),
      figure(`${name}: slowest`, Math.max(...times), 'ms'),
    );
  }
  client.close();
  return figures;
}

async function mustBe200(client: OneClient, path: string) {
  const answer = await client.get(path);
  if (answer.status !== 200)
    throw new Error(`${path} was answered ${answer.status}: ${answer.body.slice(0, 500)}`);
  return answer;
}

/** What is read is so never what was read before. The events are taken away again in the end. */
function writesEvents(path: string): { stop(): Promise<void> } {
  const writer = new Worker(new URL('./event-writer.ts', import.meta.url), { workerData: path });
  return {
    stop: async () => {
      const ended = once(writer, 'exit');
      writer.postMessage('end');
      await ended;
    },
  };
}
