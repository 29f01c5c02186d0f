import { describe, expect, it } from 'vitest';
import { TestProject } from '../helpers/project.ts';
import { openRequest, requests, sharedModels, stagesOf } from '../helpers/rows.ts';

const THREE = ['kiln_1', 'kiln_2', 'kiln_3'];

const artifact = (project: TestProject, name: string): unknown =>
  JSON.parse(project.read(`.trainyard/runs/1/artifacts/${name}.json`));

describe('a run without a terminal', () => {
  it('ends with 11 when all that is left waits for people, having trained meanwhile', async () => {
    await using project = TestProject.create({ circuits: THREE });
    const run = await project.ends(11, ['run', '--json']);
    expect(run.json()).toMatchObject({
      status: 'waiting',
      jobs: { succeeded: 3 },
      approvals: [{ gate: 'registry-promotion' }, { gate: 'registry-promotion' }],
    });
    expect(run.stderr).toMatch(/^ {6}trainyard approve apr_\w+\n {6}trainyard reject apr_\w+$/m);
    expect(await stagesOf(project)).toMatchObject({
      PromoteEnvironment: 'waiting',
      RegisterModels: 'succeeded',
      PromoteModels: 'waiting',
    });
    // Lists and plans look and never go on with it.
    await project.ok(['plan']);
    await project.ok(['runs']);
    expect(await requests(project)).toHaveLength(2);
    // Resuming has nothing to do but to say so again.
    await project.ends(11, ['run', '--resume']);
    const [models, environment] = await requests(project);
    // Models wait for their environment, so an approval of one leaves the run waiting for the other.
    await project.ends(11, ['approve', models?.id ?? '', '--comment', 'looks good']);
    expect(await sharedModels(project)).toEqual([]);
    const recorded = await project.ok(['approve', environment?.id ?? '', '--no-wait']);
    expect(recorded.stdout).toMatch(/Recorded: 1 approved.*trainyard run --resume/);
    expect(await sharedModels(project)).toEqual([]);
    await project.ok(['run', '--resume']);
    expect(await sharedModels(project)).toEqual(['kiln-1', 'kiln-2', 'kiln-3']);
    expect((await project.ok(['approvals'])).stdout).toContain('Nothing waits for a decision.');
    const told = await project.ok(['approvals', 'show', models?.id ?? '']);
    expect(told.stdout).toMatch(/tester \(claimed\): approve "looks good"/);
  });

  it('ends with 9 when it could not submit, though a gate is open, and leaves its circuits to the next run', async () => {
    await using project = TestProject.create({ circuits: THREE });
    project.edit(
      'components/training-pipeline-component.yaml',
      'lr: {type: number, default: 0.5}',
      'lr: {type: string}',
    );
    project.edit('config/circuits.yaml', '{lr: 0.1}', '{lr: "${env:TRAINYARD_TEST_LR}"}');
    const failed = await project.ends(9, ['run', '--provider', 'local']);
    expect(failed.stderr).toContain('Next: put right what SubmitTraining says, then trainyard run');
    const planned = await project.ok(['plan', '--json']);
    expect(planned.json()).toMatchObject({ summary: { train: 3, skip: 0 } });
    const run = await project.ok(['run', '--provider', 'local', '--approve', 'all', '--json'], {
      env: { TRAINYARD_TEST_LR: '0.2' },
    });
    expect(run.json()).toMatchObject({ jobs: { succeeded: 3 } });
  });

  it('goes on with what is new while an earlier run waits', async () => {
    await using project = TestProject.create({ circuits: THREE });
    await project.ends(11, ['run']);
    project.change('kiln_2', 0.4);
    const second = await project.ends(11, ['run', '--json']);
    expect(second.json()).toMatchObject({ number: 2, status: 'waiting', jobs: { succeeded: 1 } });
    expect(second.stderr).toContain('run 1 asks already: trainyard approve');
    await project.ok(['worker', '--until-idle']);
    // Models of both, and one question about the environment.
    const open = await requests(project);
    expect(open).toHaveLength(3);
    // Canceled there, it is asked here; approved once, it counts for all.
    await project.ok(['runs', 'cancel', '1']);
    await project.ok(['worker', '--until-idle']);
    expect(await requests(project)).toHaveLength(2);
    for (const { id } of await requests(project)) await project.trainyard(['approve', id]);
    expect(await sharedModels(project)).toEqual(['kiln-2']);
  });
});

