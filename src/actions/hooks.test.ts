import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { listDeliveries, signCall } from '../hooks/index.ts';
import { openRuns, requestCancel } from '../pipelines/index.ts';
import type { Run, Ticker } from '../pipelines/index.ts';
import { person } from '../testing/test-rows.ts';
import { testWorld } from '../testing/test-world.ts';
import type { TestWorld } from '../testing/test-world.ts';
import { SettingsWatch, hookNamed, hooksTicker, retryDeliveries, takeDelivery } from './index.ts';

const KEY = 'a-secret-that-is-shared';
let w: TestWorld;
let ticker: Ticker;
let said: string[] = [];
const end = new AbortController();

async function begin(settings: string, more: Parameters<typeof testWorld>[0] = {}): Promise<void> {
  w = await testWorld({ settings, environment: null, env: { KEY }, ...more });
  said = [];
  ticker = hooksTicker(w.project, new SettingsWatch(w.project), end.signal, (line) => said.push(line));
}
afterEach(() => w[Symbol.asyncDispose]());

/** Calls a hook as its sender does. */
async function call(name: string, body: object, id = `${name} ${JSON.stringify(body)}`) {
  const text = JSON.stringify({ ...PUSH, ...body });
  const hook = hookNamed(w.project, name);
  const headers = signCall(hook.sender, KEY, { id, event: 'push', body: text }, w.clock.now());
  return takeDelivery(w.project, name, hook, {
    header: (header) => headers[header],
    body: Buffer.from(text),
  });
}

/** Does all that is due. */
async function turn(): Promise<void> {
  for (let round = 0; round < 20; round++) {
    const next = await ticker.next();
    if (next === null || next > w.clock.now()) return;
    await ticker.tick(w.clock.now());
  }
  throw new Error('The ticker never rests.');
}

const calls = async (hook = 'pushed'): Promise<string[]> =>
  (await listDeliveries(w.project.store.db, { hook, limit: 50 }))
    .toReversed()
    .map((d) => `${d.outcome}${d.run_number === null ? '' : ` ${d.run_number}`}`);
const runs = (): Promise<Run[]> => openRuns(w.project.store.db, 'train');
const events = async (): Promise<string[]> => {
  const rows = await w.project.store.db
    .selectFrom('events')
    .select(['type', 'message', 'actor'])
    .where('type', 'like', 'hook.%')
    .orderBy('seq')
    .execute();
  return rows.map(({ type, message, actor }) => `${type} ${actor}: ${message}`);
};
const PUSH = { ref: 'refs/heads/main', after: 'b'.repeat(40) };
const PUSHED = 'hooks: {pushed: {sender: github, secret: "${env:KEY}", run: {approve: [all]}}}\n';

