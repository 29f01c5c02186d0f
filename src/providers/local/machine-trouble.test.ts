import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Observation, Submission } from '../../jobs/compute.ts';
import { systemClock, type Clock } from '../../kernel/clock.ts';
import { ProviderError, UsageError } from '../../kernel/errors.ts';
import { fileError } from '../../kernel/files.ts';
import { TestClock } from '../../testing/test-clock.ts';
import { LocalHarness, environmentOf, testEnv } from './local-harness.ts';
import { Setback, isMachineTrouble } from './machine-trouble.ts';
import { findProgram, pathOf } from './python.ts';

describe('isMachineTrouble', () => {
  const system = (code: string, path: string): Error =>
    Object.assign(new Error(`${code}: it failed, open '${path}'`), { code, path, syscall: 'open' });

  it('is what runs out on a machine, and whatever is wrong below the state folder', () => {
    for (const error of [
      system('ENOSPC', '/elsewhere'),
      fileError('write x', system('EMFILE', '/elsewhere')),
      system('EACCES', '/p/.trainyard/jobs'),
      system('ENOTDIR', '/p/.trainyard'),
      new ProviderError('local', 'No usable Python.', { retryable: false }),
    ]) {
      expect(isMachineTrouble(error, '/p/.trainyard')).toBe(true);
    }
  });

  it('is nothing that the component or the circuit has to set right', () => {
    for (const error of [
      system('EACCES', '/p/code/train.py'),
      system('ENOENT', '/p/.trainyard-other/x'),
      new UsageError('The environment variable X is not set.'),
    ]) {
      expect(isMachineTrouble(error, '/p/.trainyard')).toBe(false);
    }
  });
});

describe('Setback', () => {
  it('waits twice as long after each failed try, up to a minute, and begins anew after a good one', async () => {
    const clock = new TestClock(0);
    const tries: number[] = [];
    const failing: Setback = new Setback(clock, new AbortController().signal, () => {
      tries.push(clock.now());
      failing.begin(new Error('full'));
    });
    failing.begin(new Error('full'));
    failing.begin(new Error('what fails meanwhile waits along'));
    await clock.advance(240_000);
    const waits = (): number[] => tries.map((at, i) => at - (tries[i - 1] ?? 0));
    expect(waits()).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    failing.over();
    await clock.advance(5000);
    expect(waits().slice(10)).toEqual([60_000, 250, 500]);
  });

  it('is told from the third failed try on, once each, as something that passes', async () => {
    const clock = new TestClock(0);
    const setback = new Setback(clock, new AbortController().signal, () => undefined);
    const told: (string | undefined)[] = [];
    for (let i = 0; i < 4; i++) {
      setback.begin(new Error('no space'));
      told.push(setback.takeComplaint()?.message, setback.takeComplaint()?.message);
      await clock.advance(60_000);
    }
    const complaint = expect.stringContaining('no space');
    expect(told).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      complaint,
      undefined,
      complaint,
      undefined,
    ]);
  });
});

/** The state of an attempt; `complaints` gathers what `list` throws in between. */
async function look(
  h: LocalHarness,
  s: Submission,
  complaints: Error[] = [],
): Promise<Observation | undefined> {
  try {
    const { observations } = await h.compute.list({ run_id: s.run_id, cursor: null });
    return observations.find((o) => o.key === s.key);
  } catch (error) {
    if (!(error instanceof ProviderError) || !error.retryable) throw error;
    complaints.push(error);
    return undefined;
  }
}

async function ended(h: LocalHarness, s: Submission): Promise<Observation> {
  for (let i = 0; i < 1000; i++) {
    const o = await look(h, s);
    if (o !== undefined && !['queued', 'preparing', 'running'].includes(o.state)) return o;
    await h.pass();
  }
  throw new Error(`${s.key} does not end`);
}

async function complained(h: LocalHarness, s: Submission): Promise<string> {
  const complaints: Error[] = [];
  for (let i = 0; i < 500; i++) {
    const o = await look(h, s, complaints);
    if (o !== undefined) expect(o.state).toBe('queued');
    if (complaints[0] !== undefined) return complaints[0].message;
    await h.pass();
  }
  throw new Error('Nobody hears of it.');
}

