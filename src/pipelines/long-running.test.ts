import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readEvents } from '../store/index.ts';
import { fleetOf, testWorld } from '../testing/test-world.ts';
import type { TestWorld } from '../testing/test-world.ts';
import { advanceRun } from './advance.ts';
import { trainPipeline } from './train.ts';
import { claimDue } from './lease.ts';
import { getStages, wakeRun } from './run-store.ts';
import type { Run } from './run-store.ts';

const HOUR_MS = 3_600_000;
let w: TestWorld;
afterEach(() => w[Symbol.asyncDispose]());

const slow = (circuits: number, every: string, duration = '10h'): Promise<TestWorld> =>
  testWorld({
    circuits: fleetOf(circuits),
    settings: `
providers: {simulated: {speed: 1, duration: ${duration}, duration_spread: 0, queue: 0s, prepare: 0s}}
monitoring: {max_wait: 47h, poll_interval: 10m, max_poll_interval: 1h}
retry: {timeout: 47h}
notifications: {long_running_alert_every: ${every}}
`,
  });

const Alert = z.object({
  total: z.number(),
  jobs: z.array(
    z.object({ name: z.string(), circuit_id: z.string(), status: z.string(), elapsed_s: z.number() }),
  ),
});

const alerts = async (run: Run) =>
  (await readEvents(w.project.store.db, { after: 0, run_id: run.id, limit: 1000 }))
    .filter((e) => e.type === 'jobs.running_long')
    .map((e) => ({ ...e, data: Alert.parse(e.data) }));

/** Moves the clock and lets the run be looked at once, if it is due. */
async function afterwards(run: Run, ms: number, wake: boolean): Promise<void> {
  w.clock.jumpTo(w.clock.now() + ms);
  if (wake) await wakeRun(w.project.store.db, w.clock.now(), run.id);
  const leases = await claimDue(w.project.store, w.clock.now(), 'test', 4, { pipelines: ['train'] });
  for (const lease of leases) await advanceRun(w.world, trainPipeline, lease, new AbortController().signal);
}

describe('jobs that go on for long', () => {
  it('are told of once per interval, counted from when they were handed over, until they end', async () => {
    w = await slow(2, '4h');
    const began = w.clock.now();
    const run = await w.run();
    const told = await alerts(run);
    expect(told.map((e) => Math.round((Date.parse(e.at) - began) / 1000))).toEqual([14_400, 28_800]);
    expect(told[0]).toMatchObject({
      severity: 'warning',
      stage: 'MonitorTraining',
      message: '2 jobs of run 1 still go on, for up to 4 h 00 min',
      data: {
        total: 2,
        jobs: [
          { name: 'p_c000_2026_01_31', circuit_id: 'p_c000', status: 'running', elapsed_s: 14_400 },
          { name: 'p_c001_2026_01_31', circuit_id: 'p_c001', status: 'running', elapsed_s: 14_400 },
        ],
      },
    });
  });

  it('wake the run for the alert, between two looks at the jobs', async () => {
    w = await slow(1, '95m');
    const run = await w.start();
    await afterwards(run, 0, false);
    const due: number[] = [];
    for (let i = 0; i < 12; i++) {
      const { due_at } = await w.again(run);
      due.push(Math.round((Date.parse(due_at ?? '') - Date.parse(run.created_at)) / 60_000));
      await afterwards(run, Date.parse(due_at ?? '') - w.clock.now(), false);
    }
    expect(due).toEqual(expect.arrayContaining([95, 190, 285]));
    expect(await alerts(run)).toHaveLength(due.filter((m) => m % 95 === 0).length);
  });

  it('are told of once for all the intervals that nobody was there for, and not again after a restart', async () => {
    w = await slow(1, '1h', '30h');
    const run = await w.start();
    await afterwards(run, 0, false);
    await afterwards(run, 7.5 * HOUR_MS, true);
    expect(await alerts(run)).toHaveLength(1);
    for (let i = 0; i < 3; i++) await afterwards(run, 5 * 60_000, true);
    expect(await alerts(run)).toHaveLength(1);
    // The eighth hour, counted from the beginning.
    await afterwards(run, 16 * 60_000, true);
    expect((await alerts(run)).map((e) => e.data.jobs[0]?.elapsed_s)).toEqual([27_000, 28_860]);
    const stage = (await getStages(w.project.store.db, run.id)).find((s) => s.name === 'MonitorTraining');
    expect(stage?.state).toMatchObject({ long_running: { told_at: expect.stringContaining('T08:00') } });
  });

  it('are named up to 200, with their total', async () => {
    w = await slow(203, '2h', '3h');
    const [told, ...more] = await alerts(await w.run());
    expect(more).toEqual([]);
    expect(told?.message).toContain('203 jobs');
    expect(told?.data.total).toBe(203);
    expect(told?.data.jobs).toHaveLength(200);
  });

  it('are nothing to tell of when all are over in time', async () => {
    w = await slow(2, '4h', '3h');
    expect(await alerts(await w.run())).toEqual([]);
  });
});
