import { rename, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Project } from '../app.ts';
import { AnsweredError } from '../kernel/errors.ts';
import { openRuns, requestCancel } from '../pipelines/index.ts';
import type { Run, Ticker } from '../pipelines/index.ts';
import { listFirings, pauseSchedule, resumeSchedule, scheduleStates } from '../schedules/index.ts';
import type { Firing } from '../schedules/index.ts';
import { fleetOf, testWorld } from '../testing/test-world.ts';
import { person } from '../testing/test-rows.ts';
import type { TestWorld } from '../testing/test-world.ts';
import { fireSchedule, schedulesTicker } from './index.ts';

const NIGHTLY = 'schedules: {nightly: {cron: "0 2 * * *"}}\n';
/** The test clock begins at 2026-01-01T00:00Z. */
const NIGHT = '2026-01-01T02:00:00.000Z';
const NEXT_NIGHT = '2026-01-02T02:00:00.000Z';

let w: TestWorld;
let said: string[];
let edits = 0;

const begin = async (settings: string, circuits?: string): Promise<Ticker> => {
  w = await testWorld({ settings, ...(circuits === undefined ? {} : { circuits }) });
  return worker();
};
/** What a worker that starts now would have. */
const worker = (project: Project = w.project): Ticker => schedulesTicker(project, (line) => said.push(line));

/** Lets a worker look at `at`, and do all that is due. */
async function lookAt(ticker: Ticker, at: string): Promise<void> {
  w.clock.jumpTo(at);
  for (let round = 0; round < 20; round++) {
    const next = await ticker.next();
    if (next === null || next > w.clock.now()) return;
    await ticker.tick(w.clock.now());
  }
  throw new Error('The ticker never rests.');
}

/** Writes trainyard.yaml, with another time of change than before: file systems count coarsely. */
async function edit(settings: string): Promise<void> {
  await w.write('trainyard.yaml', `provider: simulated\n${settings}`);
  const at = new Date(Date.UTC(2026, 0, 1) + ++edits * 1000);
  await utimes(join(w.root, 'trainyard.yaml'), at, at);
}

const firings = (name = 'nightly'): Promise<Firing[]> => listFirings(w.project.store.db, name, 50);
const told = async (name = 'nightly'): Promise<string[]> =>
  (await firings(name)).toReversed().map((f) => `${f.slot.slice(5, 16)} ${f.outcome}`);
const events = async (): Promise<{ type: string; severity: string; message: string }[]> => {
  const rows = await w.project.store.db
    .selectFrom('events')
    .select(['type', 'severity', 'message'])
    .where('type', 'like', 'schedule.%')
    .orderBy('seq')
    .execute();
  return rows.map((row) => ({ ...row }));
};
const runs = (): Promise<Run[]> => openRuns(w.project.store.db, 'train');
/** Approves everything, so that runs come to their end. */
const APPROVED = 'schedules: {nightly: {cron: "0 2 * * *", run: {approve: [all]}}}\n';

beforeEach(() => {
  said = [];
});
afterEach(async () => {
  await w[Symbol.asyncDispose]();
});

