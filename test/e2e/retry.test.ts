import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { toIso } from '../../src/kernel/clock.ts';
import { openStore } from '../../src/store/index.ts';
import { TestProject } from '../helpers/project.ts';
import { openRequest, requests, sharedModels, stagesOf } from '../helpers/rows.ts';

const THREE = ['kiln_1', 'kiln_2', 'kiln_3'];
const ALL_MODELS = ['kiln-1', 'kiln-2', 'kiln-3'];
const RETRIED = /^kiln_2_2026_03_31_retry_\d{8}_\d{6}$/;

const artifact = (project: TestProject, name: string, run = 1): unknown =>
  JSON.parse(project.read(`.trainyard/runs/${run}/artifacts/${name}.json`));
const retries = async (project: TestProject): Promise<readonly { name: string; status: string }[]> => {
  const listed = (await project.ok(['jobs', 'list', '--match', '*_retry_*', '--json'])).json();
  return (listed as { jobs: { name: string; status: string }[] }).jobs;
};

/** Parked at the retry gate: kiln_2 failed, the others are ready. */
async function parked(fail = 'kiln_2:1=sensor gone', settings = ''): Promise<TestProject> {
  const project = TestProject.create({ circuits: THREE, settings });
  await project.ends(11, ['run', '--approve', 'registry-promotion', '--fail', fail]);
  return project;
}