const batchOf = (h: LocalHarness, count: number, command = 'true'): Submission[] => {
  const first = h.command(command);
  return [first, ...Array.from({ length: count - 1 }, () => h.command(command, { run_id: first.run_id }))];
};

async function starts(h: LocalHarness, s: Submission): Promise<number[]> {
  return (await h.ledger(s.run_id)).map((entry) => entry.started);
}

/** Waits a tenth of what it is asked to. */
const hurried: Clock = {
  now: systemClock.now,
  sleep: (ms, signal) => systemClock.sleep(ms / 10, signal),
};

describe.concurrent('an attempt on a machine in trouble', () => {
  it('waits while the state folder cannot take its code, says so, and then runs with all others, once each', async () => {
    await using h = await LocalHarness.create({ clock: hurried });
    const batch = batchOf(h, 12);
    mkdirSync(h.state, { recursive: true });
    writeFileSync(join(h.state, 'code'), 'in the way');
    await h.compute.submit(batch);
    const [first] = batch;
    if (first === undefined) throw new Error('unreachable: the batch has 12');
    expect(await complained(h, first)).toContain(join(h.state, 'code'));
    rmSync(join(h.state, 'code'));
    for (const s of batch) expect((await ended(h, s)).state).toBe('succeeded');
    expect(await starts(h, first)).toEqual(batch.map(() => 1));
  });

  it('can be canceled while it waits', async () => {
    await using h = await LocalHarness.create({ clock: hurried });
    const [s] = batchOf(h, 1);
    if (s === undefined) throw new Error('unreachable: the batch has 1');
    mkdirSync(h.state, { recursive: true });
    writeFileSync(join(h.state, 'code'), 'in the way');
    await h.compute.submit([s]);
    await complained(h, s);
    await h.compute.cancel(s.run_id, [s.key]);
    expect((await look(h, s))?.state).toBe('canceled');
  });

  it('waits while there is no Python any more, which preflight finds, and runs once it is back', async () => {
    const path = testEnv()['PATH'] ?? '';
    await using h = await LocalHarness.create({ clock: hurried });
    const bin = join(h.project, 'bin');
    mkdirSync(bin);
    symlinkSync(findProgram('python3', path) ?? '', join(bin, 'python3'));
    const PATH = [bin, '/nowhere'].join(':');
    await h.compute.close();
    h.compute = h.open({ env: { ...testEnv(), PATH } });
    const s = h.command('python -S -c pass');
    expect((await h.compute.preflight([s])).problems).toEqual([]);
    rmSync(join(bin, 'python3'));
    expect((await h.compute.preflight([s])).problems).toMatchObject([{ kind: 'compute', circuit_ids: [] }]);
    await h.compute.submit([s]);
    expect(await complained(h, s)).toContain('No usable Python');
    symlinkSync(findProgram('python3', path) ?? '', join(bin, 'python3'));
    expect((await ended(h, s)).state).toBe('succeeded');
  });

  it('waits while the launcher dies at once, and says where it may have said why', async () => {
    await using h = await LocalHarness.create({ clock: hurried });
    const real = findProgram('python3', pathOf(testEnv())) ?? '';
    const bin = join(h.project, 'bin');
    mkdirSync(bin);
    // Answers questions; starts nothing.
    const broken = `#!/bin/sh\ncase "$*" in *launcher.py*) exit 1;; esac\n[ "$2" = -c ] && echo ${join(bin, 'python3')} && echo 3.11.0\n`;
    writeFileSync(join(bin, 'python3'), broken, { mode: 0o755 });
    await h.compute.close();
    h.compute = h.open({ env: { ...testEnv(), PATH: `${bin}:${pathOf(testEnv())}` } });
    const batch = batchOf(h, 3);
    await h.compute.submit(batch);
    const [first] = batch;
    if (first === undefined) throw new Error('unreachable: the batch has 3');
    expect(await complained(h, first)).toContain('stderr.log');
    rmSync(join(bin, 'python3'));
    symlinkSync(real, join(bin, 'python3'));
    for (const s of batch) expect((await ended(h, s)).state).toBe('succeeded');
    expect(await starts(h, first)).toEqual([1, 1, 1]);
  });

  it.runIf(process.platform === 'linux')(
    'comes back from a launcher that has no file handles left, and runs once it has',
    async () => {
      await using h = await LocalHarness.create({ clock: hurried });
      const warm = h.command('true');
      await h.compute.submit([warm]);
      await ended(h, warm);
      const pid = h.facts().flatMap((f) => (f.e === 'open' ? f.pid : []))[0] ?? 0;
      const taken = readdirSync(`/proc/${pid}/fd`).map(Number);
      limitHandles(
        pid,
        [...taken, -1].findIndex((_, i) => !taken.includes(i)),
      );
      const batch = batchOf(h, 3);
      const [first] = batch;
      if (first === undefined) throw new Error('unreachable: the batch has 3');
      await h.compute.submit(batch);
      expect(await complained(h, first)).toContain('Too many open files');
      limitHandles(pid, 1024);
      for (const s of batch) expect((await ended(h, s)).state).toBe('succeeded');
      expect(await starts(h, first)).toEqual([1, 1, 1]);
    },
  );

  it('waits while nobody can tell how it stands with an earlier process, and is then taken over', async () => {
    await using h = await LocalHarness.create({ clock: hurried });
    const left = h.command('true');
    mkdirSync(h.state, { recursive: true });
    writeFileSync(join(h.state, 'code'), 'in the way');
    await h.compute.submit([left]);
    await h.reopen();
    rmSync(join(h.state, 'code'));
    const [owner = ''] = readdirSync(join(h.state, 'launchers'));
    const file = join(h.state, 'launchers', owner, 'orchestrator.json');
    const text = readFileSync(file);
    rmSync(file);
    mkdirSync(file);
    const s = h.command('true');
    await h.compute.submit([s]);
    expect(await complained(h, s)).toContain('EISDIR');
    rmSync(file, { recursive: true });
    writeFileSync(file, text);
    expect((await ended(h, s)).state).toBe('succeeded');
    expect((await ended(h, left)).state).toBe('succeeded');
    expect([...(await starts(h, left)), ...(await starts(h, s))]).toEqual([1, 1]);
  });
});