describe('a schedule', () => {
  it('starts a run when its time comes, once, in its own name', async () => {
    const ticker = await begin(NIGHTLY);
    await lookAt(ticker, '2026-01-01T00:00:00.000Z');
    expect(await ticker.next()).toBe(Date.parse('2026-01-01T00:00:10.000Z'));
    await lookAt(ticker, '2026-01-01T01:59:59.000Z');
    expect(await runs()).toEqual([]);
    expect(await ticker.next()).toBe(Date.parse(NIGHT));
    await lookAt(ticker, NIGHT);
    await lookAt(ticker, '2026-01-01T02:00:30.000Z');
    await lookAt(worker(), '2026-01-01T02:01:00.000Z');
    const [run, ...more] = await runs();
    expect(run).toMatchObject({ number: 1, requested_by: 'schedule:nightly', pr: 0, rehearsal: 0 });
    expect(more).toEqual([]);
    expect(await firings()).toEqual([
      {
        schedule: 'nightly',
        kind: 'cron',
        slot: NIGHT,
        at: NIGHT,
        outcome: 'started',
        message: 'run 1 for 3 of 3 circuits',
        requested_by: 'schedule:nightly',
        run_id: run?.id,
        run_number: 1,
      },
    ]);
    expect(await events()).toEqual([
      {
        type: 'schedule.added',
        severity: 'info',
        message: 'Schedule nightly was added in trainyard.yaml',
      },
      {
        type: 'schedule.fired',
        severity: 'info',
        message: 'Schedule nightly fired at Thu 2026-01-01 02:00 UTC: run 1 for 3 of 3 circuits',
      },
    ]);
    expect(said).toEqual(['Schedule nightly started: run 1 for 3 of 3 circuits']);
  });

  it('does what its settings say', async () => {
    const ticker = await begin(
      'schedules: {some: {cron: "0 2 * * *", run: {circuits: ["p_c00[01]"], approve: [registry-promotion]}}}\n',
    );
    await lookAt(ticker, '2026-01-01T00:00:00.000Z');
    await lookAt(ticker, NIGHT);
    const [run] = await runs();
    expect(run?.params).toMatchObject({
      selected: ['p_c000', 'p_c001'],
      approved_gates: ['registry-promotion'],
      summary: { train: 2, skip: 1 },
    });
  });

  it('leaves it on record when there is nothing to train, and starts no run', async () => {
    const ticker = await begin(APPROVED);
    await lookAt(ticker, '2026-01-01T00:00:00.000Z');
    await lookAt(ticker, NIGHT);
    await w.settle();
    expect(await runs()).toEqual([]);
    await lookAt(ticker, NEXT_NIGHT);
    expect(await runs()).toEqual([]);
    expect((await firings())[0]).toMatchObject({
      slot: NEXT_NIGHT,
      outcome: 'nothing',
      message: 'nothing to train',
      run_id: null,
    });
    expect((await events()).at(-1)).toMatchObject({
      type: 'schedule.fired',
      message: 'Schedule nightly fired at Fri 2026-01-02 02:00 UTC: nothing to train',
    });
  });

  it('offers again what failed before, although nothing else is to be trained', async () => {
    w = await testWorld({
      settings: NIGHTLY.replace('}}', ', run: {approve: [registry-promotion]}}}'),
      fail: ['p_c001'],
    });
    const ticker = worker();
    await lookAt(ticker, '2026-01-01T00:00:00.000Z');
    await lookAt(ticker, NIGHT);
    await w.settle();
    const [first] = await runs();
    if (first !== undefined)
      await w.project.store.tx((tx) => requestCancel(tx, w.clock.now(), first, person('ann')));
    await w.settle();
    await lookAt(ticker, NEXT_NIGHT);
    expect((await firings())[0]).toMatchObject({
      outcome: 'started',
      message: expect.stringMatching(/^run 2 for 0 of 3 circuits; 1 that failed before is offered again$/),
    });
  });

  it('is skipped while a run that it started is open, with the reason', async () => {
    const ticker = await begin(NIGHTLY);
    await lookAt(ticker, '2026-01-01T00:00:00.000Z');
    await lookAt(ticker, NIGHT);
    await lookAt(ticker, NEXT_NIGHT);
    expect((await firings())[0]?.message).toBe('run 1, which it started, is not over');
    await w.settle();
    expect((await runs())[0]?.status).toBe('waiting');
    await lookAt(ticker, '2026-01-03T02:00:00.000Z');
    expect((await events()).at(-1)).toEqual({
      type: 'schedule.skipped',
      severity: 'warning',
      message:
        'Schedule nightly was skipped at Sat 2026-01-03 02:00 UTC: run 1, which it started, waits for people',
    });
    const [run] = await runs();
    if (run === undefined) throw new Error('no run');
    await w.project.store.tx((tx) => requestCancel(tx, w.clock.now(), run, person('ann')));
    await w.settle();
    await w.write('config/circuits.yaml', fleetOf(4));
    await lookAt(ticker, '2026-01-04T02:00:00.000Z');
    expect(await told()).toEqual([
      '01-01T02:00 started',
      '01-02T02:00 skipped',
      '01-03T02:00 skipped',
      '01-04T02:00 started',
    ]);
  });

  it('is not held up by runs that others started', async () => {
    const ticker = await begin(
      'schedules: {a: {cron: "0 2 * * *", run: {circuits: [p_c000]}}, b: {cron: "0 2 * * *", run: {circuits: [p_c001]}}}\n',
    );
    await w.start({ circuits: ['p_c002'] });
    await lookAt(ticker, '2026-01-01T00:00:00.000Z');
    await lookAt(ticker, NIGHT);
    expect([...(await told('a')), ...(await told('b'))]).toEqual([
      '01-01T02:00 started',
      '01-01T02:00 started',
    ]);
    expect(await runs()).toHaveLength(3);
  });

  it('puts a plan that cannot be made on record, and waits for its next time', async () => {
    const ticker = await begin(NIGHTLY);
    await lookAt(ticker, '2026-01-01T00:00:00.000Z');
    await w.write('config/circuits.yaml', 'circuits:\n  - {plant_id: p, circut_id: c}\n');
    await lookAt(ticker, NIGHT);
    await lookAt(ticker, '2026-01-01T02:04:00.000Z');
    expect(await told()).toEqual(['01-01T02:00 failed']);
    expect((await events()).at(-1)).toEqual({
      type: 'schedule.failed',
      severity: 'error',
      message:
        'Schedule nightly failed at Thu 2026-01-01 02:00 UTC: 2 problems in config/circuits.yaml. config/circuits.yaml:2: the key `circuit_id` is missing. Add circuit_id to the circuit.',
    });
    await w.write('config/circuits.yaml', fleetOf(2));
    await lookAt(ticker, NEXT_NIGHT);
    expect(await told()).toEqual(['01-01T02:00 failed', '01-02T02:00 started']);
  });

  it('keeps to the guard on breadth, unless it says why not', async () => {
    const ticker = await begin(
      'schedules: {narrow: {cron: "0 2 * * *"}, wide: {cron: "0 3 * * *", run: {allow_wide: new season}}}\n',
      fleetOf(20),
    );
    await w.run({ approve: ['all'] });
    await w.write('config/circuits.yaml', fleetOf(20, ', hyperparameters: {alpha: 2}'));
    await lookAt(ticker, '2026-01-02T00:00:00.000Z');
    await lookAt(ticker, NEXT_NIGHT);
    expect((await firings('narrow'))[0]).toMatchObject({
      outcome: 'failed',
      message: expect.stringContaining('would retrain 20 of 20 circuits'),
    });
    await lookAt(ticker, '2026-01-02T03:00:00.000Z');
    expect(await told('wide')).toEqual(['01-02T03:00 started']);
  });

  it('may approve only what its name may', async () => {
    const ticker = await begin(
      `gates: {registry-promotion: {approvers: [ann]}, training-retry: {approvers: ["schedule:b"]}}
schedules:
  a: {cron: "0 2 * * *", run: {approve: [registry-promotion]}}
  b: {cron: "0 2 * * *", run: {approve: [training-retry]}}
`,
    );
    await lookAt(ticker, '2026-01-01T00:00:00.000Z');
    await lookAt(ticker, NIGHT);
    expect(await told('a')).toEqual(['01-01T02:00 failed']);
    expect(await told('b')).toEqual(['01-01T02:00 started']);
  });
});

