import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { toIso } from '../../src/kernel/clock.ts';
import { openStore } from '../../src/store/index.ts';
import { AZURE, GithubStep, commandsOf, variablesIn } from '../helpers/build.ts';
import { TRAINS_WHEN_LET, TestProject } from '../helpers/project.ts';
import { jobStatuses, openRequest, stagesOf } from '../helpers/rows.ts';
import type { Running } from '../helpers/trainyard.ts';

const THREE = ['kiln_1', 'kiln_2', 'kiln_3'];
const HELD = { circuits: THREE, provider: 'local', train: TRAINS_WHEN_LET, environment: false } as const;
const FILE = '.trainyard/runs/1/artifacts/training_jobs.json';
const job = (circuit: string): string => `${circuit}_2026_03_31`;

/** Starts a run whose jobs train until the file `go` is there, and resolves once these do, which are as many as may. */
async function started(
  project: TestProject,
  { jobs = ['kiln_1', 'kiln_2'], approve = false }: { jobs?: readonly string[]; approve?: boolean } = {},
): Promise<Running> {
  const run = project.start(['run', ...(approve ? ['--approve', 'all'] : [])]);
  await run.says(/MonitorTraining started/);
  for (let i = 0; i < 1000; i++, await sleep(10)) {
    const statuses = await jobStatuses(project);
    if (jobs.every((circuit) => statuses[circuit] === 'running')) return run;
  }
  throw new Error(`${jobs.join(' and ')} never run.`);
}

async function killed(run: Running): Promise<void> {
  run.kill('SIGKILL');
  await run.ended;
}

/** A command line with a text on its standard input. */
const typing = (text: string) => ({
  wrapper: ['sh', '-c', 'printf %s "$TYPED" | "$@"', 'sh'],
  env: { TYPED: text },
});

