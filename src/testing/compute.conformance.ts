import { describe, expect, it } from 'vitest';
import type { Capability, Compute, Observation, Submission } from '../jobs/compute.ts';

/**
 * What the work behind a submission does:
 * - `succeed`: ends well at once and prints nothing;
 * - `fail`: ends at once with exit code 3;
 * - `run_long`: goes on for at least ten minutes of the provider's time unless somebody stops it;
 * - `train`: prints the line `trained`, writes a file to the output `model` and `{"mae": 2.5}` as its `metrics.json`.
 */
export type Work = 'succeed' | 'fail' | 'run_long' | 'train';

export type SubmissionChanges = Partial<
  Pick<
    Submission,
    'key' | 'job_name' | 'run_id' | 'circuit_id' | 'attempt' | 'timeout_s' | 'environment_variables'
  >
> & {
  /** A literal value for an input that the work takes and ignores. */
  readonly note?: string;
};

/** Everything the rules need to know about a provider: how to make work for it, break it, and look into its books. */
export interface ComputeHarness extends AsyncDisposable {
  /** The provider; after `reopen` another one. */
  readonly compute: Compute;
  /** How many attempts run at once, so that more of them wait as queued; null: no limit. */
  readonly slots: number | null;
  /** A submission with a key and a run of its own, unless `changes` names them. */
  submission(work: Work, changes?: SubmissionChanges): Submission;
  /** A crash: forgets everything in memory, lets nothing finish, opens again on the same state. */
  reopen(): Promise<void>;
  /** The provider's own books about a run: each accepted key with the number of times its work was started. */
  ledger(run_id: string): Promise<readonly { readonly key: string; readonly started: number }[]>;
  /** Lets a little time pass: real work needs some milliseconds, a simulation moves its clock by about 100 ms. */
  pass(): Promise<void>;
  /** Makes a running attempt vanish without a trace, as if its machine had gone. */
  lose(run_id: string, key: string): Promise<void>;
}

export interface ConformanceOptions {
  /** Rule title to the reason why it cannot hold here; a title that no rule has is an error. */
  readonly skip?: Readonly<Record<string, string>>;
  /** More rules on the same harness. */
  readonly additional?: (rule: (title: string, body: (h: ComputeHarness) => Promise<void>) => void) => void;
}

/** The rules every `Compute` keeps. Call it in a test file of the provider. */
export function describeCompute(
  name: string,
  makeHarness: () => Promise<ComputeHarness>,
  { skip = {}, additional }: ConformanceOptions = {},
): void {
  const titles = new Set<string>();
  const rule = (title: string, body: (h: ComputeHarness) => Promise<void>): void => {
    titles.add(title);
    const reason = skip[title];
    if (reason !== undefined) {
      it.skip(`${title} (skipped: ${reason})`, () => undefined);
      return;
    }
    it(title, { timeout: 30_000 }, async () => {
      await using h = await makeHarness();
      await body(h);
    });
  };

  describe(`compute: ${name}`, () => {
    describe('taking attempts over', () => {
      idempotencyRules(rule);
    });
    describe('listing', () => {
      listingRules(rule);
    });
    describe('outcomes', () => {
      outcomeRules(rule);
    });
    describe('canceling', () => {
      cancelingRules(rule);
    });
    describe('capabilities', () => {
      capabilityRules(rule);
    });
    if (additional !== undefined) describe('of its own', () => additional(rule));
    for (const title of Object.keys(skip)) {
      if (!titles.has(title)) throw new Error(`There is no rule "${title}" to skip.`);
    }
  });
}

type Rule = (title: string, body: (h: ComputeHarness) => Promise<void>) => void;