describe('a time that nobody met', () => {
  it('is left out when more than a few minutes have passed, on record', async () => {
    const ticker = await begin(NIGHTLY);
    await lookAt(ticker, '2026-01-01T00:00:00.000Z');
    await lookAt(worker(), '2026-01-03T14:00:00.000Z');
    expect(await told()).toEqual(['01-03T02:00 skipped']);
    expect((await events()).at(-1)).toMatchObject({
      type: 'schedule.skipped',
      message: expect.stringContaining('nothing ran at that time; that was 12 h 00 min ago'),
    });
    await lookAt(worker(), '2026-01-04T02:04:59.000Z');
    expect(await told()).toEqual(['01-03T02:00 skipped', '01-04T02:00 started']);
  });

  it('is made up for, the latest of them, with catch_up: once', async () => {
    const ticker = await begin('schedules: {nightly: {cron: "0 2 * * *", catch_up: once}}\n');
    await lookAt(ticker, '2026-01-01T00:00:00.000Z');
    await lookAt(worker(), '2026-01-05T14:00:00.000Z');
    await lookAt(worker(), '2026-01-05T14:10:00.000Z');
    expect(await told()).toEqual(['01-05T02:00 started']);
  });

  it('is none from before the schedule was known, edited or enabled', async () => {
    const ticker = await begin('schedules: {nightly: {cron: "0 2 * * *", catch_up: once, enabled: false}}\n');
    await lookAt(ticker, '2026-01-01T00:00:00.000Z');
    await lookAt(ticker, '2026-01-02T12:00:00.000Z');
    await edit(
      'schedules: {nightly: {cron: "0 2 * * *", catch_up: once}, other: {cron: "0 3 * * *", catch_up: once}}\n',
    );
    await lookAt(ticker, '2026-01-02T12:01:00.000Z');
    await edit(
      'schedules: {nightly: {cron: "0 1 * * *", catch_up: once}, other: {cron: "0 3 * * *", catch_up: once}}\n',
    );
    await lookAt(ticker, '2026-01-02T12:02:00.000Z');
    expect([...(await told()), ...(await told('other'))]).toEqual([]);
    await lookAt(ticker, '2026-01-03T01:00:00.000Z');
    expect(await told()).toEqual(['01-03T01:00 started']);
  });
});

