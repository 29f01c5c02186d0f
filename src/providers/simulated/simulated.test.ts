import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Compute, Observation, Submission } from '../../jobs/compute.ts';
import { type ComputeHarness, type Work, describeCompute } from '../../testing/compute.conformance.ts';
import { TestClock } from '../../testing/test-clock.ts';
import { type SimulatedOptions, createSimulatedCompute, ledger, loseAttempt } from './index.ts';
import { MODEL, testComponent, testSubmission } from './test-submissions.ts';

let folder: string;
let clock: TestClock;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-simulated-'));
  clock = new TestClock();
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A world for the rules of every provider; a script knows by its key what a submission shall do. */
async function makeHarness(max_parallel: number | null): Promise<ComputeHarness> {
  const state_folder = await mkdtemp(join(tmpdir(), 'trainyard-simulated-'));
  const time = new TestClock();
  const works = new Map<string, Work>();
  const open = (): Compute =>
    createSimulatedCompute({
      state_folder,
      clock: time,
      max_parallel,
      script: ({ key }) => {
        switch (works.get(key)) {
          case 'fail':
            return { failure: { reason: 'user_code', message: 'Ended with exit code 3.', exit_code: 3 } };
          case 'run_long':
            return { duration_s: 100_000 };
          case 'train':
            return { metrics: { mae: 2.5 } };
          default:
            return { log: '' };
        }
      },
    });
  let compute = open();
  let count = 0;
  return {
    get compute() {
      return compute;
    },
    slots: max_parallel,
    submission(work, { note = '', ...changes } = {}) {
      count += 1;
      const component = testComponent(work === 'train' ? { model: MODEL } : {});
      const inputs = { note: { kind: 'literal', value: note } } as const;
      const submission = testSubmission(count, { run_id: `run-${count}`, component, inputs, ...changes });
      works.set(submission.key, work);
      return submission;
    },
    reopen() {
      compute = open();
      return Promise.resolve();
    },
    ledger: async (run_id) =>
      (await ledger(state_folder, run_id)).map(({ key, started }) => ({ key, started })),
    pass: () => time.advance(100),
    lose: (run_id, key) => loseAttempt(state_folder, run_id, key, time.now()),
    [Symbol.asyncDispose]: async () => {
      await compute.close();
      await rm(state_folder, { recursive: true, force: true });
    },
  };
}

describeCompute('simulated, without limit', () => makeHarness(null));
describeCompute('simulated, two at a time', () => makeHarness(2));

const open = (options: Partial<SimulatedOptions> = {}): Compute =>
  createSimulatedCompute({ state_folder: folder, clock, ...options });
const submissions = (count: number, changes: (n: number) => Partial<Submission> = () => ({})): Submission[] =>
  Array.from({ length: count }, (_, n) => testSubmission(n, changes(n)));
const all = async (compute: Compute): Promise<readonly Observation[]> =>
  (await compute.list({ run_id: 'run_1', cursor: null })).observations;
/** Everything of the run once nothing is going on any more. */
async function over(compute: Compute): Promise<readonly Observation[]> {
  await clock.advance(1e9);
  return await all(compute);
}
const messages = (observations: readonly Observation[]): (string | null)[] =>
  observations.map((o) => (o.state === 'failed' ? o.message : null));

