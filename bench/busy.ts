import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { figure } from './figures.ts';
import type { SuiteResult } from './figures.ts';
import type { Tools } from './machine.ts';
import { median, memoryOf, quantile } from './measure.ts';
import { newScratch, writeProject } from './project.ts';
import { forgetRetention, retentionPassed, seededProject } from './seed-store.ts';
import { OneClient, serve } from './server.ts';
import type { Served } from './server.ts';

const CIRCUITS = 10_000;
/** Somebody who looks all the time, and not faster than that. */
const PAUSE_MS = 5;
const LISTS = ['/api/v1/jobs?limit=50', '/api/v1/runs?limit=50', '/api/v1/events?limit=50'];

/**
 * How long lists take while the server itself works: it plans, starts, watches, registers and asks about a run of 10,000
 * circuits, from the call that starts it to the request of approval, beside the same lists once it waits; and while
 * retention goes through a million versions.
 */
export async function benchBusy(_tools: Tools, quick: boolean): Promise<SuiteResult> {
  const training = await whileTraining(quick ? 1 : 3);
  const pruning = await whilePruning();
  return {
    suite: 'busy',
    figures: [...training.figures, ...pruning.figures],
    notes: [],
    rounds: { ...training.rounds, ...pruning.rounds },
  };
}

type Part = Pick<SuiteResult, 'figures' | 'rounds'>;

async function whileTraining(rounds: number): Promise<Part> {
  const working: number[] = [];
  const waiting: number[] = [];
  const runs: number[] = [];
  let memory = 0;
  for (let round = 0; round < rounds; round++) {
    const folder = await newScratch();
    await writeProject(folder, { circuits: CIRCUITS, provider: 'simulated' });
    const server = await serve(folder);
    const client = new OneClient(server.port);
    try {
      // The first look at the fleet is not what is measured here.
      await sleep(6000);
      const began = performance.now();
      const started = start(server);
      let status = 'pending';
      for (let i = 0; status !== 'waiting'; i++) {
        if (performance.now() - began > 120_000) throw new Error(`The run is still ${status}.`);
        for (const path of LISTS) working.push(await took(client, path));
        await sleep(PAUSE_MS);
        if (i % 20 === 0) status = await statusOf(client);
      }
      runs.push(performance.now() - began);
      await started;
      if (requested(folder) !== CIRCUITS) throw new Error('Not every model stands in the request.');
      // What follows at once (the board, memory given back) is over after that.
      await sleep(10_000);
      for (let i = 0; i < 300; i++) {
        for (const path of LISTS) waiting.push(await took(client, path));
        await sleep(PAUSE_MS);
      }
      memory = Math.max(memory, memoryOf(server.pid).peak_rss_mib);
    } finally {
      client.close();
      await server.stop();
    }
  }
  const what = 'lists while a run of 10,000 trains';
  return {
    figures: [
      figure(`${what}: median`, median(working), 'ms'),
      figure(`${what}: p99`, quantile(working, 0.99), 'ms', '<', 100),
      figure(`${what}: slowest`, Math.max(...working), 'ms', '<', 250),
      figure('the same lists once it waits: median', median(waiting), 'ms'),
      figure('the same lists once it waits: p99', quantile(waiting, 0.99), 'ms', '<', 50),
      figure('from the call to the request of approval (median)', median(runs) / 1000, 's'),
      figure('peak memory', memory, 'MiB'),
    ],
    rounds: { 'lists while it trains, ms': working, 'lists once it waits, ms': waiting },
  };
}

/** The daily pass, as it is on the first day that a long past meets it. */
async function whilePruning(): Promise<Part> {
  const folder = await seededProject((line) => process.stderr.write(`  seeding: ${line}\n`));
  forgetRetention(folder);
  const server = await serve(folder);
  const client = new OneClient(server.port);
  try {
    const taken: number[] = [];
    const began = performance.now();
    while (!retentionPassed(folder)) {
      if (performance.now() - began > 300_000)
        throw new Error('Retention is not through after five minutes.');
      for (let j = 0; j < 20; j++) {
        for (const path of LISTS) taken.push(await took(client, path));
        await sleep(PAUSE_MS);
      }
    }
    const what = 'lists while retention goes through 1,000,000 versions';
    return {
      figures: [
        figure(`${what}: median`, median(taken), 'ms'),
        figure(`${what}: p99`, quantile(taken, 0.99), 'ms', '<', 100),
        figure(`${what}: slowest`, Math.max(...taken), 'ms', '<', 250),
        figure('from the start to the end of retention', (performance.now() - began) / 1000, 's'),
      ],
      rounds: { 'lists while retention works, ms': taken },
    };
  } finally {
    client.close();
    await server.stop();
  }
}

async function start({ port }: Served): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
    body: '{}',
  });
  if (response.status !== 202) throw new Error(await response.text());
}

async function took(client: OneClient, path: string): Promise<number> {
  const { status, body, took_ms } = await client.get(path);
  if (status !== 200) throw new Error(`${path}: ${status} ${body}`);
  return took_ms;
}

const Runs = z.object({ items: z.array(z.object({ status: z.string() })) });

async function statusOf(client: OneClient): Promise<string> {
  const { body } = await client.get('/api/v1/runs?limit=1');
  return Runs.parse(JSON.parse(body)).items[0]?.status ?? 'pending';
}

function requested(folder: string): number {
  const db = new DatabaseSync(join(folder, '.trainyard', 'trainyard.db'), {
    readOnly: true,
    timeout: 10_000,
  });
  try {
    return Number(db.prepare('select count(*) as n from approval_subjects').get()?.['n']);
  } finally {
    db.close();
  }
}