describe('trainyard.yaml', () => {
  it('may change while a worker runs', async () => {
    const ticker = await begin('');
    await lookAt(ticker, '2026-01-01T00:00:00.000Z');
    await edit(NIGHTLY);
    await lookAt(ticker, '2026-01-01T01:00:00.000Z');
    await lookAt(ticker, NIGHT);
    expect(await told()).toEqual(['01-01T02:00 started']);
    await edit('');
    await lookAt(ticker, NEXT_NIGHT);
    expect(await told()).toEqual(['01-01T02:00 started']);
    expect((await scheduleStates(w.project.store.db)).get('nightly')?.removed_at).toBe(NEXT_NIGHT);
    expect((await events()).map((e) => e.type)).toEqual([
      'schedule.added',
      'schedule.fired',
      'schedule.removed',
    ]);
    await edit(NIGHTLY.replace('nightly', 'by_night'));
    await lookAt(ticker, '2026-01-02T12:00:00.000Z');
    await edit('schedules: {nightly: {cron: "0 2 * * *", catch_up: once}}\n');
    await lookAt(ticker, '2026-01-05T12:00:00.000Z');
    expect(await told()).toEqual(['01-01T02:00 started']);
    expect(await told('by_night')).toEqual([]);
  });

  it('that cannot be read is reported once, and what stood in it before holds', async () => {
    const ticker = await begin(NIGHTLY);
    await lookAt(ticker, '2026-01-01T00:00:00.000Z');
    await edit('schedules: {nightly: {cron: "0 25 * * *"}}\n');
    await lookAt(ticker, '2026-01-01T01:00:00.000Z');
    await lookAt(ticker, '2026-01-01T01:30:00.000Z');
    await lookAt(ticker, NIGHT);
    expect(await told()).toEqual(['01-01T02:00 started']);
    const broken = (await events()).filter((e) => e.type === 'schedule.config_broken');
    expect(broken).toEqual([
      {
        type: 'schedule.config_broken',
        severity: 'error',
        message:
          'Settings stay as they were: trainyard.yaml:2 schedules.nightly.cron: must be a cron expression: invalid value for hour: 25.',
      },
    ]);
    await edit(NIGHTLY);
    await lookAt(ticker, NEXT_NIGHT);
    expect(await told()).toEqual(['01-01T02:00 started', '01-02T02:00 skipped']);
  });

  it('that vanishes changes nothing', async () => {
    const ticker = await begin(NIGHTLY);
    await lookAt(ticker, '2026-01-01T00:00:00.000Z');
    await rename(join(w.root, 'trainyard.yaml'), join(w.root, 'gone'));
    await lookAt(ticker, NIGHT);
    expect(await told()).toEqual(['01-01T02:00 started']);
    expect(said[0]).toBe('Settings stay as they were: trainyard.yaml is gone.');
  });
});

describe('pausing', () => {
  it('holds over restarts, is on record, and what passes meanwhile is not made up for', async () => {
    const ticker = await begin('schedules: {nightly: {cron: "0 2 * * *", catch_up: once}}\n');
    const { store } = w.project;
    await lookAt(ticker, '2026-01-01T00:00:00.000Z');
    expect(
      await store.tx((tx) => pauseSchedule(tx, w.clock.now(), 'nightly', person('ann'), 'a holiday')),
    ).toBe(true);
    expect(await store.tx((tx) => pauseSchedule(tx, w.clock.now(), 'nightly', person('bo'), null))).toBe(
      false,
    );
    await lookAt(ticker, NIGHT);
    await lookAt(worker(), NEXT_NIGHT);
    expect(await told()).toEqual([]);
    expect((await scheduleStates(store.db)).get('nightly')?.paused).toEqual({
      at: '2026-01-01T00:00:00.000Z',
      by: 'ann',
      reason: 'a holiday',
    });
    w.clock.jumpTo('2026-01-02T12:00:00.000Z');
    expect(await store.tx((tx) => resumeSchedule(tx, w.clock.now(), 'nightly', person('bo')))).toBe(true);
    await lookAt(worker(), '2026-01-02T13:00:00.000Z');
    expect(await told()).toEqual([]);
    await lookAt(worker(), '2026-01-03T02:00:00.000Z');
    expect(await told()).toEqual(['01-03T02:00 started']);
    expect((await events()).slice(1, 3)).toEqual([
      { type: 'schedule.paused', severity: 'warning', message: 'ann paused schedule nightly: a holiday' },
      { type: 'schedule.resumed', severity: 'info', message: 'bo resumed schedule nightly' },
    ]);
  });
});

