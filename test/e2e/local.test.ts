import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { TRAINS_WHEN_LET, TestProject, fleetFile } from '../helpers/project.ts';
import { jobStatuses } from '../helpers/rows.ts';
import { startsOf } from '../helpers/starts.ts';
import type { Running } from '../helpers/trainyard.ts';

const THREE = ['kiln_1', 'kiln_2', 'kiln_3'];
const WAITING = { circuits: THREE, provider: 'local', train: TRAINS_WHEN_LET, environment: false } as const;
const JOB = 'kiln_1_2026_03_31';

/** Waits until as many jobs of the project run, as its rows say. */
async function running(project: TestProject, run: Running, count: number): Promise<void> {
  await run.says(/MonitorTraining started/);
  for (let i = 0; i < 1000; i++, await sleep(10)) {
    const rows = await project.rows((store) =>
      store.db.selectFrom('jobs').select('name').where('status', '=', 'running').execute(),
    );
    if (rows.length === count) return;
  }
  throw new Error(`There are never ${count} jobs running.`);
}

describe('canceling', () => {
  it('ends a run from another terminal: processes gone, what is canceled is trained by the next run', async () => {
    await using project = TestProject.create(WAITING);
    const run = project.start(['run', '--approve', 'all']);
    await running(project, run, 2);
    const canceled = await project.ok(['runs', 'cancel', '1', '--json']);
    expect(canceled.json()).toEqual({ run: 1, status: 'canceled', canceled: true });
    expect((await run.ended).code).toBe(130);
    expect(await project.settled()).toEqual([]);
    expect(await jobStatuses(project)).toEqual({
      kiln_1: 'canceled',
      kiln_2: 'canceled',
      kiln_3: 'canceled',
    });
    expect((await project.ok(['runs', 'cancel', '1'])).stdout).toContain('was over already (canceled)');
    expect((await project.ok(['plan', '--json'])).json()).toMatchObject({
      circuits: THREE.map(() => ({
        action: 'train',
        cause: 'owed_unfinished',
        reason: 'its job was canceled in run 1',
      })),
    });
    project.write('go', '');
    await project.ok(['run', '--approve', 'all']);
    // A run that is over is not offered for a retry, nor resumed.
    expect((await project.ends(6, ['run', '--resume', '1'])).stderr).toContain('Run 1 is over (canceled)');
    expect(Object.values(await jobStatuses(project))).toEqual(['succeeded', 'succeeded', 'succeeded']);
  });

  it('ends one job and leaves the others alone; what is canceled is no failure', async () => {
    await using project = TestProject.create(WAITING);
    const run = project.start(['run', '--approve', 'all']);
    await running(project, run, 2);
    expect((await project.ok(['jobs', 'cancel', JOB])).stdout).toBe(`${JOB} is canceled.\n`);
    project.write('go', '');
    const ended = await run.ended;
    expect(ended.code, ended.stderr).toBe(0);
    expect(await jobStatuses(project)).toEqual({
      kiln_1: 'canceled',
      kiln_2: 'succeeded',
      kiln_3: 'succeeded',
    });
    expect((await project.ok(['runs', 'show', '1', '--json'])).json()).toMatchObject({
      status: 'succeeded',
      failed_circuits: [],
      approvals: [],
    });
    expect((await project.ok(['plan', '--json'])).json()).toMatchObject({
      summary: { train: 1 },
      circuits: [{ id: 'kiln_1', cause: 'owed_unfinished' }, {}, {}],
    });
    expect((await project.ends(5, ['jobs', 'cancel', 'kiln_1_2026_03_32'])).stderr).toContain(
      `Did you mean ${JOB}`,
    );
  });

  it('works on a run that nobody advances any more, and leaves no process', async () => {
    await using project = TestProject.create(WAITING);
    const run = project.start(['run']);
    await running(project, run, 2);
    run.kill('SIGINT');
    const detached = await run.ended;
    expect(detached).toMatchObject({
      code: 130,
      stderr: expect.stringContaining('Detached. Jobs that run go on') as unknown,
    });
    expect(project.processes().length).toBeGreaterThan(0);
    await project.ok(['runs', 'cancel', '1']);
    expect(await project.settled()).toEqual([]);
    expect(Object.values(await jobStatuses(project))).toEqual(['canceled', 'canceled', 'canceled']);
  });
});

