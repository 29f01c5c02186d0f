import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConflictError, TrainyardError } from '../kernel/errors.ts';
import { toIso } from '../kernel/clock.ts';
import { openStore } from '../store/index.ts';
import { jobRow, person } from '../testing/test-rows.ts';
import { ScriptedCompute } from '../testing/test-compute.ts';
import { testWorld } from '../testing/test-world.ts';
import type { TestWorld } from '../testing/test-world.ts';
import { createLoop } from './loop.ts';
import type { Ticker } from './loop.ts';
import type { Pipeline, StageContext, StageOutcome, World } from './pipeline.ts';
import { createRun, getRun, openRuns, wakeRun } from './run-store.ts';
import type { Run } from './run-store.ts';

let w: TestWorld;
let calls: string[];
let stop: AbortController;
let going: Promise<void>[];
beforeEach(async () => {
  w = await testWorld({ circuits: 'circuits: []\n' });
  calls = [];
  stop = new AbortController();
  going = [];
});
afterEach(async () => {
  stop.abort();
  await Promise.allSettled(going);
  await w[Symbol.asyncDispose]();
});

/** One stage that notes when it is called; what it answers is looked up by the run's number. */
function pipeline(
  answer: (n: number, context: StageContext) => StageOutcome | Promise<StageOutcome>,
  version = 1,
): Pipeline {
  const counts = new Map<string, number>();
  return {
    name: 'train',
    version,
    stages: [
      {
        name: 'A',
        advance: async (context) => {
          const n = (counts.get(context.run.id) ?? 0) + 1;
          counts.set(context.run.id, n);
          calls.push(`${context.run.number} at ${context.now()}`);
          return answer(n, context);
        },
      },
    ],
    cancel: async () => undefined,
    conclude: async () => ({ status: 'succeeded', reason: null }),
  };
}

const start = (of: Pipeline): Promise<Run> =>
  w.project.store.tx((tx) =>
    createRun(tx, w.clock.now(), {
      pipeline: of,
      actor: person('ann'),
      pr: false,
      rehearsal: false,
      plan_id: null,
      git_commit: null,
      git_branch: null,
      params: {},
      message: 'x',
    }),
  );