describe('fireSchedule', () => {
  const occasion = (more: object = {}) => {
    const schedule = w.project.settings.schedules['nightly'];
    if (schedule === undefined) throw new Error('no schedule');
    return {
      name: 'nightly',
      schedule,
      kind: 'cron' as const,
      slot: Date.parse(NIGHT),
      actor: { name: 'schedule:nightly', identity: 'claimed' as const },
      force: false,
      ...more,
    };
  };

  it('does one thing for one time, however many ask at once', async () => {
    await begin(NIGHTLY);
    const answers = await Promise.all([1, 2, 3].map(() => fireSchedule(w.project, occasion())));
    expect(answers.filter((a) => a !== null)).toHaveLength(1);
    expect(await runs()).toHaveLength(1);
    expect(await told()).toEqual(['01-01T02:00 started']);
  });

  it('writes nothing where another server has answered the same request meanwhile', async () => {
    await begin(NIGHTLY);
    const keep = async (): Promise<void> => {
      throw new AnsweredError('answered');
    };
    await expect(fireSchedule(w.project, occasion({ keep }))).rejects.toThrow(AnsweredError);
    expect(await runs()).toEqual([]);
    expect(await told()).toEqual([]);
  });

  it('writes nothing at all when the run cannot be written', async () => {
    await begin(NIGHTLY);
    let fail = true;
    const broken = {
      ...w.project,
      world: {
        ...w.world,
        faultPoint: (name: string) => {
          if (name === 'schedule.written' && fail) {
            fail = false;
            throw new Error('the power is gone');
          }
        },
      },
    };
    const fired = await fireSchedule(broken, occasion());
    expect(fired?.firing).toMatchObject({ outcome: 'failed', message: 'the power is gone', run_id: null });
    expect(await runs()).toEqual([]);
  });

  it('heeds somebody who pauses the schedule while its run is planned', async () => {
    await begin(NIGHTLY);
    await lookAt(worker(), '2026-01-01T00:00:00.000Z');
    let pausing: Promise<unknown> | null = null;
    const busy = {
      ...w.project,
      world: {
        ...w.world,
        faultPoint: (name: string) => {
          if (name === 'schedule.prepared')
            pausing ??= w.project.store.tx((tx) =>
              pauseSchedule(tx, w.clock.now(), 'nightly', person('ann'), null),
            );
        },
      },
    };
    const fired = await fireSchedule(busy, occasion());
    expect(pausing).not.toBeNull();
    expect(fired?.firing).toMatchObject({ outcome: 'skipped', message: 'it was paused by ann' });
    expect(await runs()).toEqual([]);
  });

  it('answers a request beside the times, in the name of who asked, and again only with force', async () => {
    await begin(NIGHTLY);
    const manual = { kind: 'manual', actor: { name: 'ann', identity: 'claimed' } };
    w.clock.jumpTo('2026-01-01T00:30:00.000Z');
    const first = await fireSchedule(w.project, occasion({ ...manual, slot: w.clock.now() }));
    expect(first?.firing).toMatchObject({ outcome: 'started', requested_by: 'ann', run_number: 1 });
    expect((await events()).at(-1)?.message).toBe(
      'Schedule nightly fired on request of ann: run 1 for 3 of 3 circuits',
    );
    const second = await fireSchedule(w.project, occasion({ ...manual, slot: w.clock.now() + 1 }));
    expect(second?.firing.outcome).toBe('skipped');
    await w.write('config/circuits.yaml', fleetOf(4));
    const third = await fireSchedule(
      w.project,
      occasion({ ...manual, slot: w.clock.now() + 2, force: true }),
    );
    expect(third?.firing).toMatchObject({ outcome: 'started', run_number: 2 });
    // The time itself is still to come.
    expect((await fireSchedule(w.project, occasion()))?.firing).toMatchObject({
      kind: 'cron',
      outcome: 'skipped',
    });
  });
});