describe('a run that was interrupted', () => {
  it('and then failed is not hidden by the run after it, in which all went well', async () => {
    const train = TRAINS_WHEN_LET.replace('write_model()', "if circuit != 'kiln_2': write_model()");
    await using project = TestProject.create({ ...WAITING, circuits: ['kiln_1', 'kiln_2'], train });
    const run = project.start(['run', '--approve', 'all']);
    await running(project, run, 2);
    run.kill('SIGKILL');
    await run.ended;
    project.write('go', '');
    // Nothing is left of it in the fleet: the new run has nothing to train and no failure to offer again.
    project.write('config/circuits.yaml', fleetFile(['kiln_1']));
    await project.ends(9, ['run', '--approve', 'all']);
    const { runs } = (await project.ok(['runs', '--json'])).json() as { runs: { status: string }[] };
    expect(runs.map(({ status }) => status)).toEqual(['succeeded', 'failed']);
  });

  it('is taken up by the next run by itself, with jobs that went on meanwhile; nothing is started twice', async () => {
    await using project = TestProject.create(WAITING);
    const run = project.start(['run', '--approve', 'all']);
    await running(project, run, 2);
    run.kill('SIGTERM');
    expect((await run.ended).code).toBe(130);
    project.write('go', '');
    const next = await project.ok(['run', '--approve', 'all']);
    expect(next.stderr).toContain('Going on with run 1, which was interrupted.');
    expect(next.stderr).toContain('Plan: 0 to train, 3 to keep.');
    expect(startsOf(project.state)).toEqual({
      kiln_1_2026_03_31: 1,
      kiln_2_2026_03_31: 1,
      kiln_3_2026_03_31: 1,
    });
    expect((await project.ok(['models', '--json'])).json()).toMatchObject({
      models: [{ version: 1 }, { version: 1 }, { version: 1 }],
    });
    expect(await project.settled()).toEqual([]);
  });
});

describe('two processes on one project', () => {
  it('the second ends with 6 and names the first, which goes on unharmed', async () => {
    await using project = TestProject.create(WAITING);
    const first = project.start(['run', '--approve', 'all']);
    await running(project, first, 2);
    const second = await project.ends(6, ['run']);
    expect(second.stderr).toContain(`held by \`trainyard run\` (process ${first.pid}`);
    expect(second.stderr).toMatch(/hint: .*trainyard runs show/);
    const other = await project.ends(6, ['worker', '--json']);
    expect(other.json()).toMatchObject({
      error: { code: 'conflict', holder: { kind: 'run', pid: first.pid } },
    });
    expect((await project.ok(['doctor'])).stdout).toContain(
      `held by \`trainyard run\` (process ${first.pid})`,
    );
    project.write('go', '');
    expect((await first.ended).code).toBe(0);
    expect((await project.ok(['runs', '--json'])).json()).toMatchObject({
      runs: [{ number: 1, status: 'succeeded' }],
    });
    expect(Object.values(startsOf(project.state))).toEqual([1, 1, 1]);
  });

  it('a worker that holds it does the work of `run` and `approve`', async () => {
    await using project = TestProject.create({ ...WAITING, circuits: ['kiln_1'] });
    project.write('go', '');
    await project.ends(11, ['run']);
    const worker = project.start(['worker']);
    await worker.says(/Going on with run 1/);
    const { approvals } = (await project.ok(['approvals', '--json'])).json() as {
      approvals: { id: string }[];
    };
    const approved = await project.ok(['approve', approvals[0]?.id ?? '']);
    expect(approved.stdout).toContain(`\`trainyard worker\` (process ${worker.pid}) goes on with the run.`);
    await worker.says(/Run 1 succeeded/);
    project.change('kiln_1', 0.3);
    const run = await project.ends(11, ['run']);
    expect(run.stderr).toContain('Run 2');
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    expect((await project.ok(['runs', '--json'])).json()).toMatchObject({
      runs: [
        { number: 2, status: 'waiting' },
        { number: 1, status: 'succeeded' },
      ],
    });
  });
});

describe('logs', () => {
  it('are followed while the job runs, to its end', async () => {
    await using project = TestProject.create({
      ...WAITING,
      circuits: ['kiln_1'],
      train: `${TRAINS_WHEN_LET}\nprint('last word')`,
    });
    const run = project.start(['run', '--approve', 'all']);
    await running(project, run, 1);
    const follower = project.start(['jobs', 'logs', '-f', JOB]);
    for (let i = 0; i < 2000 && !follower.stdout.includes('training kiln_1'); i++) await sleep(10);
    expect(follower.stdout).toBe('training kiln_1\n');
    project.write('go', '');
    const followed = await follower.ended;
    expect(followed).toMatchObject({ code: 0, stdout: 'training kiln_1\nlast word\n' });
    expect((await run.ended).code).toBe(0);
    expect((await project.ok(['jobs', 'logs', JOB])).stdout).toBe(followed.stdout);
    expect((await project.ok(['jobs', 'logs', JOB, '--json'])).json()).toEqual({
      job: JOB,
      attempt: 1,
      text: followed.stdout,
    });
    const shown = (await project.ok(['jobs', 'show', JOB, '--json'])).json();
    expect(shown).toMatchObject({
      status: 'succeeded',
      metrics: { mae: 1.5 },
      exit_code: 0,
      cpu_s: expect.any(Number) as unknown,
      peak_memory_mib: expect.any(Number) as unknown,
      attempts: [{ number: 1 }],
    });
  });

  it('show why a job failed, in the run and at the gate', async () => {
    await using project = TestProject.create({
      ...WAITING,
      circuits: ['kiln_1'],
      train: `sys.exit('ValueError: the sensor is silent')`,
    });
    const run = await project.ends(11, ['run']);
    expect(run.stderr).toContain('ValueError: the sensor is silent');
    expect((await project.ok(['approvals'])).stdout).toContain('ValueError: the sensor is silent');
    expect((await project.ok(['jobs', 'logs', JOB])).stdout).toContain('ValueError: the sensor is silent');
  });
});