function idempotencyRules(rule: Rule): void {
  rule('answers one outcome per submission, in their order', async (h) => {
    const first = h.submission('succeed');
    const more = [1, 2, 3, 4].map(() => h.submission('succeed', { run_id: first.run_id }));
    const outcomes = await h.compute.submit([first, ...more]);
    expect(outcomes).toEqual([first, ...more].map((s) => ({ key: s.key, accepted: true })));
    expect(await h.compute.submit([])).toEqual([]);
  });

  rule('does one piece of work for a key that stands twice in a batch', async (h) => {
    const s = h.submission('succeed');
    const outcomes = await h.compute.submit([s, s]);
    expect(outcomes.map((o) => o.accepted)).toEqual([true, true]);
    await ended(h, s.run_id, [s.key]);
    expect(await h.ledger(s.run_id)).toEqual([{ key: s.key, started: 1 }]);
  });

  rule('does one piece of work for a key handed over again while it runs and after it ended', async (h) => {
    const s = h.submission('train');
    await h.compute.submit([s]);
    expect(await h.compute.submit([s])).toEqual([{ key: s.key, accepted: true }]);
    const before = await ended(h, s.run_id, [s.key]);
    expect(await h.compute.submit([s])).toEqual([{ key: s.key, accepted: true }]);
    for (let i = 0; i < 3; i++) await h.pass();
    expect(await all(h, s.run_id)).toEqual(before);
    expect(await h.ledger(s.run_id)).toEqual([{ key: s.key, started: 1 }]);
  });

  rule('does one piece of work for a key handed over by several callers at once', async (h) => {
    const s = h.submission('succeed');
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => h.compute.submit([s])));
    expect(outcomes.flat().every((o) => o.accepted)).toBe(true);
    await ended(h, s.run_id, [s.key]);
    expect(await h.ledger(s.run_id)).toEqual([{ key: s.key, started: 1 }]);
  });

  rule('does one piece of work for a key handed over again after a crash', async (h) => {
    const s = h.submission('train');
    await h.compute.submit([s]);
    await h.reopen();
    expect(await h.compute.submit([s])).toEqual([{ key: s.key, accepted: true }]);
    await ended(h, s.run_id, [s.key]);
    await h.reopen();
    expect(await h.compute.submit([s])).toEqual([{ key: s.key, accepted: true }]);
    expect((await ended(h, s.run_id, [s.key]))[0]?.state).toBe('succeeded');
    expect(await h.ledger(s.run_id)).toEqual([{ key: s.key, started: 1 }]);
  });

  rule('finishes what it accepted after a crash, without being asked again, each attempt once', async (h) => {
    const first = h.submission('train');
    const batch = [
      first,
      ...Array.from({ length: 5 }, () => h.submission('train', { run_id: first.run_id })),
    ];
    await h.compute.submit(batch);
    await h.reopen();
    const observations = await ended(
      h,
      first.run_id,
      batch.map((s) => s.key),
    );
    expect(observations.map((o) => o.state)).toEqual(batch.map(() => 'succeeded'));
    const books = await h.ledger(first.run_id);
    expect(books.map((entry) => entry.started)).toEqual(batch.map(() => 1));
  });
}

