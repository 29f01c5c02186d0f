import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/index.ts';
import { TestProject } from '../helpers/project.ts';

const TWO = ['kiln_1', 'kiln_2'];
const HOURLY = 'schedules: {hourly: {cron: "0 * * * *", catch_up: once, run: {approve: [all]}}}\n';

/** As if the worker had been away since then. */
async function away(project: TestProject, since: string): Promise<void> {
  const store = await openStore(project.state);
  await store.db.updateTable('schedules').set({ decided_until: since }).execute();
  await store.close();
}

const firings = (project: TestProject) =>
  project.rows(({ db }) => db.selectFrom('schedule_firings').selectAll().orderBy('at').execute());
const runCount = (project: TestProject) =>
  project.rows(
    async ({ db }) =>
      (await db.selectFrom('runs').select('id').where('parent_run_id', 'is', null).execute()).length,
  );

describe('trainyard worker', () => {
  it('fires schedules while it runs', async () => {
    await using project = TestProject.create({ circuits: TWO, settings: HOURLY });
    const worker = project.start(['worker']);
    await worker.says(/1 schedule; see when/);
    await project.ok(['schedules', 'pause', 'hourly']);
    await away(project, '2026-01-01T00:00:00.000Z');
    await project.ok(['schedules', 'resume', 'hourly']);
    expect(await firings(project)).toEqual([]);
    await away(project, '2026-01-01T00:00:00.000Z');
    await worker.says(/Schedule hourly started: run 1 for 2 of 2 circuits/);
    for (let i = 0; i < 100; i++) {
      const shown = (await project.ok(['runs', 'show', '1', '--json'])).json() as { status: string };
      if (shown.status === 'succeeded') break;
    }
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    expect(await firings(project)).toMatchObject([{ outcome: 'started', run_number: 1 }]);
  });

  it('that is started now and then meets what is due by then', async () => {
    await using project = TestProject.create({ circuits: TWO, settings: HOURLY });
    await project.ok(['worker', '--until-idle']);
    expect(await firings(project)).toEqual([]);
    await away(project, '2026-01-01T00:00:00.000Z');
    const ended = await project.ok(['worker', '--until-idle']);
    expect(ended.stderr).toContain('Schedule hourly started: run 1 for 2 of 2 circuits');
    expect(ended.stderr).toContain('Every run is over.');
  });
});

describe('several processes', () => {
  it('that fire the same time at the same moment start one run', async () => {
    await using project = TestProject.create({ circuits: TWO, settings: HOURLY });
    await project.ok(['worker', '--until-idle']);
    const script = join(import.meta.dirname, '../helpers/fire-schedule.ts');
    const hours = [1, 2, 3];
    for (const hour of hours) {
      // Each time there is something to train again.
      project.change('kiln_1', hour);
      const slot = Date.UTC(2026, 0, 1, hour);
      const start = Date.now() + 1500;
      const answers = await Promise.all(
        [1, 2, 3].map(() =>
          promisify(execFile)(process.execPath, [
            script,
            project.folder,
            'hourly',
            String(slot),
            String(start),
          ]),
        ),
      );
      expect(answers.map((a) => a.stdout).toSorted()).toEqual(['none', 'none', `started ${hour}`]);
    }
    expect(await runCount(project)).toBe(hours.length);
    expect(await firings(project)).toHaveLength(hours.length);
  });
});