function limitHandles(pid: number, count: number): void {
  const code =
    'import resource, sys; pid, n = map(int, sys.argv[1:]); hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]; resource.prlimit(pid, resource.RLIMIT_NOFILE, (n, hard))';
  execFileSync('python3', ['-S', '-c', code, String(pid), String(count)], { env: testEnv() });
}

describe('an environment that cannot be built', () => {
  it('is tried once per process, for all attempts alike', async () => {
    await using h = await LocalHarness.create({ environment: 'managed' });
    const environment = environmentOf([]);
    const folder = join(h.state, 'environments', `env-1-${environment.digest.slice(0, 8)}`);
    mkdirSync(join(h.state, 'environments'), { recursive: true });
    writeFileSync(folder, 'in the way');
    const builds = (): number => readFileSync(`${folder}.log`, 'utf8').split('-m venv').length - 1;
    const first = h.command('true', {}, {}, { environment });
    const batch = [
      first,
      ...[1, 2, 3].map(() => h.command('true', { run_id: first.run_id }, {}, { environment })),
    ];
    await h.compute.submit(batch);
    const failed = {
      state: 'failed',
      reason: 'setup',
      message: expect.stringContaining('Environment env:1 could not be built'),
    };
    const message = await messageOfFailed(h, first, failed);
    for (const s of batch) expect(await messageOfFailed(h, s, failed)).toBe(message);
    const late = h.command('true', {}, {}, { environment });
    await h.compute.submit([late]);
    const o = await ended(h, late);
    expect(o).toMatchObject({ ...failed, message, preparing_s: 0 });
    expect(builds()).toBe(1);
    await h.reopen();
    rmSync(folder);
    const again = h.command('true', {}, {}, { environment });
    await h.compute.submit([again]);
    expect((await ended(h, again)).state).toBe('succeeded');
    expect(existsSync(join(folder, 'ready'))).toBe(true);
    expect(builds()).toBe(2);
  });
});

async function messageOfFailed(h: LocalHarness, s: Submission, failed: object): Promise<string> {
  const o = await ended(h, s);
  expect(o).toMatchObject(failed);
  return o.state === 'failed' ? o.message : '';
}