describe('verdicts', () => {
  it('on nothing, or open for no time, are slips of the pen and not about everything', async () => {
    await using project = TestProject.create({ circuits: THREE });
    await project.ends(11, ['run']);
    const [models] = await requests(project);
    const id = models?.id ?? '';
    await project.ends(2, ['approve', id, '--subjects', '']);
    await project.ends(2, ['retry', '1', '--circuits', ' , ']);
    await project.ends(2, ['runs', 'cancel', '1', '--circuits', '']);
    await project.ok(['hold', id, '--no-wait']);
    await project.ends(2, ['approvals', 'reopen', id, '--expires', '0s']);
    expect((await requests(project)).map((r) => r.id)).not.toContain(id);
  });

  it('reject: an environment that is rejected holds back the models that need it', async () => {
    await using project = TestProject.create({ circuits: THREE });
    await project.ends(11, ['run']);
    const [models, environment] = await requests(project);
    await project.ends(11, ['reject', environment?.id ?? '', '--comment', 'unknown image']);
    await project.trainyard(['approve', models?.id ?? '']);
    expect(await stagesOf(project)).toMatchObject({ PromoteEnvironment: 'skipped' });
    expect(await sharedModels(project)).toEqual([]);
    expect(artifact(project, 'promoted_models')).toMatchObject({
      models: [{ outcome: 'held' }, { outcome: 'held' }, { outcome: 'held' }],
    });
  });

  it('differ per model in one request', async () => {
    await using project = TestProject.create({ circuits: THREE, environment: false });
    await project.ends(11, ['run']);
    const id = await openRequest(project, 'registry-promotion');
    expect((await project.ends(2, ['approve', id, '--subjects', 'kiln-9:1'])).stderr).toContain(
      'Did you mean kiln-1:1',
    );
    await project.ends(11, ['approve', id, '--subjects', 'kiln-1:1,kiln-2:1']);
    expect(await sharedModels(project)).toEqual(['kiln-1', 'kiln-2']);
    await project.ok(['reject', id, '--subjects', 'kiln-3:1', '--comment', 'too old']);
    expect(artifact(project, 'promoted_models')).toMatchObject({
      models: [{ outcome: 'promoted' }, { outcome: 'promoted' }, { outcome: 'rejected' }],
    });
    // A rejected model does not make its circuit owed.
    await project.ends(0, ['plan', '--exit-code']);
    expect((await project.ends(5, ['approve', 'apr_nothing'])).stderr).toContain('trainyard approvals');
  });

  it('come from approvers only, and from as many as the gate asks for', async () => {
    const settings =
      'gates:\n  registry-promotion: {approvers: [alice, bob, tester], required: 2, requester_may_approve: false}\n';
    await using project = TestProject.create({ circuits: ['kiln_1'], environment: false, settings });
    await project.ends(11, ['run']);
    const id = await openRequest(project, 'registry-promotion');
    expect((await project.ends(4, ['approve', id])).stderr).toContain('tester');
    expect((await project.ends(4, ['approve', id], { env: { USER: 'mallory' } })).stderr).toContain(
      'mallory',
    );
    await project.ends(11, ['approve', id], { env: { USER: 'alice' } });
    await project.ends(11, ['approve', id], { env: { USER: 'alice' } });
    expect(await sharedModels(project)).toEqual([]);
    await project.ok(['approve', id], { env: { USER: 'bob' } });
    expect(await sharedModels(project)).toEqual(['kiln-1']);
  });

  it('of everything leave out what misses a quality limit, until somebody names it with a reason', async () => {
    await using project = TestProject.create({
      circuits: ['kiln_1'],
      environment: false,
      settings: 'quality: [mae <= 0]\n',
    });
    await project.ends(11, ['run']);
    const id = await openRequest(project, 'registry-promotion');
    expect((await project.ok(['approvals'])).stdout).toMatch(/quality gate: .*mae/);
    expect((await project.ends(4, ['approve', id, '--subjects', 'kiln-1:1'])).stderr).toContain('--comment');
    await project.ok(['approve', id, '--subjects', 'kiln-1:1', '--comment', 'the only one we have']);
    expect(await sharedModels(project)).toEqual(['kiln-1']);
  });
});

describe('the retry gate', () => {
  it('is no gate for an optional circuit: its failure leaves the run green', async () => {
    await using project = TestProject.create({ circuits: THREE });
    project.edit('config/circuits.yaml', 'circuit_id: 2}', 'circuit_id: 2, optional: true}');
    const run = await project.ok(['run', '--approve', 'all', '--fail', 'kiln_2', '--json']);
    expect(run.json()).toMatchObject({ status: 'succeeded', failed_circuits: [] });
    expect(await sharedModels(project)).toEqual(['kiln-1', 'kiln-3']);
  });
});

describe('approval in advance', () => {
  it('names its gates, all of them known, and is on record', async () => {
    await using project = TestProject.create({ circuits: ['kiln_1'] });
    expect((await project.ends(2, ['run', '--approve', 'registry-promotoin'])).stderr).toContain(
      'Did you mean registry-promotion?',
    );
    await project.ok(['run', '--approve', 'registry-promotion']);
    const [request] = await requests(project, { all: true });
    expect((await project.ok(['approvals', 'show', request?.id ?? ''])).stdout).toContain(
      'approved in advance with run --approve',
    );
  });
});
