import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStore } from '../src/store/index.ts';
import { figure } from './figures.ts';
import type { SuiteResult } from './figures.ts';
import type { Tools } from './machine.ts';
import { TRAINYARD, cpuOf, interleaved, median, memoryOf } from './measure.ts';
import { newScratch, writeProject } from './project.ts';

const OLD_RUNS = 1000;
const JOBS_OF_A_RUN = 1000;
const OPEN_JOBS = 10_000;
const ROUNDS = 9;
const SCRAPES = 20;

/**
 * How soon `trainyard serve` answers its first request, and what it holds in memory, beside the smallest server that Node
 * can be; how long Prometheus waits. On an empty store and on one with a million jobs, one run of which is under way.
 */
export async function benchServe(_tools: Tools, quick: boolean): Promise<SuiteResult> {
  const small = await newScratch();
  await writeProject(small, { circuits: 100, provider: 'simulated' });
  await (await openStore(join(small, '.trainyard'))).close();
  const large = await newScratch();
  await writeProject(large, { circuits: OPEN_JOBS, provider: 'simulated' });
  await fill(large, quick ? 100 : OLD_RUNS);
  const floor = join(await newScratch(), 'floor.mjs');
  await writeFile(floor, FLOOR);

  const [node = process.execPath, ...front] = TRAINYARD;
  const serving = (folder: string) => async (): Promise<Started> => {
    const port = await freePort();
    return startAndEnd(node, [...front, 'serve', '--project', folder, '--port', String(port)], port);
  };
  const taken = await interleaved(quick ? 3 : ROUNDS, {
    floor: async () => {
      const port = await freePort();
      return startAndEnd(node, [floor, String(port)], port);
    },
    small: serving(small),
    large: serving(large),
  });
  const of = (name: string, what: keyof Started): number =>
    median((taken.get(name) ?? []).map((each) => each[what]));
  const jobs = ((quick ? 100 : OLD_RUNS) * JOBS_OF_A_RUN).toLocaleString('en');
  const scrapes = await scrape(large);
  return {
    suite: 'serve',
    figures: [
      figure('start to first answer, existing store', of('small', 'answered_ms'), 'ms', '<', 700),
      figure(`start to first answer, ${jobs} jobs`, of('large', 'answered_ms'), 'ms', '<', 700),
      figure('start to first answer, bare HTTP server', of('floor', 'answered_ms'), 'ms'),
      figure(
        'start against the bare HTTP server',
        of('small', 'answered_ms') / of('floor', 'answered_ms'),
        '×',
      ),
      figure('CPU until the first answer', of('small', 'cpu_ms'), 'ms'),
      figure('CPU until the first answer, bare HTTP server', of('floor', 'cpu_ms'), 'ms'),
      figure('memory after the start', of('small', 'rss_mib'), 'MiB'),
      figure(`memory after the start, ${jobs} jobs`, of('large', 'rss_mib'), 'MiB'),
      figure('memory of the bare HTTP server', of('floor', 'rss_mib'), 'MiB'),
      figure(`/metrics, ${jobs} jobs and an open run of 10,000 (median)`, median(scrapes), 'ms', '<', 50),
      figure(
        `/metrics, ${jobs} jobs and an open run of 10,000 (slowest)`,
        Math.max(...scrapes),
        'ms',
        '<',
        50,
      ),
    ],
    notes: ['Between two looks at /metrics 400 jobs end.'],
    rounds: {
      'bare HTTP server: first answer, ms': (taken.get('floor') ?? []).map((each) => each.answered_ms),
      'existing store: first answer, ms': (taken.get('small') ?? []).map((each) => each.answered_ms),
      '/metrics, ms': scrapes,
    },
  };
}

const FLOOR = `import { createServer } from 'node:http';
createServer((_, response) => response.end('ok')).listen(Number(process.argv[2]), '127.0.0.1');
`;

interface Started {
  readonly answered_ms: number;
  /** Until then. */
  readonly cpu_ms: number;
  readonly rss_mib: number;
}