const loopOver = (of: Pipeline, world: World = w.world) => {
  const loop = createLoop(world, [of], 'wrk_1', stop.signal);
  const idle = async (): Promise<boolean> =>
    (await openRuns(w.project.store.db, 'train')).every((r) => r.status === 'waiting');
  return {
    loop,
    untilIdle: () => loop.run(idle),
    forEver: () => {
      const run = loop.run(async () => false);
      going.push(run);
      return run;
    },
  };
};
/** Lets everything happen that needs no time. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
};
const status = async (run: Run): Promise<string> => (await getRun(w.project.store.db, run.id)).status;

describe('the loop', () => {
  it('advances what is due, and ends when nothing is left to do here', async () => {
    const of = pipeline(() => ({ kind: 'done' }));
    const runs = [
      await start(of),
      await start(of),
      await start(of),
      await start(of),
      await start(of),
      await start(of),
    ];
    await loopOver(of).untilIdle();
    expect(await Promise.all(runs.map(status))).toEqual(runs.map(() => 'succeeded'));
  });

  it('ends while runs wait for people', async () => {
    const of = pipeline(() => ({ kind: 'wait', on: 'approval', until: null }));
    const run = await start(of);
    await loopOver(of).untilIdle();
    expect(await status(run)).toBe('waiting');
    expect(calls).toHaveLength(1);
  });

  it('looks once at every open run when it begins, whatever the last process left', async () => {
    const of = pipeline((n, { now }) =>
      n === 1 ? { kind: 'wait', on: 'approval', until: now() + 86_400_000 } : { kind: 'done' },
    );
    const run = await start(of);
    await loopOver(of).untilIdle();
    expect(await status(run)).toBe('waiting');
    await loopOver(of).untilIdle();
    expect(await status(run)).toBe('succeeded');
  });

  it('sleeps until a run is due, and calls nothing meanwhile', async () => {
    const of = pipeline((n, { now }) =>
      n === 1 ? { kind: 'wait', on: 'jobs', until: now() + 30_000 } : { kind: 'done' },
    );
    const run = await start(of);
    const begun = w.clock.now();
    void loopOver(of).forEver();
    await settle();
    await w.clock.advance(29_900);
    expect(calls).toHaveLength(1);
    await w.clock.advance(100);
    await settle();
    expect(calls[1]).toBe(`1 at ${begun + 30_000}`);
    expect(await status(run)).toBe('succeeded');
  });

  it('acts on a knock without any time passing', async () => {
    const of = pipeline((n) => (n === 1 ? { kind: 'wait', on: 'approval', until: null } : { kind: 'done' }));
    const run = await start(of);
    const { loop, forEver } = loopOver(of);
    void forEver();
    await settle();
    expect(await status(run)).toBe('waiting');
    await loop.wake(run.id);
    await settle();
    expect(await status(run)).toBe('succeeded');
  });

  it('acts within a fifth of a second on what another process writes', async () => {
    const of = pipeline((n) => (n === 1 ? { kind: 'wait', on: 'approval', until: null } : { kind: 'done' }));
    const run = await start(of);
    void loopOver(of).forEver();
    await settle();
    const other = await openStore(w.project.store.folder);
    await wakeRun(other.db, w.clock.now(), run.id);
    await other.close();
    await settle();
    expect(calls).toHaveLength(1);
    await w.clock.advance(200);
    await settle();
    expect(await status(run)).toBe('succeeded');
  });

  it('does not miss what another process writes in the moment between two looks', async () => {
    const of = pipeline((n) => (n === 1 ? { kind: 'wait', on: 'approval', until: null } : { kind: 'done' }));
    const run = await start(of);
    const { store } = w.project;
    let wrote = false;
    const sly: World = {
      ...w.world,
      store: {
        ...store,
        readMark: () => {
          if (calls.length === 1 && !wrote) {
            wrote = true;
            const other = new DatabaseSync(join(store.folder, 'trainyard.db'));
            other.prepare('update runs set due_at = ? where id = ?').run(toIso(w.clock.now()), run.id);
            other.close();
          }
          return store.readMark();
        },
      },
    };
    void loopOver(of, sly).forEver();
    await settle();
    await w.clock.advance(100);
    await settle();
    expect(wrote).toBe(true);
    expect(await status(run)).toBe('succeeded');
  });

  it('looks at everything again when the clock of the machine jumps back', async () => {
    const of = pipeline((n, { now }) =>
      n === 1 ? { kind: 'wait', on: 'jobs', until: now() + 60_000 } : { kind: 'done' },
    );
    let offset = 0;
    const jumpy: World = {
      ...w.world,
      clock: { now: () => w.clock.now() + offset, sleep: (ms, signal) => w.clock.sleep(ms, signal) },
    };
    const run = await start(of);
    void loopOver(of, jumpy).forEver();
    await settle();
    offset = -3_600_000;
    await w.clock.advance(200);
    await settle();
    expect(calls).toHaveLength(2);
    expect(await status(run)).toBe('succeeded');
  });

  it('ends when it is told to, and leaves runs where they are', async () => {
    const of = pipeline((_n, { now }) => ({ kind: 'wait', on: 'jobs', until: now() + 60_000 }));
    const run = await start(of);
    const ended = loopOver(of).forEver();
    await settle();
    stop.abort();
    await ended;
    expect(await status(run)).toBe('running');
    expect((await getRun(w.project.store.db, run.id)).lease_token).toBeNull();
  });

  it('refuses a run of a newer pipeline before it touches any other', async () => {
    const of = pipeline(() => ({ kind: 'done' }));
    const old = await start(of);
    const newer = await start({ ...of, version: 2 });
    const error = await loopOver(of)
      .untilIdle()
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ConflictError);
    expect(error).toMatchObject({
      message: expect.stringContaining(`Run ${newer.number} belongs to pipeline train version 2`),
      hint: 'Update Trainyard.',
    });
    expect(calls).toEqual([]);
    expect(await status(newer)).toBe('pending');
    expect(await status(old)).toBe('pending');
  });

  it('lets the other runs come to a stop before it gives up with a broken store', async () => {
    let finished = false;
    const of = pipeline(async (_n, { run }) => {
      if (run.number === 1) throw new TrainyardError('unexpected', 'database or disk is full');
      await settle();
      finished = true;
      return { kind: 'wait', on: 'approval', until: null };
    });
    const first = await start(of);
    await start(of);
    const broken: World = {
      ...w.world,
      store: {
        ...w.project.store,
        tx: async (work) => {
          const { last_error } = await getRun(w.project.store.db, first.id);
          if (last_error === null && calls.length > 0 && !finished)
            throw new Error('database or disk is full');
          return w.project.store.tx(work);
        },
      },
    };
    await expect(loopOver(of, broken).untilIdle()).rejects.toThrow('disk is full');
    expect(finished).toBe(true);
  });
});

describe('a ticker', () => {
  /** Wants to be called at these times, one after the other. */
  const tickerAt = (
    times: number[],
    work: (now: number) => Promise<unknown> = async () => undefined,
  ): Ticker => ({
    name: 'test',
    next: async () => times[0] ?? null,
    tick: async (now) => {
      times.shift();
      calls.push(`tick at ${now}`);
      await work(now);
    },
  });
  const loopWith = (of: Pipeline, ticker: Ticker) =>
    createLoop(w.world, [of], 'wrk_1', stop.signal, {}, [ticker]);

  it('is called when its time has come, and not before', async () => {
    const begun = w.clock.now();
    going.push(
      loopWith(
        pipeline(() => ({ kind: 'done' })),
        tickerAt([begun + 30_000, begun + 45_000]),
      ).run(async () => false),
    );
    await settle();
    await w.clock.advance(29_800);
    expect(calls).toEqual([]);
    await w.clock.advance(200);
    await settle();
    expect(calls).toEqual([`tick at ${begun + 30_000}`]);
    await w.clock.advance(60_000);
    await settle();
    expect(calls).toEqual([`tick at ${begun + 30_000}`, `tick at ${begun + 45_000}`]);
  });

  it('may write a run, which is advanced at once', async () => {
    const of = pipeline(() => ({ kind: 'done' }));
    const now = w.clock.now();
    await loopWith(
      of,
      tickerAt([now], () => start(of)),
    ).run(async () => (await openRuns(w.project.store.db, 'train')).length === 0);
    expect(calls).toEqual([`tick at ${now}`, `1 at ${now}`]);
  });

  it('keeps a loop from ending while it has something to do now', async () => {
    const now = w.clock.now();
    await loopWith(
      pipeline(() => ({ kind: 'done' })),
      tickerAt([now, now, now]),
    ).run(async () => true);
    expect(calls).toHaveLength(3);
  });

  it('that is in the middle of something is waited for, also while it pauses', async () => {
    const begun = w.clock.now();
    const times = [begun, begun + 500];
    const ticker = { ...tickerAt(times), busy: () => times.length > 0 };
    let over = false;
    const run = loopWith(
      pipeline(() => ({ kind: 'done' })),
      ticker,
    )
      .run(async () => true)
      .then(() => (over = true));
    await settle();
    expect([calls.length, over]).toEqual([1, false]);
    await w.clock.advance(500);
    await run;
    expect(calls).toHaveLength(2);
  });

  it('takes no turns from runs', async () => {
    const of = pipeline((n) =>
      n < 3 ? { kind: 'wait', on: 'jobs', until: w.clock.now() } : { kind: 'done' },
    );
    const run = await start(of);
    const now = w.clock.now();
    const times = Array.from({ length: 5 }, () => now);
    await loopWith(of, tickerAt(times)).run(async () => true);
    expect(await status(run)).toBe('succeeded');
    expect(calls.slice(0, 2)).toEqual([`tick at ${now}`, `1 at ${now}`]);
  });
});