describe('createSimulatedCompute', () => {
  it('says that it is a simulation', () => {
    expect(open().describe().title).toMatch(/^simulation, nothing is trained/);
  });

  it('gives the same attempts the same fate for the same seed, however they are handed over', async () => {
    const options = { fail_rate: 0.3, seed: 7 };
    const one = open(options);
    await one.submit(submissions(60));
    const other = open({ ...options, state_folder: join(folder, 'other') });
    for (const submission of submissions(60).toReversed()) await other.submit([submission]);
    const fates = await over(one);
    expect((await all(other)).toSorted(byKey)).toEqual(fates.toSorted(byKey));
    const third = open({ ...options, seed: 8, state_folder: join(folder, 'third') });
    await third.submit(submissions(60));
    expect(messages(await over(third))).not.toEqual(messages(fates));
  });

  it('fails the asked share of attempts, with causes that repeat, and keeps durations within their spread', async () => {
    const compute = open({ fail_rate: 0.2, duration_s: 100, duration_spread: 0.1 });
    await compute.submit(submissions(2000));
    const observations = await over(compute);
    const failed = observations.filter((o) => o.state === 'failed');
    expect(failed.length).toBeGreaterThan(340);
    expect(failed.length).toBeLessThan(460);
    expect(new Set(failed.map((o) => o.reason))).toEqual(
      new Set(['user_code', 'out_of_memory', 'no_capacity', 'preempted', 'provider_error', 'setup']),
    );
    expect(new Set(messages(failed)).size).toBeLessThan(12);
    for (const o of observations) {
      if (o.state === 'succeeded') expect(Math.abs(o.running_s - 100)).toBeLessThanOrEqual(10);
      else expect(o.running_s).toBeLessThan(100);
    }
  });

  it('ends an attempt that finds no capacity before it prepares, and one whose setup fails before it runs', async () => {
    const compute = open({ fail: ['c0=The quota is used up.', 'c1=The image could not be pulled.'] });
    await compute.submit(submissions(2));
    expect(await over(compute)).toMatchObject([
      { reason: 'no_capacity', preparing_s: 0, running_s: 0, running_at: null, exit_code: null },
      { reason: 'setup', preparing_s: 3, running_s: 0, running_at: null, exit_code: null },
    ]);
  });

  it('fails chosen circuits, by id or glob, with a chosen text', async () => {
    const compute = open({ fail: ['c1', 'c1?=CUDA out of memory', 'c2=exit code 3: a=b'] });
    await compute.submit(submissions(13));
    const observations = await over(compute);
    const failed = observations.filter((o) => o.state === 'failed').map((o) => o.key);
    expect(failed).toEqual(['key-1', 'key-2', 'key-10', 'key-11', 'key-12']);
    expect(observations[10]).toMatchObject({ reason: 'out_of_memory', message: 'CUDA out of memory' });
    expect(observations[2]).toMatchObject({ reason: 'user_code', message: 'exit code 3: a=b', exit_code: 3 });
  });

  it('fails only the first attempts where a number says so, counted over job names too', async () => {
    const compute = open({ fail: ['c0:2', 'c1:1=lost'] });
    const attempts = [1, 2, 3].flatMap((attempt) =>
      submissions(2, (n) => ({ key: `key-${n}-${attempt}`, attempt })),
    );
    await compute.submit(attempts);
    await compute.submit([testSubmission(0, { key: 'retry', job_name: 'job_0_retry_20260101_000000' })]);
    const states = new Map((await over(compute)).map((o) => [o.key, o.state]));
    expect(attempts.map((s) => states.get(s.key))).toEqual(
      'failed failed failed succeeded succeeded succeeded'.split(' '),
    );
    expect(states.get('retry')).toBe('succeeded');
  });

  it('counts a retry under a new name as a further attempt of its circuit', async () => {
    const compute = open({ fail: ['c0:1'] });
    await compute.submit([testSubmission(0, { key: 'first' })]);
    await clock.advance(1000);
    const reopened = open({ fail: ['c0:1'] });
    await reopened.submit([testSubmission(0, { key: 'retry' })]);
    expect((await over(reopened)).map((o) => o.state)).toEqual(['failed', 'succeeded']);
  });

  it('times an attempt out at its limit, and leaves one alone that just keeps it', async () => {
    const compute = open({ duration_s: 40, duration_spread: 0 });
    await compute.submit(submissions(2, (n) => ({ timeout_s: 39 + n })));
    expect(await over(compute)).toMatchObject([
      { state: 'failed', reason: 'timed_out', running_s: 39, message: expect.stringContaining('39 s') },
      { state: 'succeeded', running_s: 40 },
    ]);
  });

  it('runs as fast as told, while clocks stay virtual', async () => {
    const compute = open({ speed: 10, duration_s: 50, duration_spread: 0, queue_s: 0, prepare_s: 0 });
    await compute.submit([testSubmission(1)]);
    await clock.advance(4900);
    expect(await all(compute)).toMatchObject([{ state: 'running', running_s: 49 }]);
    await clock.advance(100);
    expect(await all(compute)).toMatchObject([
      {
        state: 'succeeded',
        running_s: 50,
        running_at: '2026-01-01T00:00:00.000Z',
        ended_at: '2026-01-01T00:00:05.000Z',
      },
    ]);
  });

  it('keeps the fate of what it accepted when it is reopened with other options', async () => {
    const compute = open({ fail_rate: 0.5, max_parallel: 3 });
    await compute.submit(submissions(30));
    await clock.advance(40);
    const before = await all(compute);
    const reopened = open({ fail_rate: 0, seed: 99, speed: 1, duration_s: 1, max_parallel: 1 });
    expect(await all(reopened)).toEqual(before);
    expect(await over(reopened)).toEqual(await all(compute));
  });

  it('accepts what a torn line would have held, when it is handed over again after the crash', async () => {
    const compute = open();
    await compute.submit(submissions(3));
    const path = join(folder, 'simulated', 'run_1.ledger.jsonl');
    const line = (await readFile(path, 'utf8')).split('\n')[0]?.replaceAll('key-0', 'key-3') ?? '';
    await appendFile(path, line.slice(0, 50));
    const reopened = open();
    expect((await all(reopened)).map((o) => o.key)).toEqual(['key-0', 'key-1', 'key-2']);
    await reopened.submit(submissions(5));
    expect((await ledger(folder, 'run_1')).map((e) => [e.key, e.started])).toEqual(
      submissions(5).map((s) => [s.key, 1]),
    );
  });

  it('never moves a state back when the machine clock jumps back', async () => {
    const compute = open();
    await compute.submit(submissions(5));
    await clock.advance(20);
    const before = await all(compute);
    clock.jumpTo('2025-12-31T00:00:00.000Z');
    expect(await all(compute)).toEqual(before);
    const reopened = open();
    await reopened.cancel('run_1', ['key-0']);
    const [first, ...others] = await all(reopened);
    expect(first).toMatchObject({ state: 'canceled', ended_at: first?.submitted_at, queued_s: 0 });
    expect(others.map((o) => o.state)).toEqual(['queued', 'queued', 'queued', 'queued']);
  });

  it('sees at once what another process on the same folder submits, cancels and loses', async () => {
    const mine = open();
    const other = open();
    await mine.submit(submissions(3));
    await clock.advance(10);
    await other.cancel('run_1', ['key-0']);
    await loseAttempt(folder, 'run_1', 'key-1', clock.now());
    await other.submit([testSubmission(3)]);
    expect((await all(mine)).map((o) => o.state)).toEqual(['canceled', 'failed', 'running', 'queued']);
  });

  it('answers a cursor with exactly what changed since', async () => {
    const compute = open({ duration_s: 30, duration_spread: 0 });
    await compute.submit(submissions(3));
    let { cursor } = await compute.list({ run_id: 'run_1', cursor: null });
    const changes = async (): Promise<string[]> => {
      const answer = await compute.list({ run_id: 'run_1', cursor });
      cursor = answer.cursor;
      return answer.observations.map((o) => `${o.key} ${o.state}`).toSorted();
    };
    expect(await changes()).toEqual([]);
    await clock.advance(10);
    await compute.cancel('run_1', ['key-1']);
    expect(await changes()).toEqual(['key-0 running', 'key-1 canceled', 'key-2 running']);
    await clock.advance(10);
    expect(await changes()).toEqual([]);
    await clock.advance(1000);
    expect(await changes()).toEqual(['key-0 succeeded', 'key-2 succeeded']);
  });

  it('brings 10,000 attempts through while telling each change about once', async () => {
    const compute = open({ fail_rate: 0.05, max_parallel: 200 });
    const batch = submissions(10_000);
    for (let i = 0; i < batch.length; i += 500) await compute.submit(batch.slice(i, i + 500));
    const ended = new Set<string>();
    let told = 0;
    let cursor: string | null = null;
    while (ended.size < batch.length) {
      const answer: Awaited<ReturnType<Compute['list']>> = await compute.list({ run_id: 'run_1', cursor });
      cursor = answer.cursor;
      told += answer.observations.length;
      for (const o of answer.observations) if ('ended_at' in o) ended.add(o.key);
      await clock.advance(20);
    }
    expect(told).toBeLessThanOrEqual(4 * batch.length);
  });

  it('remembers finished runs beyond those it holds in memory', async () => {
    const compute = open();
    const batch = submissions(40, (n) => ({ run_id: `run-${n}` }));
    await compute.submit(batch);
    await clock.advance(1000);
    for (let round = 0; round < 2; round++) {
      for (const { run_id, key } of batch) {
        expect((await compute.list({ run_id, cursor: null })).observations).toMatchObject([
          { key, state: 'succeeded' },
        ]);
      }
    }
  });

  it('reports the preflight problems it was given to the circuits they name', async () => {
    const problem = { kind: 'quota', message: 'Too few cores.', hint: 'Ask for more.' } as const;
    const compute = open({
      preflight: [
        { ...problem, circuit_ids: [] },
        { ...problem, circuit_ids: ['c1'] },
        { ...problem, circuit_ids: ['c7'] },
      ],
    });
    const { problems } = await compute.preflight(submissions(3));
    expect(problems.map((p) => p.circuit_ids)).toEqual([[], ['c1']]);
  });

  it.each([
    { fail_rate: 2 },
    { speed: 0 },
    { max_parallel: 0 },
    { duration_s: Number.NaN },
    { fail: ['=text'] },
    { fail: ['c1='] },
  ])('refuses %j', (options) => {
    expect(() => open(options)).toThrow(
      expect.objectContaining({ name: 'UsageError', hint: expect.any(String) }),
    );
  });
});

