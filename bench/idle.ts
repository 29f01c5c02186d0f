import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { openProject } from '../src/app.ts';
import { listApprovals, subjectsWith, vote } from '../src/gates/index.ts';
import { wakeRun } from '../src/pipelines/index.ts';
import { figure } from './figures.ts';
import type { Figure, SuiteResult } from './figures.ts';
import type { Tools } from './machine.ts';
import { TRAINYARD, cpuOf, measure, median, memoryOf, until } from './measure.ts';
import { newScratch, writeProject } from './project.ts';

const CIRCUITS = 10_000;
const WINDOW_S = 30;
const SETTLE_S = 15;

/** What waiting costs, and how soon a verdict given in another process is acted on. */
export async function benchIdle(tools: Tools, quick: boolean): Promise<SuiteResult> {
  const waiting = await waitWithJobs(await newScratch(), quick ? 10 : WINDOW_S);
  const reaction_ms = await reactToVotes(tools, await newScratch(), quick ? 5 : 20);
  return {
    suite: 'idle',
    figures: [
      ...waiting,
      figure(
        'a verdict from another process is acted on after (median)',
        median(reaction_ms),
        'ms',
        '<',
        300,
      ),
      figure(
        'a verdict from another process is acted on after (slowest)',
        Math.max(...reaction_ms),
        'ms',
        '<',
        300,
      ),
    ],
    notes: [],
    rounds: { 'verdict to event, ms': reaction_ms },
  };
}

/** `run` with 10,000 jobs of ten hours each, and then a fresh `worker` that takes the same run over. */
async function waitWithJobs(folder: string, window_s: number): Promise<Figure[]> {
  await writeProject(folder, { circuits: CIRCUITS, provider: 'simulated' });
  const run = start(['run', '--speed', '1', '--duration', '10h', '--project', folder]);
  const first = await observe(run, folder, window_s).finally(() => stop(run));
  const worker = start(['worker', '--project', folder]);
  const second = await observe(worker, folder, window_s).finally(() => stop(worker));
  return [
    figure('run with 10,000 jobs waiting: CPU', first.cpu_share * 100, '% of one core', '<', 0.5),
    figure('run with 10,000 jobs waiting: memory', first.rss_mib, 'MiB', '<', 120),
    figure('run with 10,000 jobs waiting: peak memory before that', first.peak_rss_mib, 'MiB'),
    figure('worker with 10,000 jobs waiting: CPU', second.cpu_share * 100, '% of one core', '<', 0.5),
    figure('worker with 10,000 jobs waiting: memory', second.rss_mib, 'MiB', '<', 120),
  ];
}

/** Lets the process settle once every job runs, then looks at it for a while. */
async function observe(
  started: Started,
  folder: string,
  window_s: number,
): Promise<{ cpu_share: number; rss_mib: number; peak_rss_mib: number }> {
  const pid = started.child.pid;
  if (pid === undefined) throw new Error('The process did not start.');
  const path = join(folder, '.trainyard', 'trainyard.db');
  const running = (): number => {
    if (!existsSync(path)) return 0;
    const db = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
    try {
      return Number(db.prepare(`select count(*) as n from jobs where status = 'running'`).get()?.['n']);
    } catch {
      return 0; // no tables yet
    } finally {
      db.close();
    }
  };
  await until('all jobs run', 180, 500, () => {
    if (hasEnded(started)) throw new Error(`The process ended too early:\n${started.said()}`);
    return running() === CIRCUITS ? true : null;
  });
  // The start of the process, the last changes of the jobs, and the memory that it gives back some seconds later.
  await sleep(SETTLE_S * 1000);
  const start_cpu = cpuOf(pid);
  const start_at = performance.now();
  await sleep(window_s * 1000);
  const cpu_share = (cpuOf(pid) - start_cpu) / ((performance.now() - start_at) / 1000);
  return { cpu_share, ...memoryOf(pid) };
}

/**
 * A worker holds a run that waits at its gate; this process votes on one model at a time. From the commit of the vote
 * to the first event that the worker wrote because of it.
 */
async function reactToVotes(tools: Tools, folder: string, votes: number): Promise<number[]> {
  await writeProject(folder, { circuits: votes + 1, provider: 'simulated' });
  await measure(tools.python, [...TRAINYARD, 'run', '--project', folder], {
    cwd: folder,
    allowed: [11],
  });
  const worker = start(['worker', '--project', folder]);
  const project = await openProject({ folder, mode: 'write', env: {} });
  try {
    await sleep(3000);
    const { store, clock } = project;
    const approval = (await listApprovals(store.db, { status: 'waiting', limit: 1 }))[0];
    if (approval === undefined) throw new Error('The run does not wait at its gate.');
    const newest = new DatabaseSync(join(folder, '.trainyard', 'trainyard.db'), { readOnly: true });
    const moved = newest.prepare(`select count(*) as n from events where type = 'model.promoted'`);
    const promoted = (): number => Number(moved.get()?.['n']);
    const reactions: number[] = [];
    for (const subject of (await subjectsWith(store.db, approval.id, 'pending')).slice(0, votes)) {
      const before = promoted();
      await store.tx((tx) =>
        vote(tx, clock.now(), {
          approval_id: approval.id,
          actor: { name: 'bench', identity: 'claimed' },
          verdict: 'approve',
          comment: null,
          subjects: [subject],
          rules: { verified: false, groups: {} },
        }),
      );
      const voted_at = performance.now();
      await wakeRun(store.db, clock.now(), approval.run_id);
      await until('the vote is acted on', 20, 1, () => (promoted() > before ? true : null));
      reactions.push(performance.now() - voted_at);
      // Not in step with the worker's own rhythm.
      await sleep(150 + 37 * (reactions.length % 7));
    }
    newest.close();
    return reactions;
  } finally {
    await project.close();
    await stop(worker);
  }
}

/** A command that this benchmark started and will end, with the end of what it said. */
interface Started {
  readonly child: ChildProcess;
  readonly said: () => string;
}

function start(args: readonly string[]): Started {
  const [node = process.execPath, ...front] = TRAINYARD;
  const child = spawn(node, [...front, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-2000);
  });
  return { child, said: () => said };
}

const hasEnded = ({ child }: Started): boolean => child.exitCode !== null || child.signalCode !== null;

async function stop(started: Started): Promise<void> {
  if (hasEnded(started)) return;
  const ended = once(started.child, 'exit');
  started.child.kill('SIGTERM');
  await ended;
}