async function startAndEnd(program: string, args: readonly string[], port: number): Promise<Started> {
  const began = performance.now();
  const child = spawn(program, args, { stdio: 'ignore' });
  try {
    await firstAnswer(child, port);
    const answered_ms = performance.now() - began;
    const cpu_ms = cpuOf(child.pid ?? 0) * 1000;
    // What it does beside its first answer belongs to it.
    await sleep(1500);
    return { answered_ms, cpu_ms, rss_mib: memoryOf(child.pid ?? 0).rss_mib };
  } finally {
    await end(child);
  }
}

async function firstAnswer(child: ChildProcess, port: number): Promise<void> {
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`The server ended with ${child.exitCode}.`);
    await sleep(2);
  }
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const asked = request({ port, host: '127.0.0.1', path: '/healthz', agent: false }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode === 200));
    });
    asked.on('error', () => resolve(false)).end();
  });

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** How long each of some looks at `/metrics` takes, while jobs end. */
async function scrape(folder: string): Promise<number[]> {
  const port = await freePort();
  const [node = process.execPath, ...front] = TRAINYARD;
  const child = spawn(node, [...front, 'serve', '--project', folder, '--port', String(port)], {
    stdio: 'ignore',
  });
  const db = new DatabaseSync(join(folder, '.trainyard', 'trainyard.db'), { timeout: 10_000 });
  try {
    await firstAnswer(child, port);
    await sleep(3000);
    const taken: number[] = [];
    for (let i = 0; i < SCRAPES; i++) {
      db.prepare(
        `update jobs set status = 'succeeded', ended_at = ?, queued_s = 2, running_s = 30
         where id in (select id from jobs where run_id = 'open' and status = 'running' limit 400)`,
      ).run(new Date().toISOString());
      await sleep(250);
      const began = performance.now();
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      taken.push(performance.now() - began);
      const counted = /^trainyard_jobs_ended_total\{status="succeeded"\} (\d+)$/m.exec(text)?.[1];
      if (Number(counted) !== (i + 1) * 400)
        throw new Error(`/metrics counts ${counted} jobs, not ${(i + 1) * 400}.`);
    }
    return taken;
  } finally {
    db.close();
    await end(child);
  }
}

/** Runs that are over, each with its jobs, and one that is under way and due in a hundred years. */
async function fill(folder: string, old_runs: number): Promise<void> {
  await (await openStore(join(folder, '.trainyard'))).close();
  const db = new DatabaseSync(join(folder, '.trainyard', 'trainyard.db'));
  const run = `insert into runs (id, number, pipeline, pipeline_version, status, requested_by, params, created_at, started_at, ended_at)`;
  const job = `insert into jobs (id, name, base_name, run_id, stage, circuit_id, model_name, provider, status, attempt,
    max_attempts, training_hash, inputs_digest, component, inputs, created_at, submitted_at, running_at, ended_at)`;
  const at = `'2026-01-01T00:00:00.000Z'`;
  db.exec(`begin;
    with recursive n(i) as (select 1 union all select i + 1 from n where i < ${old_runs})
      ${run} select 'old' || i, i, 'bench', 1, 'succeeded', 'bench', '{}', ${at}, ${at}, ${at} from n;
    with recursive n(i) as (select 0 union all select i + 1 from n where i < ${old_runs * JOBS_OF_A_RUN - 1})
      ${job} select 'job' || i, 'kiln_' || i, 'kiln', 'old' || (i / ${JOBS_OF_A_RUN} + 1), 'SubmitTraining',
        'kiln_' || (i % 10000), 'kiln', 'simulated', 'succeeded', 1, 1, hex(i), hex(i), 'trainer:1', '{}', ${at}, ${at}, ${at}, ${at} from n;
    ${run} values ('open', ${old_runs + 1}, 'bench', 1, 'running', 'bench', '{}', ${at}, ${at}, null);
    with recursive n(i) as (select 0 union all select i + 1 from n where i < ${OPEN_JOBS - 1})
      ${job} select 'open' || i, 'open_' || i, 'kiln', 'open', 'SubmitTraining', 'kiln_' || i, 'kiln', 'simulated',
        'running', 1, 1, hex(i), hex(i), 'trainer:1', '{}', ${at}, ${at}, ${at}, null from n;
    commit;`);
  db.close();
}