function listingRules(rule: Rule): void {
  rule('lists every accepted attempt of the run and no others', async (h) => {
    const first = h.submission('succeed');
    const second = h.submission('succeed', { run_id: first.run_id });
    const other = h.submission('succeed');
    await h.compute.submit([first, other, second]);
    expect(keysOf(await all(h, first.run_id))).toEqual([first.key, second.key].toSorted());
    expect(keysOf(await all(h, other.run_id))).toEqual([other.key]);
    expect(await all(h, `${first.run_id}-unknown`)).toEqual([]);
    await h.reopen();
    expect(keysOf(await all(h, first.run_id))).toEqual([first.key, second.key].toSorted());
  });

  rule(
    'answers a cursor with at least what changed since, and a strange cursor with everything',
    async (h) => {
      const first = h.submission('succeed');
      await h.compute.submit([first]);
      await ended(h, first.run_id, [first.key]);
      const seen = await h.compute.list({ run_id: first.run_id, cursor: null });
      const second = h.submission('succeed', { run_id: first.run_id });
      await h.compute.submit([second]);
      const changed = await h.compute.list({ run_id: first.run_id, cursor: seen.cursor });
      expect(keysOf(changed.observations)).toContain(second.key);
      const strange = await h.compute.list({ run_id: first.run_id, cursor: 'not a cursor of this provider' });
      expect(keysOf(strange.observations)).toEqual([first.key, second.key].toSorted());
      await h.reopen();
      const later = await h.compute.list({ run_id: first.run_id, cursor: changed.cursor });
      const known = new Map([...changed.observations, ...later.observations].map((o) => [o.key, o]));
      expect(known.has(second.key)).toBe(true);
    },
  );

  rule('moves states only forward and never takes a start back', async (h) => {
    const first = h.submission('train');
    const batch = [
      first,
      ...Array.from({ length: 4 }, () => h.submission('train', { run_id: first.run_id })),
    ];
    await h.compute.submit(batch);
    const last = new Map<string, Observation>();
    for (let i = 0; ; i++) {
      const observations = await all(h, first.run_id);
      for (const o of observations) {
        const before = last.get(o.key);
        if (before !== undefined) {
          expect(RANK[o.state]).toBeGreaterThanOrEqual(RANK[before.state]);
          expect(o.submitted_at).toBe(before.submitted_at);
          if (before.running_at !== null) expect(o.running_at).toBe(before.running_at);
          for (const [phase, clock] of CLOCKS.entries()) {
            // A phase's clock runs while the phase does and stands still once it is over.
            if (RANK[before.state] > phase) expect(o[clock]).toBe(before[clock]);
            else if (o.state === before.state) expect(o[clock]).toBeGreaterThanOrEqual(before[clock]);
          }
        }
        last.set(o.key, o);
      }
      if (observations.every(isEnded)) break;
      if (i > MOST_LOOKS)
        throw new Error(`Not over after ${i} looks: ${observations.map((o) => o.state).join(', ')}`);
      if (i === 2) await h.reopen();
      await h.pass();
    }
  });

  rule('keeps the clocks and times of ended attempts, after a crash too', async (h) => {
    const good = h.submission('train');
    const bad = h.submission('fail', { run_id: good.run_id });
    await h.compute.submit([good, bad]);
    const before = await ended(h, good.run_id, [good.key, bad.key]);
    for (let i = 0; i < 3; i++) await h.pass();
    expect(await all(h, good.run_id)).toEqual(before);
    await h.reopen();
    expect(await all(h, good.run_id)).toEqual(before);
    for (const o of before) {
      if (!isEnded(o)) throw new Error('unreachable: ended() waits for it');
      for (const time of [o.submitted_at, o.running_at, o.ended_at])
        expect(time).toMatch(/^\d{4}-.*T.*\.\d{3}Z$/);
      expect(o.ended_at >= (o.running_at ?? '')).toBe(true);
      expect((o.running_at ?? '') >= o.submitted_at).toBe(true);
      for (const clock of CLOCKS) expect(o[clock]).toBeGreaterThanOrEqual(0);
    }
  });
}