describe('RetryFailedTraining', () => {
  it('does not show where nothing failed: skipped, without a request', async () => {
    await using project = TestProject.create({ circuits: THREE });
    await project.ok(['run', '--approve', 'registry-promotion']);
    expect(await stagesOf(project)).toMatchObject({
      RetryFailedTraining: 'skipped',
      PromoteModels: 'succeeded',
    });
    expect((await requests(project, { all: true })).map((r) => r.gate)).not.toContain('training-retry');
    expect(artifact(project, 'failed_jobs')).toMatchObject({ jobs: [], has_training_failures: false });
  });

  it.each([
    ['--pr', {}],
    ['the variables of GitHub', { GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: 'pull_request' }],
    ['the variables of Azure DevOps', { TF_BUILD: 'True', BUILD_REASON: 'PullRequest' }],
  ])('is skipped in a pull-request build, known by %s', async (how, env) => {
    await using project = TestProject.create({ circuits: THREE });
    const flag = how === '--pr' ? ['--pr'] : [];
    await project.ends(9, ['run', '--fail', 'kiln_2', ...flag], { env });
    expect(await stagesOf(project)).toMatchObject({
      RetryFailedTraining: 'skipped',
      PromoteModels: 'skipped',
    });
    expect((await project.ends(6, ['retry', '1'])).stderr).toContain('pull-request run');
  });

  it('approved and succeeded: new job names, same settings, tagged models, one merged list, all promoted', async () => {
    await using project = await parked();
    // Neither the settings nor the data of a retry are what the files say by now.
    project.change('kiln_2', 0.9);
    project.write('data/readings.csv', 'day,value\n2026-01-01,7\n');
    await project.ok(['approve', await openRequest(project, 'training-retry')]);
    const [retry] = await retries(project);
    expect(retry).toMatchObject({ name: expect.stringMatching(RETRIED) as unknown, status: 'succeeded' });
    const [before, after] = (await Promise.all(
      ['kiln_2_2026_03_31', retry?.name ?? ''].map(async (name) =>
        (await project.ok(['jobs', 'show', name, '--json'])).json(),
      ),
    )) as Record<string, unknown>[];
    for (const same of [
      'training_hash',
      'inputs_digest',
      'inputs',
      'component',
      'data_version',
      'environment',
    ])
      expect(after?.[same], same).toEqual(before?.[same]);
    expect(artifact(project, 'retry_jobs')).toMatchObject({ jobs: [retry?.name] });
    expect(artifact(project, 'completed_retry_jobs')).toMatchObject({
      jobs: [retry?.name],
      details: [{ retry: true, retry_of: 'kiln_2_2026_03_31', status: 'succeeded' }],
    });
    expect(artifact(project, 'registered_models')).toMatchObject({
      models: [{ model_name: 'kiln-1' }, { model_name: 'kiln-3' }],
    });
    expect(artifact(project, 'registered_models_with_retry')).toMatchObject({
      models: [
        { model_name: 'kiln-1', retry: false },
        { model_name: 'kiln-2', retry: true, tags: { retry: 'true', training_job: retry?.name } },
        { model_name: 'kiln-3', retry: false },
      ],
    });
    expect(await sharedModels(project)).toEqual(ALL_MODELS);
    expect((await project.ok(['models', 'list', '--tag', 'retry=true', '--json'])).json()).toMatchObject({
      models: [{ model_name: 'kiln-2' }],
    });
    // What was changed meanwhile is for the next run.
    expect((await project.ok(['plan', '--json'])).json()).toMatchObject({ summary: { train: 3 } });
  });

  it('approved and failed again: promotion is blocked until partial success is accepted', async () => {
    await using project = await parked('kiln_2');
    const failed = await project.ends(9, ['approve', await openRequest(project, 'training-retry')]);
    expect(failed.stderr).toContain('1 circuit failed again');
    expect(failed.stderr).toContain('trainyard runs accept-partial 1');
    expect(await stagesOf(project)).toMatchObject({
      RetryFailedTraining: 'failed',
      PromoteModels: 'skipped',
    });
    expect(await sharedModels(project)).toEqual([]);
    await project.ok(['runs', 'accept-partial', '1', '--comment', 'the kiln is down']);
    expect(await sharedModels(project)).toEqual(['kiln-1', 'kiln-3']);
  });

  it('failed again: nobody accepts partial success whom the gate does not let decide', async () => {
    const gate = 'gates: {training-retry: {approvers: [lead@example.com]}}\n';
    await using project = TestProject.create({ circuits: THREE, settings: gate });
    const lead = {
      env: { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'user.email', GIT_CONFIG_VALUE_0: 'lead@example.com' },
    };
    await project.ends(9, ['run', '--approve', 'all', '--fail', 'kiln_2'], lead);
    const refused = await project.ends(4, ['runs', 'accept-partial', '1']);
    expect(refused.stderr).toContain('tester is not an approver of gate training-retry.');
    expect(await sharedModels(project)).toEqual([]);
    await project.ok(['runs', 'accept-partial', '1'], lead);
    expect(await sharedModels(project)).toEqual(['kiln-1', 'kiln-3']);
  });

  it('failed again and retried once more by `trainyard retry`: promotion goes on, no job is trained again twice', async () => {
    await using project = await parked('kiln_2:2=sensor gone');
    await project.ends(9, ['approve', await openRequest(project, 'training-retry')]);
    await project.ok(['retry', '1']);
    const [second, first] = await retries(project);
    expect([first?.status, second?.status]).toEqual(['failed', 'succeeded']);
    for (const { name } of await retries(project)) expect(name).toMatch(/^kiln_2_2026_03_31_retry_[\d_]+$/);
    expect(await sharedModels(project)).toEqual(ALL_MODELS);
    expect((await project.ends(6, ['retry', '1'])).stderr).toContain('no failed circuit');
  });

  it('partly succeeded: the one that failed again blocks, the other keeps its registration', async () => {
    await using project = TestProject.create({ circuits: THREE });
    const args = ['--approve', 'all', '--fail', 'kiln_2', '--fail', 'kiln_3:1'];
    const failed = await project.ends(9, ['run', ...args, '--json']);
    expect(failed.json()).toMatchObject({ failed_circuits: ['kiln_2'] });
    expect(await stagesOf(project)).toMatchObject({
      RetryFailedTraining: 'failed',
      PromoteModels: 'skipped',
    });
    expect(artifact(project, 'registered_models_with_retry')).toMatchObject({
      models: [{ model_name: 'kiln-1' }, { model_name: 'kiln-3', retry: true }],
    });
    await project.ok(['runs', 'accept-partial', '1']);
    expect(await sharedModels(project)).toEqual(['kiln-1', 'kiln-3']);
  });

  it('rejected: nothing is trained again, and promotion goes on with what succeeded', async () => {
    await using project = await parked();
    await project.ends(9, [
      'reject',
      await openRequest(project, 'training-retry'),
      '--comment',
      'mend it first',
    ]);
    expect(await retries(project)).toEqual([]);
    expect(await stagesOf(project)).toMatchObject({
      RetryFailedTraining: 'skipped',
      PromoteModels: 'succeeded',
    });
    expect(await sharedModels(project)).toEqual(['kiln-1', 'kiln-3']);
    // A second thought: the run is over, and its failure can still be trained again in it.
    await project.ok(['retry', '1', '--comment', 'it was the network after all']);
    expect(await sharedModels(project)).toEqual(ALL_MODELS);
  });

  it('timed out: as rejected, and the request can be reopened', async () => {
    await using project = await parked();
    const id = await openRequest(project, 'training-retry');
    const store = await openStore(project.state);
    const expires_at = toIso(Date.now() - 1000);
    await store.db.updateTable('approvals').set({ expires_at }).where('id', '=', id).execute();
    await store.close();
    // Nobody has advanced the run since: the list says all the same what may be typed now.
    const listed = (await project.ok(['approvals'])).stdout;
    expect(listed).toContain(`trainyard approvals reopen ${id}`);
    expect(listed).not.toContain(`trainyard approve ${id}`);
    await project.ends(9, ['run', '--resume']);
    expect(await sharedModels(project)).toEqual(['kiln-1', 'kiln-3']);
    expect((await project.ends(7, ['approve', id])).stderr).toContain(`trainyard approvals reopen ${id}`);
    const reopened = await project.ok([
      'approvals',
      'reopen',
      id,
      '--expires',
      '1h',
      '--comment',
      'was away',
    ]);
    expect(reopened.stdout).toContain(`trainyard approve ${id}`);
    await project.ok(['approve', id]);
    expect(await sharedModels(project)).toEqual(ALL_MODELS);
    expect((await project.ok(['runs'])).stdout).toContain('succeeded');
    expect((await project.ends(6, ['approvals', 'reopen', id])).stderr).toContain(
      'nothing in it to ask again',
    );
  });

  it('canceled while it waits: the run, then nothing of it is offered again; what failed stays owed', async () => {
    await using project = await parked();
    await project.ok(['runs', 'cancel', '1']);
    await project.ok(['runs', 'cancel', '1']);
    expect(await requests(project)).toEqual([]);
    expect(await stagesOf(project)).toMatchObject({ RetryFailedTraining: 'canceled' });
    expect((await project.ends(6, ['retry', '1'])).stderr).toMatch(/was canceled/);
    expect((await project.ok(['why', 'kiln_2', '--json'])).json()).toMatchObject({ cause: 'owed_failed' });
  });

  it('canceled while it waits, the stage alone: promotion goes on with what succeeded', async () => {
    await using project = await parked();
    await project.ok(['runs', 'cancel', '1', '--stage', 'RetryFailedTraining']);
    await project.trainyard(['run', '--resume']);
    expect(await stagesOf(project)).toMatchObject({
      RetryFailedTraining: 'canceled',
      PromoteModels: 'succeeded',
    });
    expect(await sharedModels(project)).toEqual(['kiln-1', 'kiln-3']);
    expect((await project.ok(['runs', 'cancel', '1', '--stage', 'RetryFailedTraining'])).stdout).toContain(
      'nothing left to cancel',
    );
  });

  it('killed while it waits: the request is there again, once, and an approval goes on with it', async () => {
    await using project = TestProject.create({ circuits: THREE });
    const run = project.start(['worker'], {});
    await run.says(/No open runs/);
    await project.ends(11, ['run', '--approve', 'registry-promotion', '--fail', 'kiln_2:1']);
    const id = await openRequest(project, 'training-retry');
    run.kill('SIGKILL');
    await run.ended;
    await project.ends(11, ['run', '--resume']);
    expect((await requests(project)).map((r) => r.id)).toEqual([id]);
    await project.ok(['approve', id]);
    expect(await retries(project)).toHaveLength(1);
    expect(await sharedModels(project)).toEqual(ALL_MODELS);
  });

  it('offers what an earlier run left behind, also in a run without failures of its own, at the present commit', async () => {
    await using project = await parked();
    await project.ends(9, ['reject', await openRequest(project, 'training-retry')]);
    project.change('kiln_1', 0.5);
    await project.ends(11, ['run', '--approve', 'registry-promotion']);
    const shown = (await project.ok(['approvals'])).stdout;
    expect(shown).toContain('Train 1 failed circuit again (1 from earlier runs)');
    expect(shown).toContain('kiln_2');
    await project.ok(['approve', await openRequest(project, 'training-retry')]);
    expect(artifact(project, 'retry_jobs', 2)).toMatchObject({
      details: [{ circuit: 'kiln_2', retry_of: 'kiln_2_2026_03_31', status: 'succeeded' }],
    });
    expect(await sharedModels(project)).toEqual(['kiln-1', 'kiln-1', 'kiln-2', 'kiln-3']);
    // The first run leaves it to the second, which has trained it.
    expect((await project.ends(6, ['retry', '1'])).stderr).toContain('no failed circuit');
  });
});