describe('a provider that pushes', () => {
  class Pushing extends ScriptedCompute {
    changed: (over: boolean) => void = () => undefined;
    watching = 0;
    watch(changed: (over: boolean) => void): () => void {
      this.watching++;
      this.changed = changed;
      return () => void this.watching--;
    }
  }

  const watched = async (of: Pipeline): Promise<{ compute: Pushing; world: World; run: Run }> => {
    const compute = new Pushing();
    const run = await start(of);
    await w.project.store.db
      .insertInto('jobs')
      .values(jobRow('a', { run_id: run.id, status: 'running' }))
      .execute();
    return { compute, run, world: { ...w.world, compute: async () => compute } };
  };

  it('wakes the runs that have jobs there, once for a burst of changes', async () => {
    const of = pipeline((_n, { now }) => ({ kind: 'wait', on: 'jobs', until: now() + 3_600_000 }));
    const { compute, world } = await watched(of);
    void loopOver(of, world).forEver();
    await settle();
    expect(compute.watching).toBe(1);
    const [run] = await openRuns(w.project.store.db, 'train');
    expect(run?.status).toBe('running');
    for (let i = 0; i < 50; i++) compute.changed(false);
    await settle();
    const before = calls.length;
    await w.clock.advance(399);
    await settle();
    expect(calls).toHaveLength(before);
    await w.clock.advance(1);
    await settle();
    expect(calls).toHaveLength(before + 1);
  });

  it('wakes them at once when it says that nothing is under way any more', async () => {
    const of = pipeline((_n, { now }) => ({ kind: 'wait', on: 'jobs', until: now() + 3_600_000 }));
    const { compute, world } = await watched(of);
    void loopOver(of, world).forEver();
    await settle();
    const before = calls.length;
    compute.changed(true);
    await settle();
    expect(calls).toHaveLength(before + 1);
  });

  it('is not listened to any more once the loop has ended', async () => {
    const of = pipeline(() => ({ kind: 'wait', on: 'approval', until: null }));
    const { compute, world, run } = await watched(of);
    let looks = 0;
    await createLoop(world, [of], 'wrk_1', stop.signal).run(async () => {
      if (++looks === 1) compute.changed(false);
      return true;
    });
    expect(compute.watching).toBe(0);
    // The change is still being gathered; nothing may touch the store now.
    await w.project.store.db.updateTable('runs').set({ due_at: null }).execute();
    await w.clock.advance(1000);
    await settle();
    expect((await getRun(w.project.store.db, run.id)).due_at).toBeNull();
  });
});