function outcomeRules(rule: Rule): void {
  rule('reports success with its exit code', async (h) => {
    const s = h.submission('succeed');
    await h.compute.submit([s]);
    expect(await ended(h, s.run_id, [s.key])).toMatchObject([
      { key: s.key, state: 'succeeded', exit_code: 0 },
    ]);
  });

  rule('reports failed work with reason, exit code and a message of one line', async (h) => {
    const s = h.submission('fail');
    await h.compute.submit([s]);
    const [o] = await ended(h, s.run_id, [s.key]);
    expect(o).toMatchObject({ state: 'failed', reason: 'user_code', exit_code: 3 });
    expect(o?.state === 'failed' ? o.message : '').toMatch(/^\S.*$/);
  });

  rule('ends work that exceeds its timeout as timed out', async (h) => {
    const s = h.submission('run_long', { timeout_s: 0.3 });
    await h.compute.submit([s]);
    const [o] = await ended(h, s.run_id, [s.key]);
    expect(o).toMatchObject({ state: 'failed', reason: 'timed_out' });
    expect(o?.running_s).toBeGreaterThanOrEqual(0.25);
  });

  rule('reports an attempt that vanished as lost', async (h) => {
    const s = h.submission('run_long');
    await h.compute.submit([s]);
    await until(h, s.run_id, (list) => list.some((o) => o.state === 'running'));
    await h.lose(s.run_id, s.key);
    expect(await ended(h, s.run_id, [s.key])).toMatchObject([
      { key: s.key, state: 'failed', reason: 'lost' },
    ]);
  });

  rule('takes 100 kB of environment', async (h) => {
    const s = h.submission('train', { environment_variables: { TRAINYARD_TEST_LARGE: 'x'.repeat(100_000) } });
    await h.compute.submit([s]);
    expect(await ended(h, s.run_id, [s.key])).toMatchObject([{ state: 'succeeded' }]);
  });

  rule('takes any text in circuits, job names and values', async (h) => {
    for (const text of [
      'Pümpe 2/β-Kreis 水 🚂',
      `"'$(exit 9)\`exit 9\`; exit 9 #`,
      'line\nbreak\ttab \\ %s',
      '-n',
      ' ',
    ]) {
      const s = h.submission('train', {
        circuit_id: text,
        job_name: text,
        note: text,
        environment_variables: { TRAINYARD_TEST_TEXT: text },
      });
      await h.compute.submit([s]);
      expect(await ended(h, s.run_id, [s.key])).toMatchObject([{ state: 'succeeded' }]);
    }
  });
}

function cancelingRules(rule: Rule): void {
  rule('is silent about unknown and ended attempts', async (h) => {
    const s = h.submission('succeed');
    await h.compute.submit([s]);
    const before = await ended(h, s.run_id, [s.key]);
    await h.compute.cancel(s.run_id, [s.key, `${s.key}-unknown`]);
    await h.compute.cancel(`${s.run_id}-unknown`, [s.key]);
    await h.compute.cancel(s.run_id, []);
    expect(await all(h, s.run_id)).toEqual(before);
  });

  rule('ends running and queued attempts as canceled, and only those named', async (h) => {
    const first = h.submission('run_long');
    const count = (h.slots ?? 2) + 2;
    const batch = [
      first,
      ...Array.from({ length: count }, () => h.submission('run_long', { run_id: first.run_id })),
    ];
    const keys = batch.map((s) => s.key);
    await h.compute.submit(batch);
    await until(
      h,
      first.run_id,
      (list) => list.filter((o) => o.state === 'running').length >= Math.min(2, h.slots ?? 2),
    );
    if (h.slots !== null) expect((await all(h, first.run_id)).some((o) => o.state === 'queued')).toBe(true);
    const spared = keys.at(-1) ?? '';
    await h.compute.cancel(first.run_id, keys.slice(0, -1));
    const over = await ended(h, first.run_id, keys.slice(0, -1));
    expect(over.map((o) => o.state)).toEqual(over.map(() => 'canceled'));
    expect((await all(h, first.run_id)).find((o) => o.key === spared)).not.toMatchObject({
      state: 'canceled',
    });
    await h.compute.cancel(first.run_id, [spared]);
    expect(await ended(h, first.run_id, [spared])).toMatchObject([{ state: 'canceled' }]);
  });

  rule('ends attempts as canceled that were handed over before a crash', async (h) => {
    const running = h.submission('run_long');
    const queued = Array.from({ length: (h.slots ?? 1) + 1 }, () =>
      h.submission('run_long', { run_id: running.run_id }),
    );
    const keys = [running, ...queued].map((s) => s.key);
    await h.compute.submit([running, ...queued]);
    await until(h, running.run_id, (list) => list.some((o) => o.state === 'running'));
    await h.reopen();
    await h.compute.cancel(running.run_id, keys);
    const over = await ended(h, running.run_id, keys);
    expect(over.map((o) => o.state)).toEqual(keys.map(() => 'canceled'));
    await h.reopen();
    expect(await all(h, running.run_id)).toEqual(over);
  });

  rule('starts nothing for a canceled key that is handed over again', async (h) => {
    const s = h.submission('run_long');
    await h.compute.submit([s]);
    await h.compute.cancel(s.run_id, [s.key]);
    const before = await ended(h, s.run_id, [s.key]);
    const started = await h.ledger(s.run_id);
    await h.compute.submit([s]);
    for (let i = 0; i < 3; i++) await h.pass();
    expect(await all(h, s.run_id)).toEqual(before);
    expect(await h.ledger(s.run_id)).toEqual(started);
  });
}