describe('a rehearsal', () => {
  it('leaves what is owed in earnest alone: it is still offered, and trained when that is approved', async () => {
    const flaky = `
mark = os.path.join(root, 'failed-once')
if circuit == 'kiln_2' and not os.path.exists(mark):
    open(mark, 'w').close()
    sys.exit('the sensor is silent')
write_model()`;
    await using project = TestProject.create({ circuits: THREE, provider: 'local', train: flaky });
    await project.ends(11, ['run', '--approve', 'registry-promotion']);
    await project.ends(9, ['reject', await openRequest(project, 'training-retry')]);
    await project.trainyard(['run', '--provider', 'simulated', '--approve', 'all']);
    await project.ok(['retry', '1']);
    expect(await sharedModels(project)).toEqual(ALL_MODELS);
  });
});

describe('a cancel beside a process that is about something else', () => {
  it('is done once that one has ended', async () => {
    await using project = TestProject.create({ circuits: THREE });
    project.write('train_slow.py', 'import os, time\nwhile not os.path.exists("go"): time.sleep(0.02)\n');
    await project.ends(11, ['run', '--approve', 'registry-promotion', '--fail', 'kiln_2']);
    const scripts = project.start(['scripts']);
    await scripts.says(/train_slow/);
    const told = await project.ok(['reject', await openRequest(project, 'training-retry')]);
    expect(told.stdout).toMatch(/`trainyard run --resume` goes on with the run, once `trainyard scripts`/);
    const cancel = project.start(['runs', 'cancel', '1']);
    await sleep(300);
    project.write('go', '');
    expect((await scripts.ended).code).toBe(0);
    const ended = await cancel.ended;
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stdout).toContain('Run 1 is canceled.');
  });
});