describe('trainyard wait', () => {
  it('goes on with a run that nobody goes on with, and ends with the jobs, whatever else the run waits for', async () => {
    await using project = TestProject.create(HELD);
    await killed(await started(project));
    const wait = project.start(['wait', FILE]);
    await wait.says(/Waiting for 3 jobs of run 1, at most 2 d 0 h\./);
    project.write('go', '');
    const ended = await wait.ended;
    expect([ended.code, ended.stdout]).toEqual([0, '3 jobs: 3 succeeded.\n']);
    expect(Object.values(await jobStatuses(project))).toEqual(['succeeded', 'succeeded', 'succeeded']);
    // The rest of the run is for whoever goes on with it.
    expect((await stagesOf(project))['PromoteModels']).not.toBe('succeeded');
    await project.ends(11, ['run', '--resume']);
    await project.ok(['wait', FILE]);
  });

  it('watches the process that goes on with the run, and takes its place when it is gone', async () => {
    await using project = TestProject.create(HELD);
    const run = await started(project);
    const wait = project.start(['wait', FILE]);
    await wait.says(/`trainyard run` \(process \d+\) goes on with them; watching\./);
    await killed(run);
    project.write('go', '');
    expect((await wait.ended).code).toBe(0);
  });

  it('watches to the end, too', async () => {
    await using project = TestProject.create(HELD);
    const run = await started(project, { approve: true });
    const [one, two] = [project.start(['wait', FILE]), project.start(['wait', FILE, '--json'])];
    await one.says(/watching/);
    project.write('go', '');
    const [first, second, third] = await Promise.all([one.ended, two.ended, run.ended]);
    expect([first.code, second.code, third.code]).toEqual([0, 0, 0]);
    expect(second.json()).toMatchObject({ status: 'succeeded', exit_code: 0, counts: { succeeded: 3 } });
  });

  it('ends with 10 when time is up, says what still runs, and cancels nothing', async () => {
    await using project = TestProject.create(HELD);
    await killed(await started(project));
    const ended = await project.ends(10, ['wait', FILE, '--timeout', '1s']);
    expect(ended.stdout).toMatch(/^3 jobs: 2 running, 1 \w+\.\n/);
    expect(ended.stdout).toContain(
      `Still going after 1 s: ${job('kiln_1')} ${job('kiln_2')} ${job('kiln_3')}. Nothing was canceled`,
    );
    // Green is for what the jobs came to, and that is not known yet.
    const json = await project.ends(10, ['wait', FILE, '--timeout', '0s', '--continue-on-error', '--json']);
    expect(json.json()).toMatchObject({ status: 'timed_out', exit_code: 10, jobs: [{}, {}, {}] });
    project.write('go', '');
    await project.ok(['wait', FILE]);
  });

  it('ends with 130 on Ctrl-C, and the jobs go on', async () => {
    await using project = TestProject.create(HELD);
    await killed(await started(project));
    const wait = project.start(['wait', FILE]);
    await wait.says(/Waiting for/);
    await sleep(300); // it has taken the project over by then
    wait.kill('SIGINT');
    const ended = await wait.ended;
    expect([ended.code, ended.stdout]).toEqual([130, expect.stringContaining('The jobs go on.')]);
    project.write('go', '');
    await project.ok(['wait', FILE]);
    expect(Object.values(await jobStatuses(project))).toEqual(['succeeded', 'succeeded', 'succeeded']);
  });

  it('ends with 130 when jobs were canceled, and with 9 when another failed besides', async () => {
    const fails = `if circuit == 'kiln_2': sys.exit(3)\n${TRAINS_WHEN_LET}`;
    await using project = TestProject.create({ ...HELD, train: fails });
    // With two at a time, the third runs only once the second has failed.
    const run = await started(project, { jobs: ['kiln_1', 'kiln_3'] });
    await project.ok(['runs', 'cancel', '1']);
    await run.ended;
    const both = await project.ends(9, ['wait', FILE, '--json']);
    expect(both.json()).toMatchObject({ status: 'failed', counts: { canceled: 2, failed: 1 } });
    const canceled = typing(JSON.stringify([job('kiln_1'), job('kiln_3')]));
    const rest = await project.ends(130, ['wait', '-', '--json'], canceled);
    expect(rest.json()).toMatchObject({ status: 'canceled', exit_code: 130 });
    await project.ok(['wait', FILE, '--continue-on-error']);
  });

  it('does not wait for jobs that nothing will end any more', async () => {
    await using project = TestProject.create(HELD);
    await killed(await started(project));
    const store = await openStore(project.state);
    await store.db
      .updateTable('runs')
      .set({ status: 'failed', ended_at: toIso(Date.now()), due_at: null })
      .execute();
    await store.close();
    const ended = await project.ends(9, ['wait', FILE]);
    expect(ended.stdout).toContain(`Run 1 is over (failed) and these never ended: ${job('kiln_1')} `);
  });
});

