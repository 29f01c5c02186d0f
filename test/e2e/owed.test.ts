import { describe, expect, it } from 'vitest';
import { TestProject } from '../helpers/project.ts';
import { openRequest, sharedModels } from '../helpers/rows.ts';

const THREE = ['kiln_1', 'kiln_2', 'kiln_3'];

const plan = async (project: TestProject, ...args: string[]): Promise<Record<string, string>> => {
  const { circuits } = (await project.ok(['plan', '--json', ...args])).json() as {
    circuits: { id: string; action: string; cause: string }[];
  };
  return Object.fromEntries(circuits.map((c) => [c.id, `${c.action} ${c.cause}`]));
};

describe('a circuit that failed', () => {
  it('stays owed over later commits and runs, is offered at every retry gate, and is never trained unasked', async () => {
    await using project = TestProject.create({ circuits: THREE });
    project.write('.gitignore', '.trainyard/\n');
    project.commit('first');
    await project.ends(11, ['run', '--approve', 'registry-promotion', '--fail', 'kiln_1']);
    expect(await plan(project)).toEqual({
      kiln_1: 'skip owed_failed',
      kiln_2: 'skip unchanged',
      kiln_3: 'skip unchanged',
    });
    await project.ends(9, ['reject', await openRequest(project, 'training-retry')]);
    expect(await sharedModels(project)).toEqual(['kiln-2', 'kiln-3']);

    project.write('README.md', 'unrelated\n');
    project.commit('unrelated');
    project.change('kiln_3', 0.7);
    project.commit('another circuit');
    expect(await plan(project, '--base', 'HEAD~1')).toEqual({
      kiln_1: 'skip owed_failed',
      kiln_2: 'skip unchanged',
      kiln_3: 'train config',
    });
    // A run without a failure of its own opens the retry gate for it.
    await project.ends(11, ['run', '--approve', 'registry-promotion']);
    const approval = await project.ok([
      'approvals',
      'show',
      await openRequest(project, 'training-retry'),
      '--json',
    ]);
    expect(approval.json()).toMatchObject({
      subjects: [
        {
          subject: 'kiln_1',
          detail: { owed: true, message: expect.stringContaining('failed in run 1') as unknown },
        },
      ],
    });
    await project.ok(['approve', await openRequest(project, 'training-retry')]);
    expect(await plan(project)).toEqual({
      kiln_1: 'skip unchanged',
      kiln_2: 'skip unchanged',
      kiln_3: 'skip unchanged',
    });
    expect((await project.ok(['models', 'list', '--tag', 'retry=true', '--json'])).json()).toMatchObject({
      models: [{ model_name: 'kiln-1', version: 1 }],
    });
  });

  it('is trained at once when somebody includes what failed, or picks it', async () => {
    await using project = TestProject.create({ circuits: THREE });
    await project.ends(11, ['run', '--approve', 'registry-promotion', '--fail', 'kiln_1']);
    await project.ends(9, ['reject', await openRequest(project, 'training-retry')]);
    expect(await plan(project, '--include-failed')).toMatchObject({ kiln_1: 'train owed_failed' });
    expect(await plan(project, '--circuits', 'kiln_1')).toMatchObject({ kiln_1: 'train selected' });
    expect(
      (await project.ok(['run', '--include-failed', '--approve', 'all', '--json'])).json(),
    ).toMatchObject({ number: 2, status: 'succeeded', jobs: { succeeded: 1 } });
    expect((await project.ok(['jobs', 'list', '--circuit', 'kiln_1', '--json'])).json()).toMatchObject({
      jobs: [
        { name: 'kiln_1_2026_03_31_2', status: 'succeeded' },
        { name: 'kiln_1_2026_03_31', status: 'failed' },
      ],
    });
  });

  it('no longer is when its settings change: that is a change like any other', async () => {
    await using project = TestProject.create({ circuits: THREE });
    await project.ends(11, ['run', '--approve', 'registry-promotion', '--fail', 'kiln_1']);
    await project.ends(9, ['reject', await openRequest(project, 'training-retry')]);
    project.change('kiln_1', 0.2);
    expect(await plan(project)).toMatchObject({ kiln_1: 'train new' });
  });
});

describe('a model that is withdrawn', () => {
  it('counts no more, and its circuit is owed again; the version before it counts if it fits', async () => {
    await using project = await TestProject.create({ circuits: THREE }).trained();
    await project.ends(2, ['models', 'withdraw', 'kiln-2:1']);
    await project.ends(5, ['models', 'withdraw', 'kiln-2:7', '--reason', 'none']);
    const withdrawn = await project.ok([
      'models',
      'withdraw',
      'kiln-2:1',
      '--reason',
      'a broken sensor',
      '--json',
    ]);
    expect(withdrawn.json()).toMatchObject({
      model_name: 'kiln-2',
      version: 1,
      withdrawn: { by: 'tester', reason: 'a broken sensor' },
    });
    expect(await plan(project)).toMatchObject({ kiln_2: 'train owed_unfinished' });
    await project.trained();
    expect((await project.ok(['models', 'list', '--model', 'kiln-2', '--json'])).json()).toMatchObject({
      models: [{ version: 2, withdrawn: null }, { version: 1 }],
    });
    // A newer one that is taken back leaves the older good one of the same settings standing.
    await project.ok(['run', '--circuits', 'kiln_3', '--approve', 'all']);
    await project.ok(['models', 'withdraw', 'kiln-3:2', '--reason', 'not needed']);
    expect(await plan(project)).toMatchObject({ kiln_3: 'skip unchanged' });
  });
});

describe('a pull-request run', () => {
  it('trains and registers, but its models are never good and nothing is promoted or retried', async () => {
    await using project = TestProject.create({ circuits: THREE });
    const run = (
      await project.ends(9, ['run', '--pr', '--approve', 'all', '--fail', 'kiln_3', '--json'])
    ).json();
    expect(run).toMatchObject({
      pr: true,
      status: 'failed',
      jobs: { succeeded: 2, failed: 1 },
      approvals: [],
    });
    const { stages } = run as { stages: { name: string; status: string }[] };
    expect(stages.filter((s) => s.status === 'skipped').map((s) => s.name)).toEqual([
      'PromoteEnvironment',
      'RetryFailedTraining',
      'PromoteModels',
    ]);
    expect((await project.ok(['models', 'list', '--json'])).json()).toMatchObject({
      models: [{ pr: true, tags: { pr: 'true' } }, { pr: true }],
    });
    expect(await sharedModels(project)).toEqual([]);
    // Neither its models nor its failure count for anything afterwards.
    expect(await plan(project)).toEqual({ kiln_1: 'train new', kiln_2: 'train new', kiln_3: 'train new' });
    await project.trained();
    expect((await project.ok(['models', 'show', 'kiln-1', '--json'])).json()).toMatchObject({
      version: 2,
      pr: false,
    });
  });
});