function capabilityRules(rule: Rule): void {
  rule('has exactly the optional methods it declares, and a reason for each it lacks', async (h) => {
    const { name, title, capabilities } = h.compute.describe();
    expect(name).toMatch(/^[a-z]+$/);
    expect(title).not.toBe('');
    expect(typeof h.compute.logs).toBe(capabilities.logs === true ? 'function' : 'undefined');
    expect(typeof h.compute.outputs).toBe(capabilities.outputs === true ? 'function' : 'undefined');
    expect(typeof h.compute.capacity).toBe(capabilities.capacity === true ? 'function' : 'undefined');
    expect(typeof h.compute.watch).toBe(capabilities.push === true ? 'function' : 'undefined');
    const all: readonly Capability[] = Object.values(capabilities);
    for (const capability of all) if (capability !== true) expect(capability).toMatch(/\w.*\./);
  });

  rule(
    'finds nothing wrong with work that will succeed, before the first job and in its own check',
    async (h) => {
      expect((await h.compute.preflight([h.submission('succeed'), h.submission('train')])).problems).toEqual(
        [],
      );
      const checks = await h.compute.check();
      expect(checks.length).toBeGreaterThan(0);
      expect(checks.filter((c) => !c.ok)).toEqual([]);
    },
  );

  rule(
    'tells how much room there is: never more than it has, and none where all of it is taken',
    async (h) => {
      const { compute } = h;
      if (compute.capacity === undefined) return;
      const idle = await compute.capacity();
      expect(idle.message).toMatch(/\w/);
      expect(idle.slots).toBe(h.slots);
      expect(idle.free).toBe(h.slots);
      if (h.slots === null) return;
      const first = h.submission('run_long');
      const batch = [first];
      while (batch.length < h.slots) batch.push(h.submission('run_long', { run_id: first.run_id }));
      await compute.submit(batch);
      await until(h, first.run_id, (list) => list.filter((o) => o.state === 'running').length === h.slots);
      expect((await compute.capacity()).free).toBe(0);
      await h.reopen();
      await all(h, first.run_id);
      expect((await h.compute.capacity?.())?.free).toBe(0);
      const keys = batch.map((s) => s.key);
      await h.compute.cancel(first.run_id, keys);
      await ended(h, first.run_id, keys);
      expect((await h.compute.capacity?.())?.free).toBe(h.slots);
    },
  );

  rule('gives the usage of ended attempts where it declares so, and nulls where it does not', async (h) => {
    const s = h.submission('train');
    await h.compute.submit([s]);
    const [o] = await ended(h, s.run_id, [s.key]);
    if (h.compute.describe().capabilities.usage === true) {
      expect(o?.usage.cpu_s).toBeGreaterThanOrEqual(0);
      expect(o?.usage.peak_memory_mib).toBeGreaterThan(0);
    } else {
      expect(o?.usage).toEqual({ cpu_s: null, peak_memory_mib: null });
    }
  });

  rule('hands out outputs and metrics after success, after a crash too', async (h) => {
    if (h.compute.outputs === undefined) return;
    const s = h.submission('train');
    const bare = h.submission('succeed', { run_id: s.run_id });
    await h.compute.submit([s, bare]);
    await ended(h, s.run_id, [s.key, bare.key]);
    await h.reopen();
    const outputs = await h.compute.outputs(s.run_id, s.key);
    expect(outputs.metrics).toEqual({ mae: 2.5 });
    expect(outputs.metrics_problem).toBeNull();
    const files = await outputs.files('model');
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      expect(file.path).not.toMatch(/^\/|\\|(^|\/)\.\.(\/|$)/);
      let size = 0;
      for await (const chunk of file.open()) size += (chunk as Uint8Array).length; // a byte stream, as the port says
      expect(size).toBe(file.size);
    }
    expect(await outputs.files('no_such_output')).toEqual([]);
    const none = await h.compute.outputs(s.run_id, bare.key);
    expect(none.metrics).toBeNull();
    expect(none.metrics_problem).toBeNull();
    expect(await none.files('model')).toEqual([]);
  });

  rule('gives logs piece by piece, without losing or repeating a byte', async (h) => {
    if (h.compute.logs === undefined) return;
    const s = h.submission('train');
    await h.compute.submit([s]);
    await ended(h, s.run_id, [s.key]);
    const whole = await h.compute.logs({ run_id: s.run_id, key: s.key, offset: 0, limit: 1_000_000 });
    expect(whole.text).toMatch(/(^|\n)trained\n/);
    expect(whole.ended).toBe(true);
    let text = '';
    for (let offset = 0, i = 0; i < 10_000; i++) {
      const chunk = await h.compute.logs({ run_id: s.run_id, key: s.key, offset, limit: 5 });
      text += chunk.text;
      offset = chunk.next_offset;
      if (chunk.ended) break;
    }
    expect(text).toBe(whole.text);
    const tail = await h.compute.logs({ run_id: s.run_id, key: s.key, offset: -4, limit: 100 });
    expect(tail.text).toBe(whole.text.slice(-4));
    const all = await h.compute.logs({ run_id: s.run_id, key: s.key, offset: -1_000_000, limit: 1_000_000 });
    expect(all.text).toBe(whole.text);
    const after = await h.compute.logs({ run_id: s.run_id, key: s.key, offset: whole.next_offset, limit: 5 });
    expect(after).toEqual({ text: '', next_offset: whole.next_offset, ended: true });
  });

  rule('gives an empty log for work that printed nothing, ended only once the work is', async (h) => {
    if (h.compute.logs === undefined) return;
    const quiet = h.submission('succeed');
    const long = h.submission('run_long', { run_id: quiet.run_id });
    await h.compute.submit([quiet, long]);
    await ended(h, quiet.run_id, [quiet.key]);
    expect(await h.compute.logs({ run_id: quiet.run_id, key: quiet.key, offset: 0, limit: 100 })).toEqual({
      text: '',
      next_offset: 0,
      ended: true,
    });
    await until(h, long.run_id, (list) => list.some((o) => o.key === long.key && o.state === 'running'));
    const chunk = await h.compute.logs({ run_id: long.run_id, key: long.key, offset: 0, limit: 100_000 });
    expect(chunk.ended).toBe(false);
    await h.compute.cancel(long.run_id, [long.key]);
  });

  rule('removes all that it keeps of a run when told to, and nothing of another', async (h) => {
    const { kept } = h.compute;
    if (kept === undefined) return;
    const gone = h.submission('train');
    const stays = h.submission('train');
    await h.compute.submit([gone, stays]);
    await ended(h, gone.run_id, [gone.key]);
    await ended(h, stays.run_id, [stays.key]);
    expect(await kept.runs()).toEqual(expect.arrayContaining([gone.run_id, stays.run_id]));
    expect((await kept.size(gone.run_id)).files).toBeGreaterThan(0);
    for (let twice = 0; twice < 2; twice++) {
      await kept.remove(gone.run_id);
      expect(await kept.runs()).not.toContain(gone.run_id);
      expect(await kept.size(gone.run_id)).toEqual({ files: 0, bytes: 0 });
    }
    const dry = await kept.removeRest({ dry_run: true, without: new Set() });
    expect(await kept.removeRest({ dry_run: false, without: new Set() })).toEqual(dry);
    if (h.compute.logs !== undefined) {
      const asked = { offset: 0, limit: 1000 };
      await expect(h.compute.logs({ run_id: gone.run_id, key: gone.key, ...asked })).rejects.toThrow();
      const log = await h.compute.logs({ run_id: stays.run_id, key: stays.key, ...asked });
      expect(log.text).toMatch(/(^|\n)trained\n/);
    }
    await h.reopen();
    expect((await all(h, stays.run_id)).map((o) => o.state)).toEqual(['succeeded']);
    expect(await all(h, gone.run_id)).toEqual([]);
  });

  rule('calls back after something changed, and not after the caller let go', async (h) => {
    if (h.compute.watch === undefined) return;
    let calls = 0;
    const stop = h.compute.watch(() => calls++);
    const s = h.submission('succeed');
    await h.compute.submit([s]);
    await ended(h, s.run_id, [s.key]);
    for (let i = 0; i < MOST_LOOKS && calls === 0; i++) await h.pass();
    expect(calls).toBeGreaterThan(0);
    stop();
    const before = calls;
    const next = h.submission('succeed');
    await h.compute.submit([next]);
    await ended(h, next.run_id, [next.key]);
    for (let i = 0; i < 5; i++) await h.pass();
    expect(calls).toBe(before);
  });

  rule('says that nothing is under way any more when the last attempt is over, and not before', async (h) => {
    if (h.compute.watch === undefined) return;
    const said: boolean[] = [];
    const stop = h.compute.watch((over) => said.push(over));
    const [short, long] = [h.submission('succeed'), h.submission('run_long')];
    await h.compute.submit([short, long]);
    await ended(h, short.run_id, [short.key]);
    for (let i = 0; i < MOST_LOOKS && said.length === 0; i++) await h.pass();
    expect(said).not.toContain(true);
    await h.compute.cancel(long.run_id, [long.key]);
    await ended(h, long.run_id, [long.key]);
    for (let i = 0; i < MOST_LOOKS && said.at(-1) !== true; i++) await h.pass();
    expect(said.at(-1)).toBe(true);
    stop();
  });
}