describe('retry of some', () => {
  it('trains those that are named at once; the others stay open and are decided by themselves', async () => {
    await using project = TestProject.create({ circuits: THREE });
    const args = ['--approve', 'registry-promotion', '--fail', 'kiln_2:1', '--fail', 'kiln_3:1'];
    await project.ends(11, ['run', ...args]);
    expect((await project.ends(5, ['retry', '1', '--circuits', 'kiln_4'])).stderr).toContain('kiln_2');
    await project.ends(11, ['retry', '1', '--circuits', 'kiln_2']);
    expect((await retries(project)).map((r) => r.status)).toEqual(['succeeded']);
    expect((await project.ok(['models', 'list', '--json'])).json()).toMatchObject({
      models: [{ model_name: 'kiln-1' }, { model_name: 'kiln-2' }],
    });
    expect(await sharedModels(project)).toEqual([]);
    await project.ends(9, ['hold', await openRequest(project, 'training-retry'), '--comment', 'tomorrow']);
    expect(await sharedModels(project)).toEqual(['kiln-1', 'kiln-2']);
  });

  it('trains a group of one cause again, and leaves the others open', async () => {
    await using project = TestProject.create({ circuits: [...THREE, 'kiln_4'] });
    const failing = [
      'kiln_2:1=Connection reset by peer',
      'kiln_3:1=Connection reset by peer',
      'kiln_4:1=no such column: temp',
    ];
    await project.ends(11, [
      'run',
      '--approve',
      'registry-promotion',
      ...failing.flatMap((f) => ['--fail', f]),
    ]);
    const told = (await project.ok(['failures', '1', '--json'])).json();
    expect(told).toMatchObject({
      groups: [
        { number: 1, class: 'transient', count: 2, circuits: ['kiln_2', 'kiln_3'] },
        { number: 2, count: 1, circuits: ['kiln_4'] },
      ],
    });
    expect((await project.ends(5, ['retry', '1', '--group', '3'])).stderr).toContain('trainyard failures 1');
    await project.ends(11, ['retry', '1', '--group', '1']);
    expect((await retries(project)).map((r) => r.status)).toEqual(['succeeded', 'succeeded']);
    expect((await project.ok(['failures'])).stdout).toMatch(/Run 1: 1 failed, 1 cause/);
    await project.ends(9, ['reject', await openRequest(project, 'training-retry')]);
    expect(await sharedModels(project)).toEqual(ALL_MODELS);
  });

  it('canceled before it begins is not trained', async () => {
    await using project = await parked('kiln_*:1=sensor gone');
    await project.ok(['retry', '1', '--circuits', 'kiln_1,kiln_2', '--no-wait']);
    const cancel = ['runs', 'cancel', '1', '--circuits', 'kiln_2'];
    expect((await project.ok(cancel)).stdout).toMatch(/^Canceled kiln_2 of run 1/);
    expect((await project.ok(cancel)).stdout).toMatch(/^There was nothing left to cancel/);
    await project.ends(11, ['run', '--resume', '1']);
    const of = async (id: string) =>
      (await retries(project)).filter(({ name }) => name.startsWith(id)).map(({ status }) => status);
    expect([await of('kiln_1'), await of('kiln_2')]).toEqual([['succeeded'], []]);
  });

  it('needs the rights of the gate', async () => {
    await using project = await parked(undefined, 'gates:\n  training-retry: {approvers: [alice]}\n');
    expect((await project.ends(4, ['retry', '1'])).stderr).toContain('tester is not an approver');
    await project.ok(['retry', '1'], { env: { USER: 'alice' } });
    expect((await project.ok(['audit', '--type', 'approval.*', '--by', 'alice'])).stdout).toContain(
      'alice said approve',
    );
  });

  it('waits until the run has trained', async () => {
    await using project = TestProject.create({ circuits: ['kiln_1'] });
    const run = project.start(['run', '--duration', '600s', '--speed', '1', '--approve', 'all']);
    await run.says(/MonitorTraining started/);
    expect((await project.ends(6, ['retry', '1'])).stderr).toContain('still trains');
    await project.ok(['runs', 'cancel', '1']);
    await run.ended;
  });
});