describe('a hook', () => {
  it('starts a run when it is called, once, in its own name, and puts it on record', async () => {
    await begin(PUSHED);
    expect(await ticker.next()).toBeNull();
    const first = await call('pushed', PUSH);
    expect(first).toMatchObject({ kind: 'taken', again: false, delivery: { outcome: 'waiting' } });
    await turn();
    const [run, ...more] = await runs();
    expect(run).toMatchObject({ number: 1, requested_by: 'hook:pushed' });
    expect(more).toEqual([]);
    expect(said).toEqual(['Hook pushed started: run 1 for 3 of 3 circuits']);
    expect(await events()).toEqual([
      'hook.received hook:pushed: Hook pushed was called by push to main',
      'hook.fired hook:pushed: Hook pushed fired: run 1 for 3 of 3 circuits',
    ]);
    // The same call again, as one who has seen it would send it.
    expect(await call('pushed', PUSH, 'another name')).toMatchObject({
      again: true,
      delivery: { outcome: 'started', run_number: 1 },
    });
    await turn();
    expect(await calls()).toEqual(['started 1']);
  });

  it('that is called while its run is open goes once more after it, for all calls together', async () => {
    await begin(PUSHED.replace(', run: {approve: [all]}', ''));
    await call('pushed', { n: 1 });
    await turn();
    for (const n of [2, 3, 4]) await call('pushed', { n });
    await turn();
    expect(await calls()).toEqual(['started 1', 'waiting', 'waiting', 'waiting']);
    expect(await ticker.next()).toBeNull();
    const [run] = await runs();
    if (run === undefined) throw new Error('Nothing was started.');
    await w.project.store.tx((tx) => requestCancel(tx, w.clock.now(), run, person('ada'), null));
    await w.settle();
    await turn();
    expect(await calls()).toEqual(['started 1', 'merged 2', 'merged 2', 'started 2']);
    expect((await runs()).map((each) => each.number)).toEqual([2]);
    expect((await events()).at(-1)).toMatch(
      /^hook\.fired hook:pushed: Hook pushed fired for 3 calls: run 2 for/,
    );
  });

  it('trains the circuits that the bodies name', async () => {
    await begin('hooks: {pushed: {sender: bearer, secret: "${env:KEY}", circuits_from_body: true}}\n');
    await call('pushed', { circuits: ['p_c000'] });
    await call('pushed', { circuits: ['p_c002', 'p_c000'] });
    await turn();
    const [run] = await runs();
    expect(run?.params).toMatchObject({ selected: ['p_c000', 'p_c002'], summary: { train: 2 } });
  });

  it('that can start nothing says why, and the same call may come again', async () => {
    await begin('hooks: {pushed: {sender: bearer, secret: "${env:KEY}", circuits_from_body: true}}\n');
    await call('pushed', { circuits: ['p_c00'] }, 'one');
    await turn();
    expect(await calls()).toEqual(['failed']);
    expect((await events()).at(-1)).toMatch(/^hook\.failed hook:pushed: Hook pushed failed: .*p_c00/);
    // Within a minute it is one that somebody recorded, or a sender in a hurry.
    expect(await call('pushed', { circuits: ['p_c000'] }, 'one')).toMatchObject({
      again: true,
      delivery: { outcome: 'failed' },
    });
    w.clock.jumpTo(w.clock.now() + 60_000);
    expect(await call('pushed', { circuits: ['p_c000'] }, 'one')).toMatchObject({ again: false });
    await turn();
    expect(await calls()).toEqual(['started 1']);
  });

  it('does what the others are for where one names a circuit that is not there', async () => {
    await begin('hooks: {pushed: {sender: bearer, secret: "${env:KEY}", circuits_from_body: true}}\n');
    for (const circuit of ['p_none', 'p_c000', 'p_c001']) await call('pushed', { circuits: [circuit] });
    await turn();
    expect(await calls()).toEqual(['failed', 'merged 1', 'started 1']);
  });

  it('tries failed calls again when somebody asks for it, on record', async () => {
    await begin(PUSHED);
    await w.write('config/circuits.yaml', 'circuits: [');
    await call('pushed', { n: 1 });
    await call('pushed', { n: 2 });
    await turn();
    expect(await calls()).toEqual(['failed', 'failed']);
    await w.write(
      'config/circuits.yaml',
      'circuits: [{plant_id: p, circuit_id: a}]\ndefaults: {cutoff_date: "2026-01-31", training_days: 30}\n',
    );
    // Those that failed together are tried together.
    expect(await retryDeliveries(w.project, 'pushed', null, person('ada'))).toBe(2);
    await turn();
    expect(await calls()).toEqual(['merged 1', 'started 1']);
    expect(
      (await events()).some((line) => line.startsWith('hook.retried ada: ada had 2 calls of hook pushed')),
    ).toBe(true);
    await expect(retryDeliveries(w.project, 'pushed', ['dlv_none'], person('ada'))).rejects.toThrow(
      'None of these calls of hook pushed failed.',
    );
  });

  it('leaves it on record when there is nothing to train, and starts no run', async () => {
    await begin(PUSHED);
    await call('pushed', { n: 1 });
    await turn();
    await w.settle();
    await call('pushed', { n: 2 });
    await turn();
    expect(await calls()).toEqual(['started 1', 'nothing']);
    expect(await runs()).toEqual([]);
  });

  it('is not told of twice what it is not for, and keeps only the newest of that', async () => {
    await begin('hooks: {pushed: {sender: github, secret: "${env:KEY}", branches: [main]}}\n');
    for (let n = 0; n < 520; n++) await call('pushed', { ...PUSH, ref: `refs/heads/work-${n}` });
    const kept = await listDeliveries(w.project.store.db, { hook: 'pushed', limit: 1000 });
    expect(kept).toHaveLength(500);
    expect(kept[0]).toMatchObject({ outcome: 'ignored', branch: 'work-519' });
    expect(await ticker.next()).toBeNull();
    expect(await events()).toEqual([]);
  });

  it('takes a call that it was not for, once it is', async () => {
    await begin('hooks: {pushed: {sender: github, secret: "${env:KEY}", branches: [main]}}\n');
    const work = { ...PUSH, ref: 'refs/heads/work' };
    expect(await call('pushed', work)).toMatchObject({ delivery: { outcome: 'ignored' } });
    const { pushed } = w.project.settings.hooks;
    if (pushed === undefined) throw new Error('It is gone.');
    await w.project.takeUp({ ...w.project.settings, hooks: { pushed: { ...pushed, branches: ['work'] } } });
    expect(await call('pushed', work)).toMatchObject({ again: false, delivery: { outcome: 'waiting' } });
  });

  it('goes by the circuits of calls only where it says so now', async () => {
    await begin('hooks: {pushed: {sender: bearer, secret: "${env:KEY}"}}\n');
    await call('pushed', { n: 1 });
    const { pushed } = w.project.settings.hooks;
    if (pushed === undefined) throw new Error('It is gone.');
    await w.project.takeUp({
      ...w.project.settings,
      hooks: { pushed: { ...pushed, circuits_from_body: true } },
    });
    await call('pushed', { circuits: ['p_c000'] });
    await turn();
    // The first names none: it is for what needs training, and goes by itself.
    expect(await calls()).toEqual(['started 1', 'waiting']);
    expect((await runs())[0]?.params).toMatchObject({ selected: null });
  });

  it('that this process does not know yet keeps its calls until it does', async () => {
    const settings = 'hooks: {pushed: {sender: github, secret: "${env:KEY}"}}\n';
    await begin(settings);
    await call('pushed', PUSH);
    const older = await testWorld({ environment: null, env: { KEY } });
    try {
      const watch = new SettingsWatch(older.project);
      await watch.look();
      await older.write('trainyard.yaml', `provider: simulated\n${settings}`);
      // As if it were a process beside, which began before the hook was there.
      const beside = { ...older.project, store: w.project.store, clock: w.clock };
      w.clock.jumpTo(w.clock.now() + 10_000);
      const heard: string[] = [];
      const other = hooksTicker(beside, watch, end.signal, (line) => heard.push(line));
      older.clock.jumpTo(older.clock.now() + 10_000);
      await watch.look();
      expect(watch.restart_for).toEqual(['hooks']);
      expect(await other.next()).toBe(w.clock.now() + 10_000);
      await other.tick(w.clock.now());
      expect(await calls()).toEqual(['waiting']);
      expect(heard).toEqual(['Hook pushed was called and is not known here: start this process again.']);
    } finally {
      await older[Symbol.asyncDispose]();
    }
  });

  it('that is gone from trainyard.yaml while calls wait does not keep them waiting', async () => {
    await begin(PUSHED);
    await call('pushed', { n: 1 });
    await w.write('trainyard.yaml', 'provider: simulated\n');
    await w.project.takeUp({ ...w.project.settings, hooks: {} });
    await turn();
    expect(await calls()).toEqual(['failed']);
  });

  it('without its secret takes nothing', async () => {
    await begin(PUSHED, { env: {} });
    await expect(call('pushed', { n: 1 })).rejects.toMatchObject({
      code: 'provider_unavailable',
      message: 'Hook pushed takes nothing: KEY is not set.',
    });
    expect(await calls()).toEqual([]);
  });
});