describe('what the jobs of a file came to', () => {
  it('is the exit code: a failure is 9, unless it is to be 0; what is optional decides nothing', async () => {
    await using project = TestProject.create({ circuits: THREE });
    project.edit('config/circuits.yaml', 'circuit_id: 3}', 'circuit_id: 3, optional: true}');
    await project.ends(11, ['run', '--fail', 'kiln_2=sensor is dead', '--fail', 'kiln_3=sensor is dead']);
    const failed = await project.ends(9, ['wait', FILE]);
    expect(failed.stdout).toBe(
      `3 jobs: 1 succeeded, 2 failed.
  ✗ sensor is dead
      ${job('kiln_2')} ${job('kiln_3')} (optional)
      trainyard jobs logs ${job('kiln_2')}
`,
    );
    const green = await project.ok(['wait', FILE, '--continue-on-error']);
    expect(green.stdout).toContain('Exit code 0 all the same');
    await project.ok(['wait', '-'], typing(JSON.stringify([job('kiln_1'), job('kiln_3')])));
    const json = await project.ends(9, ['wait', FILE, '--json']);
    expect(json.json()).toMatchObject({
      status: 'failed',
      exit_code: 9,
      counts: { succeeded: 1, failed: 2 },
      jobs: [
        { name: job('kiln_1'), circuit: 'kiln_1', run: 1, status: 'succeeded', optional: false },
        { name: job('kiln_2'), status: 'failed', message: 'sensor is dead', reason: 'user_code' },
        { name: job('kiln_3'), status: 'failed', optional: true },
      ],
    });
  });

  it('is about these jobs, not about what a retry makes of them', async () => {
    await using project = TestProject.create({ circuits: THREE, environment: false });
    await project.ends(11, ['run', '--fail', 'kiln_2:1']);
    await project.ends(11, ['approve', await openRequest(project, 'training-retry')]);
    await project.ends(9, ['wait', FILE]);
    await project.ok(['wait', '.trainyard/runs/1/artifacts/retry_jobs.json']);
  });

  it('may be asked of several runs at once', async () => {
    await using project = TestProject.create({ circuits: THREE, environment: false });
    await project.trained();
    project.change('kiln_2', 0.3);
    await project.ok(['run', '--approve', 'all']);
    const both = JSON.stringify([job('kiln_1'), `${job('kiln_2')}_2`]);
    const ended = await project.ok(['wait', '-', '--json'], typing(both));
    expect(ended.json()).toMatchObject({ jobs: [{ run: 1 }, { run: 2 }] });
  });

  it('tells a build of these jobs alone', async () => {
    await using project = TestProject.create({ circuits: THREE });
    await project.ends(11, ['run', '--fail', 'kiln_2=no']);
    const step = new GithubStep(project);
    await project.ends(9, ['wait', FILE], { env: step.env });
    expect(step.outputs).toMatchObject({
      hasTrainingFailures: 'true',
      newEnvRegistered: 'true',
      failed_circuits: '["kiln_2"]',
    });
    expect(step.summary).toContain('## ‖ Run 1 waiting');
    const one = typing(JSON.stringify([job('kiln_1')]));
    const good = await project.ok(['wait', '-'], { ...one, env: { ...one.env, ...AZURE } });
    expect(variablesIn(commandsOf(good))).toMatchObject({ hasTrainingFailures: 'false' });
    const green = await project.ok(['wait', FILE, '--continue-on-error'], { env: AZURE });
    expect(commandsOf(green).at(-1)).toMatchObject({
      name: 'task.complete',
      properties: { result: 'SucceededWithIssues' },
    });
  });
});

describe('a file of jobs', () => {
  it('may be empty, and then there is nothing to wait for, anywhere', async () => {
    await using project = TestProject.empty();
    project.write('jobs.json', '{"run": 1, "jobs": [], "details": []}');
    const step = new GithubStep(project);
    const ended = await project.ok(['wait', 'jobs.json'], { env: step.env });
    expect(ended.stdout).toBe('The list is empty: no job to wait for.\n');
    expect(step.outputs).toEqual({ hasTrainingFailures: 'false', newEnvRegistered: 'false' });
    expect((await project.ok(['wait', 'jobs.json', '--json'])).json()).toMatchObject({ jobs: [] });
  });

  it('is refused with 2 when it is none, and with 5 when it names jobs that are not there', async () => {
    await using project = TestProject.create({ circuits: THREE });
    expect((await project.ends(2, ['wait', 'nowhere.json'])).stderr).toContain(
      'There is no file nowhere.json.\nhint: Get it with `trainyard artifacts download RUN training_jobs`.',
    );
    await project.ends(2, ['wait', '.']);
    await project.ends(2, ['wait']);
    await project.ends(2, ['wait', FILE, '--timeout', 'soon']);
    await project.ends(2, ['wait', '-'], typing('{"names": []}'));
    const early = await project.ends(5, ['wait', '-'], typing('["kiln_1"]'));
    expect(early.stderr).toContain('No job was ever written down in this project');
    await project.ends(11, ['run']);
    const misspelt = await project.ends(5, ['wait', '-'], typing('["kiln_1_2026_03_13"]'));
    expect(misspelt.stderr).toBe(
      'error: There is no job kiln_1_2026_03_13.\nhint: Did you mean kiln_1_2026_03_31?\n',
    );
    const names = JSON.stringify([job('kiln_1'), ...Array.from({ length: 1000 }, (_, i) => `mill_${i}`)]);
    const many = await project.ends(5, ['wait', '-', '--json'], typing(names));
    expect(many.json()).toMatchObject({
      error: { message: 'There are no jobs mill_0 mill_1 mill_2 … +997: 1000 of 1001 names are unknown.' },
    });
  });
});