describe('trainyard schedules', () => {
  it('lists what comes, on the clock of its zone and in UTC, and what became of the last time', async () => {
    await using project = TestProject.create({
      circuits: TWO,
      settings: `schedules:
  nightly: {cron: "30 4 * * *", timezone: America/New_York, run: {approve: [all]}}
  never: {cron: "@daily", enabled: false}
`,
    });
    const before = await project.ok(['schedules']);
    expect(before.stdout).toMatch(
      /^nightly +30 4 \* \* \* +America\/New_York +\w{3} \d{4}-\d\d-\d\d 04:30 +\d{4}-\d\d-\d\dT0[89]:30Z +not yet$/m,
    );
    expect(before.stdout).toMatch(/^never +@daily +UTC +not enabled +not yet$/m);
    expect(before.stdout).toContain(
      'Nothing serves: none fires until `trainyard serve` or `trainyard worker` runs.',
    );
    await project.ok(['schedules', 'run', 'nightly']);
    const after = (await project.ok(['schedules', '--json'])).json() as { schedules: object[] };
    expect(after.schedules[0]).toMatchObject({
      name: 'nightly',
      enabled: true,
      catch_up: 'none',
      paused: null,
      last: { kind: 'manual', outcome: 'started', run_number: 1, requested_by: 'tester' },
    });
    const { next } = (
      await project.ok(['schedules', 'next', 'nightly', '--count', '12', '--json'])
    ).json() as {
      next: { local: string; utc: string }[];
    };
    expect(next).toHaveLength(12);
    expect(next.every(({ local }) => local.endsWith(' 04:30'))).toBe(true);
    expect((await project.ok(['schedules', 'history', 'nightly'])).stdout).toMatch(/✓ started +1 +tester/);
  });

  it('pauses and resumes, on record with who did it', async () => {
    await using project = TestProject.create({ circuits: TWO, settings: HOURLY });
    await project.ok(['schedules', 'pause', 'hourly', '--reason', 'the plant stands still']);
    expect((await project.ok(['schedules'])).stdout).toMatch(
      /‖ paused[^]*hourly was paused by tester at .*: the plant stands still/,
    );
    expect((await project.ok(['schedules', 'pause', 'hourly'])).stdout).toContain(
      'paused already, by tester',
    );
    await away(project, '2026-01-01T00:00:00.000Z');
    await project.ok(['worker', '--until-idle']);
    expect(await firings(project)).toEqual([]);
    expect((await project.ok(['schedules', 'resume', 'hourly'])).stdout).toMatch(
      /goes on, next at .*:00 UTC/,
    );
    await project.ok(['worker', '--until-idle']);
    expect(await firings(project)).toEqual([]);
    const told = await project.rows(({ db }) =>
      db
        .selectFrom('events')
        .select(['message'])
        .where('type', 'in', ['schedule.paused', 'schedule.resumed'])
        .execute(),
    );
    expect(told.map((e) => e.message)).toEqual([
      'tester paused schedule hourly: the plant stands still',
      'tester resumed schedule hourly',
    ]);
  });

  it('runs one now, and not beside a run of it that is open', async () => {
    await using project = TestProject.create({
      circuits: TWO,
      settings: 'schedules: {hourly: {cron: "0 * * * *"}}\n',
    });
    const first = await project.ends(11, ['schedules', 'run', 'hourly']);
    expect(first.stderr).toContain('Schedule hourly: run 1 for 2 of 2 circuits.');
    const second = await project.ends(6, ['schedules', 'run', 'hourly']);
    expect(second.stderr).toContain('run 1, which it started, waits for people');
    project.change('kiln_1', 2);
    const third = await project.ends(11, ['schedules', 'run', 'hourly', '--force', '--json']);
    expect(third.json()).toMatchObject({ firing: { outcome: 'started' }, run: { number: 2 } });
  });

  it('says when there is nothing to train, and when it cannot be planned', async () => {
    await using project = TestProject.create({ circuits: TWO, settings: HOURLY });
    await project.trained();
    expect((await project.ok(['schedules', 'run', 'hourly'])).stderr).toContain('nothing to train');
    project.edit('config/circuits.yaml', 'data/readings.csv', 'data/gone.csv');
    const failed = await project.ends(2, ['schedules', 'run', 'hourly']);
    expect(failed.stderr).toContain('There is no data at data/gone.csv');
    expect((await project.ok(['schedules'])).stdout).toMatch(/✗ failed[^]*^hourly: .*There is no data at/m);
  });

  it('leaves the run to a worker that runs, and follows it', async () => {
    await using project = TestProject.create({ circuits: TWO, settings: HOURLY });
    const worker = project.start(['worker']);
    await worker.says(/1 schedule/);
    const ended = await project.ok(['schedules', 'run', 'hourly']);
    expect(ended.stderr).toContain('Run 1');
    worker.kill('SIGTERM');
    expect((await worker.ended).stderr).toContain('Every run is over.');
  });

  it('names the schedule that was meant', async () => {
    await using project = TestProject.create({ circuits: TWO, settings: HOURLY });
    expect((await project.ends(5, ['schedules', 'run', 'hourl'])).stderr).toContain('Did you mean hourly?');
    expect((await project.ends(5, ['schedules', 'history', 'x'])).stderr).toContain('There is no schedule x');
  });
});