describe('a hook that brings the checkout up to date', () => {
  const git = (folder: string, ...args: string[]): string =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=T', '-c', 'user.email=t@example.com', ...args], {
      encoding: 'utf8',
    });
  let elsewhere: string;
  afterEach(() => rm(elsewhere, { recursive: true, force: true }));

  /** The project as a clone of a repository in which somebody else goes on. */
  async function cloned(): Promise<void> {
    await begin(
      'hooks: {pushed: {sender: github, secret: "${env:KEY}", pull: true}, too: {sender: github, secret: "${env:KEY}", pull: true}}\n',
    );
    elsewhere = await mkdtemp(join(tmpdir(), 'trainyard-pull-'));
    git(w.root, 'init', '-q', '-b', 'main');
    await w.write('.gitignore', '.trainyard\n');
    git(w.root, 'add', '.');
    git(w.root, 'commit', '-qm', 'one');
    git(elsewhere, 'clone', '-q', '--bare', w.root, 'origin');
    git(w.root, 'remote', 'add', 'origin', join(elsewhere, 'origin'));
    git(w.root, 'fetch', '-q');
    git(w.root, 'branch', '-q', '--set-upstream-to=origin/main');
    git(elsewhere, 'clone', '-q', 'origin', 'other');
  }
  async function pushFleet(circuits: string): Promise<void> {
    const other = join(elsewhere, 'other');
    await rm(join(other, 'config/circuits.yaml'));
    execFileSync('tee', [join(other, 'config/circuits.yaml')], { input: circuits });
    git(other, 'commit', '-qam', 'two');
    git(other, 'push', '-q');
  }
  /** git answers in its own time. */
  async function turnUntil(done: () => Promise<boolean>): Promise<void> {
    for (let i = 0; i < 500 && !(await done()); i++) {
      await ticker.tick(w.clock.now());
      await sleep(20);
    }
  }
  const decided = async (): Promise<boolean> => !(await calls()).includes('waiting');
  const FIVE = `defaults: {cutoff_date: "2026-01-31", training_days: 30}\ncircuits:\n${[0, 1, 2, 3, 4].map((n) => `  - {plant_id: p, circuit_id: d${n}}`).join('\n')}\n`;

  it('plans what was pushed', async () => {
    await cloned();
    await pushFleet(FIVE);
    await call('pushed', PUSH);
    await turnUntil(decided);
    expect(await calls()).toEqual(['started 1']);
    expect((await runs())[0]?.params).toMatchObject({ summary: { train: 5 } });
  });

  it('starts nothing where somebody changed the same file here, and leaves that alone', async () => {
    await cloned();
    await pushFleet(FIVE);
    await w.write('config/circuits.yaml', 'circuits: [{plant_id: p, circuit_id: mine}]\n');
    await call('pushed', PUSH);
    await turnUntil(decided);
    expect(await calls()).toEqual(['failed']);
    expect(await runs()).toEqual([]);
    expect(git(w.root, 'diff', '--stat')).toContain('config/circuits.yaml');
  });

  it('asks git once for all hooks that are called', async () => {
    await cloned();
    await pushFleet(FIVE);
    await call('pushed', PUSH);
    await call('too', PUSH);
    await turnUntil(async () =>
      [...(await calls()), ...(await calls('too'))].every((each) => each !== 'waiting'),
    );
    expect(await calls()).toEqual(['started 1']);
    // Its run is open and has all circuits in hand.
    expect(await calls('too')).toEqual(['nothing']);
  });

  it('overwrites no file that git ignores', async () => {
    await cloned();
    const other = join(elsewhere, 'other');
    await w.write('.gitignore', '.trainyard\nlocal.env\n');
    git(w.root, 'commit', '-qam', 'ignored');
    git(w.root, 'push', '-q', 'origin', 'main');
    git(other, 'pull', '-q');
    execFileSync('tee', [join(other, 'local.env')], { input: 'theirs' });
    git(other, 'add', '-f', 'local.env');
    git(other, 'commit', '-qm', 'theirs');
    git(other, 'push', '-q');
    await w.write('local.env', 'mine');
    await call('pushed', PUSH);
    await turnUntil(decided);
    expect(await calls()).toEqual(['failed']);
    expect(await readFile(join(w.root, 'local.env'), 'utf8')).toBe('mine');
  });

  it('does not keep the process when it is gone while git asks', async () => {
    await cloned();
    await call('pushed', PUSH);
    await ticker.tick(w.clock.now());
    expect(ticker.busy?.()).toBe(true);
    await w.write('trainyard.yaml', 'provider: simulated\n');
    await turnUntil(decided);
    expect(await calls()).toEqual(['failed']);
    expect(ticker.busy?.()).toBe(false);
  });

  it('starts nothing where the trainyard.yaml that was pushed cannot be used', async () => {
    await cloned();
    const other = join(elsewhere, 'other');
    execFileSync('tee', [join(other, 'trainyard.yaml')], { input: 'provider: [' });
    git(other, 'commit', '-qam', 'broken');
    git(other, 'push', '-q');
    await call('pushed', PUSH);
    await turnUntil(decided);
    expect(await calls()).toEqual(['failed']);
    expect((await events()).at(-1)).toMatch(/trainyard\.yaml as it was pulled cannot be used/);
  });

  it('says so where git cannot reach the other side', async () => {
    await cloned();
    await rm(join(elsewhere, 'origin'), { recursive: true });
    await call('pushed', PUSH);
    await turnUntil(decided);
    expect(await calls()).toEqual(['failed']);
    expect((await events()).at(-1)).toMatch(/git fetch did not work/);
  });
});