describe('outputs of simulated attempts', () => {
  it('holds the same bytes for every model, and a file for every other declared output', async () => {
    const folderOutput = { type: 'uri_folder', description: null } as const;
    const component = testComponent({ model: MODEL, metrics: folderOutput, report: folderOutput });
    const compute = open();
    await compute.submit(submissions(2, () => ({ component })));
    await over(compute);
    const read = async (key: string, output: string): Promise<[string, string][]> => {
      const outputs = await compute.outputs?.('run_1', key);
      const files = (await outputs?.files(output)) ?? [];
      return await Promise.all(
        files.map(async (f): Promise<[string, string]> => [f.path, (await buffer(f.open())).toString()]),
      );
    };
    for (const key of ['key-0', 'key-1']) {
      expect(await read(key, 'model')).toEqual([['model.json', '{"simulated": true}']]);
      expect(await read(key, 'report')).toEqual([['report.json', '{"simulated": true}']]);
      expect(await read(key, 'toString')).toEqual([]);
    }
    const { metrics } = (await compute.outputs?.('run_1', 'key-1')) ?? {};
    expect(Object.keys(metrics ?? {})).toEqual(['mae', 'rmse', 'skill']);
    const [[path, text] = []] = await read('key-1', 'metrics');
    expect([path, JSON.parse(text ?? '')]).toEqual(['metrics.json', metrics]);
    expect((await compute.outputs?.('run_1', 'key-0'))?.metrics).not.toEqual(metrics);
  });

  it('is empty for an attempt that did not succeed', async () => {
    const compute = open({ fail: ['c0'] });
    await compute.submit([testSubmission(0)]);
    await over(compute);
    const outputs = await compute.outputs?.('run_1', 'key-0');
    expect([outputs?.metrics, await outputs?.files('model')]).toEqual([null, []]);
  });

  it('names the attempt that nobody submitted', async () => {
    await expect(open().outputs?.('run_1', 'key-0')).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('logs of simulated attempts', () => {
  it('only grow, and end with the error text behind a traceback', async () => {
    const compute = open({ fail: ['c0=ValueError: zu wenig Wärme'] });
    await compute.submit([testSubmission(0)]);
    let before = '';
    for (let i = 0; i < 50; i++) {
      const chunk = await compute.logs?.({ run_id: 'run_1', key: 'key-0', offset: 0, limit: 1e6 });
      expect(chunk?.text.startsWith(before)).toBe(true);
      before = chunk?.text ?? '';
      await clock.advance(1);
    }
    expect(before).toMatch(/epoch 3\/\d+ {2}loss \d/);
    expect(before).toMatch(/Traceback \(most recent call last\):\n(?: .*\n)+ValueError: zu wenig Wärme\n$/);
  });

  it('come in pieces that never cut a character', async () => {
    const compute = open({ script: () => ({ log: 'Wärme 水 🚂\n' }) });
    await compute.submit([testSubmission(0)]);
    await over(compute);
    for (const limit of [1, 2, 3, 4, 5, 100]) {
      let text = '';
      for (let offset = 0, ended = false; !ended;) {
        const chunk = await compute.logs?.({ run_id: 'run_1', key: 'key-0', offset, limit });
        text += chunk?.text ?? '';
        offset = chunk?.next_offset ?? 0;
        ended = chunk?.ended ?? true;
      }
      expect(text).toBe('Wärme 水 🚂\n');
    }
  });
});

const byKey = (a: Observation, b: Observation): number => (a.key < b.key ? -1 : 1);