describe('scripts by schedule', () => {
  const SCRIPTS =
    'schedules: {weekly: {cron: "0 * * * *", catch_up: once, run: {pipeline: scripts, retries: 1, parallel: true, max_workers: 2}}}\n';
  const scripts = (slow: string): TestProject => {
    const project = TestProject.create({ circuits: TWO, settings: SCRIPTS });
    project.write('training/train_a.py', 'print("a")\n');
    project.write('training/train_slow.py', slow);
    project.write('.gitignore', 'components\n');
    project.commit('scripts');
    return project;
  };
  const ENDLESS = 'import time\nprint("working", flush=True)\nwhile True: time.sleep(0.05)\n';
  const summaries = (project: TestProject): { run: number; status: string }[] =>
    (project.has('summaries') ? project.list('summaries') : []).map(
      (name) => JSON.parse(project.read(`summaries/${name}`)) as { run: number; status: string },
    );
  const runs = (project: TestProject) =>
    project.rows(async ({ db }) =>
      (await db.selectFrom('runs').select(['number', 'pipeline', 'status']).execute()).map(
        (r) => `${r.number} ${r.pipeline} ${r.status}`,
      ),
    );
  /** A worker that has the endless script running. */
  const busyWorker = async (project: TestProject) => {
    await project.ok(['worker', '--until-idle']);
    await away(project, '2026-01-01T00:00:00.000Z');
    const worker = project.start(['worker']);
    await worker.says(/\[train_slow\] started/);
    return worker;
  };

  it('run in the worker to their end, with logs and a summary', async () => {
    await using project = scripts('raise SystemExit("no data")\n');
    await project.ok(['worker', '--until-idle']);
    await away(project, '2026-01-01T00:00:00.000Z');
    const ended = await project.ok(['worker', '--until-idle']);
    expect(ended.stderr).toContain('Schedule weekly started: run 1 for 2 scripts');
    expect(ended.stderr).toContain('Run 1 (scripts) failed. Summary: summaries/training_summary_');
    expect(await runs(project)).toEqual(['1 scripts failed']);
    expect(summaries(project)).toMatchObject([
      {
        run: 1,
        status: 'failed',
        arguments: ['schedule:weekly'],
        counts: { succeeded: 1, failed: 1 },
        jobs: [
          { id: 'train_a', attempts: 1 },
          { id: 'train_slow', attempts: 2 },
        ],
      },
    ]);
    expect(project.read('logs/train_a.log')).toContain('a');
    expect(project.read('logs/orchestrator.log')).toContain('[train_a] ✓ succeeded');
    expect((await project.ok(['schedules', '--json'])).json()).toMatchObject({
      schedules: [{ last: { outcome: 'started', run_number: 1 } }],
    });
  });

  it('are asked to end when the worker is', async () => {
    await using project = scripts(ENDLESS);
    const worker = await busyWorker(project);
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    expect(await runs(project)).toEqual(['1 scripts canceled']);
    expect(summaries(project)).toMatchObject([{ run: 1, status: 'interrupted' }]);
    expect(await project.settled()).toEqual([]);
  });

  it('end with a worker that is killed, and the next one settles what is left', async () => {
    await using project = scripts(ENDLESS);
    const worker = await busyWorker(project);
    worker.kill('SIGKILL');
    await worker.ended;
    expect(await project.settled()).toEqual([]);
    await project.ok(['worker', '--until-idle']);
    expect(await runs(project)).toEqual(['1 scripts canceled']);
    expect(summaries(project)).toMatchObject([{ run: 1, status: 'interrupted' }]);
    // Its time was met; the next one is another.
    await project.ok(['worker', '--until-idle']);
    expect(await runs(project)).toHaveLength(1);
  });

  it('have their summary also when the worker died before it wrote it', async () => {
    await using project = scripts('print("b")\n');
    await project.ok(['schedules', 'run', 'weekly']);
    expect(summaries(project)).toMatchObject([{ run: 1, status: 'succeeded' }]);
    for (const name of project.list('summaries')) rmSync(project.path(`summaries/${name}`));
    await project.ok(['worker', '--until-idle']);
    await project.ok(['worker', '--until-idle']);
    expect(summaries(project)).toMatchObject([{ run: 1, status: 'succeeded' }]);
  });

  it('run now are followed, here or in the worker that runs them', async () => {
    await using project = scripts('print("b")\n');
    const here = await project.ok(['schedules', 'run', 'weekly']);
    expect(here.stderr).toMatch(/\[train_a\] ✓ succeeded[^]*Summary: summaries/);
    const worker = project.start(['worker']);
    await worker.says(/1 schedule/);
    const there = await project.ok(['schedules', 'run', 'weekly', '--json']);
    expect(there.json()).toMatchObject({ run: { number: 2, pipeline: 'scripts', status: 'succeeded' } });
    worker.kill('SIGTERM');
    await worker.ended;
    expect(summaries(project).map((s) => s.run)).toEqual([1, 2]);
  });
});

it('trainyard doctor says when schedules are there and no worker runs', async () => {
  await using project = TestProject.create({ circuits: TWO, settings: HOURLY });
  const without = await project.ends(8, ['doctor']);
  expect(without.stdout).toMatch(/✗ missing +schedules +1 schedule, and no worker runs: nothing fires/);
  const worker = project.start(['worker']);
  await worker.says(/1 schedule/);
  expect((await project.ok(['doctor'])).stdout).toMatch(
    /✓ ok +schedules +1 schedule, fired by `trainyard worker`/,
  );
  worker.kill('SIGTERM');
  await worker.ended;
});