describe('on this machine', () => {
  const failing = (condition: string): string => `
mark = os.path.join(root, 'failed-' + circuit)
if circuit == 'kiln_2' and ${condition}:
    open(mark, 'w').close()
    raise KeyError('flow_temperature')
write_model()`;
  const local = (condition: string): TestProject =>
    TestProject.create({ circuits: THREE, provider: 'local', train: failing(condition) });

  it('approved and succeeded: the request shows the log, the room there is and how long it will take', async () => {
    await using project = local('not os.path.exists(mark)');
    await project.ends(11, ['run', '--approve', 'registry-promotion']);
    const id = await openRequest(project, 'training-retry');
    const shown = (await project.ok(['approvals', 'show', id, '--json'])).json();
    expect(shown).toMatchObject({
      subjects: [
        { subject: 'kiln_2', detail: { job: 'kiln_2_2026_03_31', attempts: 1, reason: 'user_code' } },
      ],
      context: {
        capacity: { free: 2, slots: 2 },
        estimate: { known: 0, of: 1 },
        groups: [{ class: 'data', count: 1, title: "KeyError: 'flow_temperature'" }],
      },
    });
    expect(JSON.stringify(shown)).toContain("KeyError: 'flow_temperature'");
    await project.ok(['approve', id]);
    expect(await sharedModels(project)).toEqual(ALL_MODELS);
  });

  it('approved and failed again: promotion is blocked', async () => {
    await using project = local('True');
    await project.ends(11, ['run', '--approve', 'registry-promotion']);
    await project.ends(9, ['approve', await openRequest(project, 'training-retry')]);
    expect(await stagesOf(project)).toMatchObject({
      RetryFailedTraining: 'failed',
      PromoteModels: 'skipped',
    });
    expect(await sharedModels(project)).toEqual([]);
  });

  it('canceled in flight, one circuit: its processes are gone when the command returns, the other goes on', async () => {
    await using project = TestProject.create({
      circuits: ['kiln_1', 'kiln_2'],
      provider: 'local',
      train: `
import signal
if circuit == 'kiln_1':
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print('deaf', flush=True)
    time.sleep(60)
write_model()`,
    });
    const run = project.start(['run', '--approve', 'all'], { timeout_ms: 40_000 });
    while (!(await project.trainyard(['jobs', 'logs', 'kiln_1_2026_03_31'])).stdout.includes('deaf'))
      await sleep(50);
    const alive = (): boolean => project.processes().some((pid) => isTraining(pid));
    expect(alive()).toBe(true);
    const canceled = await project.ok(['runs', 'cancel', '1', '--circuits', 'kiln_1'], {
      timeout_ms: 40_000,
    });
    expect(canceled.stdout).toContain('Canceled kiln_1 of run 1');
    expect(alive()).toBe(false);
    const again = await project.ok(['runs', 'cancel', '1', '--circuits', 'kiln_1']);
    expect(again.stdout).toContain('nothing left to cancel');
    expect((await run.ended).code).toBe(0);
    expect(await sharedModels(project)).toEqual(['kiln-2']);
  });
});

const isTraining = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('train.py');
  } catch {
    return false;
  }
};