const RANK: Readonly<Record<Observation['state'], number>> = {
  queued: 0,
  preparing: 1,
  running: 2,
  succeeded: 3,
  failed: 3,
  canceled: 3,
};
const CLOCKS = ['queued_s', 'preparing_s', 'running_s'] as const;
const MOST_LOOKS = 1000;

type Ended = Extract<Observation, { state: 'succeeded' | 'failed' | 'canceled' }>;
const isEnded = (o: Observation): o is Ended => RANK[o.state] === 3;
const keysOf = (observations: readonly Observation[]): string[] => observations.map((o) => o.key).toSorted();

/** Everything of a run, sorted by key. */
async function all(h: ComputeHarness, run_id: string): Promise<readonly Observation[]> {
  const { observations } = await h.compute.list({ run_id, cursor: null });
  return observations.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

async function until(
  h: ComputeHarness,
  run_id: string,
  reached: (observations: readonly Observation[]) => boolean,
): Promise<readonly Observation[]> {
  let observations: readonly Observation[] = [];
  for (let i = 0; i < MOST_LOOKS; i++) {
    observations = await all(h, run_id);
    if (reached(observations)) return observations;
    if (observations.length > 0 && observations.every(isEnded)) break;
    await h.pass();
  }
  throw new Error(`Not reached: ${JSON.stringify(observations)}`);
}

/** The observations of these attempts, sorted by key, once all of them are over. */
async function ended(h: ComputeHarness, run_id: string, keys: readonly string[]): Promise<readonly Ended[]> {
  const pick = (list: readonly Observation[]): Ended[] =>
    list.filter((o) => keys.includes(o.key)).filter(isEnded);
  return pick(await until(h, run_id, (list) => pick(list).length === keys.length));
}
