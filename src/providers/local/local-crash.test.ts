import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Observation, Submission } from '../../jobs/compute.ts';
import { processStart } from '../../kernel/processes.ts';
import { attemptProcesses } from './attempt-processes.ts';
import type { Fact } from './facts.ts';
import { LocalHarness, testEnv } from './local-harness.ts';

/** A process of its own that submits, and is then killed by the test. */
async function orchestrator(h: LocalHarness, submissions: readonly Submission[]): Promise<ChildProcess> {
  const script = join(h.project, 'orchestrator.ts');
  writeFileSync(join(h.project, 'submissions.json'), JSON.stringify(submissions));
  writeFileSync(
    script,
    `import { readFileSync } from 'node:fs';
     import { createLocalCompute } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
     import { systemClock } from ${JSON.stringify(new URL('../../kernel/clock.ts', import.meta.url).href)};
     const compute = createLocalCompute({ state_folder: ${JSON.stringify(h.state)}, max_workers: 2, environment: 'ambient',
       environments: () => null, env: process.env, clock: systemClock, grace_s: 1 });
     await compute.submit(JSON.parse(readFileSync(${JSON.stringify(join(h.project, 'submissions.json'))}, 'utf8')));
     setInterval(() => undefined, 1000);`,
  );
  const child = spawn(process.execPath, ['--no-warnings', script], {
    env: testEnv(),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.on('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

async function fact(h: LocalHarness, wanted: (fact: Fact) => boolean): Promise<Fact> {
  for (let i = 0; i < 1000; i++) {
    const found = h.facts().find(wanted);
    if (found !== undefined) return found;
    await h.pass();
  }
  throw new Error('The fact does not appear.');
}

async function states(
  h: LocalHarness,
  s: Submission,
  reached: (list: readonly Observation[]) => boolean,
): Promise<readonly Observation[]> {
  let list: readonly Observation[] = [];
  for (let i = 0; i < 1000; i++) {
    list = (await h.compute.list({ run_id: s.run_id, cursor: null })).observations;
    if (reached(list)) return list;
    await h.pass();
  }
  throw new Error(`Not reached: ${JSON.stringify(list)}`);
}

const over = (list: readonly Observation[]): boolean =>
  list.length > 0 && list.every((o) => !['queued', 'preparing', 'running'].includes(o.state));

const killLaunchers = (h: LocalHarness): void => {
  for (const f of h.facts()) if (f.e === 'open') process.kill(f.pid, 'SIGKILL');
};

describe.concurrent('the local provider after SIGKILL', () => {
  it('of the orchestrator starts each accepted attempt once, and never more at a time than it may', async () => {
    await using h = await LocalHarness.create();
    const first = h.command('sleep 0.15');
    const go = join(h.project, 'go');
    // The last ones are left to whoever comes after the one that is killed.
    const batch = [
      first,
      ...Array.from({ length: 9 }, () => h.command('sleep 0.15', { run_id: first.run_id })),
      ...Array.from({ length: 4 }, () =>
        h.command(`while [ ! -e '${go}' ]; do sleep 0.05; done`, { run_id: first.run_id }),
      ),
    ];
    const child = await orchestrator(h, batch);
    await fact(h, (f) => f.e === 'ended');
    await kill(child);
    writeFileSync(go, '');
    const list = await states(h, first, (l) => l.length === batch.length && over(l));
    expect(list.map((o) => o.state)).toEqual(batch.map(() => 'succeeded'));
    expect(await h.ledger(first.run_id)).toEqual(batch.map((s) => ({ key: s.key, started: 1 })));
    const facts = h.facts().toSorted((a, b) => a.at - b.at || (a.e === 'ended' ? -1 : 1));
    let running = 0;
    for (const f of facts) {
      if (f.e === 'started') running++;
      if (f.e === 'ended') running--;
      expect(running).toBeLessThanOrEqual(2);
    }
    expect(facts.filter((f) => f.e === 'open')).toHaveLength(2);
  });

  it('of the orchestrator starts each attempt once even when two processes take over', async () => {
    await using h = await LocalHarness.create();
    const first = h.command('sleep 0.05');
    const batch = [
      first,
      ...Array.from({ length: 13 }, () => h.command('sleep 0.05', { run_id: first.run_id })),
    ];
    const child = await orchestrator(h, batch);
    await fact(h, (f) => f.e === 'started');
    await kill(child);
    const second = h.open();
    await Promise.all([second.submit(batch), h.compute.submit(batch)]);
    const list = await states(h, first, (l) => l.length === batch.length && over(l));
    // Whoever took them, both know how they ended.
    expect((await second.list({ run_id: first.run_id, cursor: null })).observations).toEqual(list);
    await second.close();
    expect((await h.ledger(first.run_id)).filter((entry) => entry.started !== 1)).toEqual([]);
  });

  it('of the orchestrator still ends a job at its time limit', async () => {
    await using h = await LocalHarness.create();
    const s = h.submission('run_long', { timeout_s: 0.5 });
    const child = await orchestrator(h, [s]);
    await fact(h, (f) => f.e === 'started');
    await kill(child);
    // The launcher does it, with no orchestrator alive.
    expect(await fact(h, (f) => f.e === 'ended')).toMatchObject({ why: 'timed_out' });
    expect(await states(h, s, over)).toMatchObject([{ state: 'failed', reason: 'timed_out' }]);
  });

  it('of the launcher keeps a running job running, then reports it as lost', async () => {
    await using h = await LocalHarness.create();
    const go = join(h.project, 'go');
    const s = h.command(`while [ ! -e '${go}' ]; do sleep 0.05; done`);
    await h.compute.submit([s]);
    await states(h, s, (l) => l[0]?.state === 'running');
    killLaunchers(h);
    expect(await states(h, s, () => true)).toMatchObject([{ state: 'running' }]);
    writeFileSync(go, '');
    const [o] = await states(h, s, over);
    expect(o).toMatchObject({ state: 'failed', reason: 'lost' });
    expect(o?.running_s).toBeGreaterThan(0);
  });

  it('of the launcher goes on with what was queued, in a new one', async () => {
    await using h = await LocalHarness.create();
    const first = h.command('sleep 0.2');
    const batch = [first, ...Array.from({ length: 5 }, () => h.command('true', { run_id: first.run_id }))];
    await h.compute.submit(batch);
    await fact(h, (f) => f.e === 'started' && f.key.endsWith(first.key));
    killLaunchers(h);
    const list = await states(h, first, (l) => l.length === batch.length && over(l));
    expect(list.every((o) => o.state === 'succeeded' || (o.state === 'failed' && o.reason === 'lost'))).toBe(
      true,
    );
    expect((await h.ledger(first.run_id)).filter((entry) => entry.started > 1)).toEqual([]);
  });

  it('of the launcher still honours time limits and cancels', async () => {
    await using h = await LocalHarness.create({ grace_s: 0.3 });
    const timed = h.submission('run_long', { timeout_s: 3 });
    const stubborn = h.command('trap "" TERM; while :; do sleep 0.05; done', { run_id: timed.run_id });
    await h.compute.submit([timed, stubborn]);
    await states(h, timed, (l) => l.every((o) => o.state === 'running'));
    killLaunchers(h);
    await h.compute.cancel(timed.run_id, [stubborn.key]);
    const list = await states(h, timed, over);
    expect(list).toMatchObject([{ state: 'failed', reason: 'timed_out' }, { state: 'canceled' }]);
    expect(attemptProcesses(timed.run_id, stubborn.key)).toEqual([]);
    await h.reopen();
    expect(await states(h, timed, () => true)).toEqual(list);
  });

  it('of everything between an intent and its start ends the process that nobody noted', async () => {
    await using h = await LocalHarness.create();
    const s = h.submission('run_long');
    await h.compute.submit([s]);
    const started = await fact(h, (f) => f.e === 'started');
    killLaunchers(h);
    await h.compute.close();
    // What the disk would hold had the launcher died one line earlier.
    const [folder] = [...new Set(h.journals())];
    const lines = h.facts().filter((f) => f.e === 'open' || f.e === 'intent');
    writeFileSync(folder ?? '', lines.map((f) => `${JSON.stringify(f)}\n`).join('') + '{"e":"started","ke');
    const pid = started.e === 'started' ? started.pid : 0;
    expect(processStart(pid)).not.toBe('');
    h.compute = h.open();
    expect(await states(h, s, over)).toMatchObject([{ state: 'failed', reason: 'lost' }]);
    for (let i = 0; i < 1000 && processStart(pid) !== ''; i++) await h.pass();
    expect(processStart(pid)).toBe('');
  });

  it('leaves no trace of a folder half made by an earlier start', async () => {
    await using h = await LocalHarness.create();
    const s = h.command('ls');
    const folder = join(h.state, 'jobs', s.run_id, s.key);
    mkdirSync(join(folder, 'work', 'left', 'over'), { recursive: true });
    writeFileSync(join(folder, 'log'), 'old\n');
    await h.compute.submit([s]);
    expect(await states(h, s, over)).toMatchObject([{ state: 'succeeded' }]);
    const log = await h.compute.logs?.({ run_id: s.run_id, key: s.key, offset: 0, limit: 1000 });
    expect(log?.text).toBe('package\ntrain.py\n');
  });
});
