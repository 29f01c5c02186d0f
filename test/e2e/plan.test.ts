import { rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { PlanDocument } from '../../src/fleet/index.ts';
import { EIGHT, TestProject } from '../helpers/project.ts';
import type { Ended } from '../helpers/trainyard.ts';

/** The published shape, nothing missing and nothing more in a circuit. */
const Plan = z.object({
  plan_id: z.string(),
  detection: z.enum(['git', 'hash']),
  base_ref: z.string().nullable(),
  circuits: z.array(
    z.strictObject({
      id: z.string(),
      action: z.enum(['train', 'skip']),
      reason: z.string().min(1),
      cause: z.enum([
        'new',
        'config',
        'data',
        'component',
        'inputs',
        'owed_unfinished',
        'owed_failed',
        'selected',
        'unchanged',
        'accepted',
      ]),
      line: z.int().min(1),
      training_hash: z.string().regex(/^[0-9a-f]{12}$/),
      inputs_digest: z.string().regex(/^[0-9a-f]{12}$/),
      previous_hash: z.string().nullable(),
      changes: z.array(z.strictObject({ field: z.string(), before: z.unknown(), after: z.unknown() })),
    }),
  ),
  summary: z.strictObject({ train: z.number(), skip: z.number() }),
});

const planOf = (ended: Ended) => {
  PlanDocument.parse(ended.json()); // as published
  return Plan.parse(ended.json());
};
const trained = (ended: Ended): string[] =>
  planOf(ended)
    .circuits.filter((c) => c.action === 'train')
    .map((c) => c.id);
const circuitOf = (ended: Ended, id: string) => planOf(ended).circuits.find((c) => c.id === id);

describe('plan', () => {
  it('shows a new project whole, changes nothing, and ends with 20 when asked', async () => {
    await using project = TestProject.empty();
    const made = await project.ok(['init', 'my-fleet', '--json']);
    expect(made.json()).toMatchObject({
      project: project.path('my-fleet'),
      files: expect.arrayContaining(['config/circuits.yaml', 'trainyard.yaml']) as unknown,
    });
    const folder = ['--project', 'my-fleet'];
    const plan = planOf(await project.ok(['plan', '--json', ...folder]));
    expect(plan).toMatchObject({ detection: 'hash', base_ref: null, summary: { train: 8, skip: 0 } });
    expect(plan.circuits.map((c) => c.cause)).toEqual(plan.circuits.map(() => 'new'));
    const again = planOf(await project.ends(20, ['plan', '--json', '--exit-code', ...folder]));
    expect(again).toEqual(plan);
    expect(project.has('my-fleet/.trainyard')).toBe(false);
    const told = await project.ok(['plan', ...folder]);
    expect(told.stdout.trimEnd().split('\n').at(-1)).toBe('Plan: 8 to train, 0 to keep.');
  });

  it('trains nothing the second time, and exactly the circuit whose setting changed the third', async () => {
    await using project = await TestProject.create().trained();
    await project.ends(0, ['plan', '--exit-code']);
    const second = await project.ok(['run', '--json']);
    expect(second.json()).toMatchObject({ number: 2, status: 'succeeded', jobs: { succeeded: 0 } });
    project.change('mill_2', 0.25);
    const plan = await project.ends(20, ['plan', '--json', '--exit-code']);
    expect(trained(plan)).toEqual(['mill_2']);
    expect(circuitOf(plan, 'mill_2')).toMatchObject({
      cause: 'config',
      line: 12,
      reason: 'hyperparameters.lr 0.1 → 0.25',
      changes: [{ field: 'hyperparameters.lr', before: 0.1, after: 0.25 }],
      previous_hash: circuitOf(plan, 'mill_1')?.training_hash,
    });
    expect(circuitOf(plan, 'mill_1')).toMatchObject({ action: 'skip', cause: 'unchanged', changes: [] });
    const why = await project.ok(['why', 'mill/2', '--json']);
    expect(why.json()).toMatchObject({
      id: 'mill_2',
      good_model: { model_name: 'mill-2', version: 1 },
      last_job: { status: 'succeeded', run_number: 1 },
    });
    expect((await project.ok(['why', 'mill_2'])).stdout).toContain('hyperparameters.lr: 0.1 → 0.25');
    await project.ends(5, ['why', 'mil_2']).then((e) => expect(e.stderr).toContain('Did you mean mill_2'));
    const third = await project.ok(['run', '--approve', 'all', '--json']);
    expect(third.json()).toMatchObject({ number: 3, jobs: { succeeded: 1 } });
    const models = (
      await project.ok(['models', 'list', '--model', 'mill-2', '--registry', 'shared', '--json'])
    ).json();
    expect(models).toMatchObject({ models: [{ version: 2 }, { version: 1 }] });
  });

  it('does not count comments, order and formatting', async () => {
    await using project = await TestProject.create({ circuits: ['kiln_1', 'kiln_2'] }).trained();
    project.write(
      'config/circuits.yaml',
      '# moved\ncircuits:\n  - circuit_id: 2\n    plant_id: "kiln"\n  - plant_id: kiln # first\n    circuit_id: 1\n    training_days: 30\ndefaults: {hyperparameters: {lr: 1.0e-1}, training_days: 30, cutoff_date: 2026-03-31, data_path: data/readings.csv}\n',
    );
    expect(planOf(await project.ok(['plan', '--json'])).summary).toEqual({ train: 0, skip: 2 });
  });

  it('takes the content of the data, the columns and the component as reasons too', async () => {
    await using project = await TestProject.create({ circuits: ['kiln_1', 'kiln_2'] }).trained();
    project.write('data/readings.csv', 'day,value\n2026-01-01,7\n');
    expect(circuitOf(await project.ok(['plan', '--json']), 'kiln_1')).toMatchObject({
      action: 'train',
      cause: 'inputs',
    });
    project.write('data/readings.csv', 'day,value\n2026-01-01,1\n2026-01-02,2\n');
    expect(trained(await project.ok(['plan', '--json']))).toEqual([]);
    project.edit('components/training-pipeline-component.yaml', 'version: "1"', 'version: "2"');
    expect(circuitOf(await project.ok(['plan', '--json']), 'kiln_1')).toMatchObject({
      action: 'train',
      cause: 'component',
      reason: expect.stringContaining('pipeline_component_version 1 → 2') as unknown,
    });
  });

  it('ends with 21 when it would retrain too much of the fleet, until somebody says why', async () => {
    const circuits = Array.from({ length: 12 }, (_, i) => `kiln_${i + 1}`);
    await using project = await TestProject.create({ circuits }).trained();
    project.edit('config/circuits.yaml', 'lr: 0.1', 'lr: 0.2');
    const plan = await project.ends(21, ['plan', '--json']);
    expect(plan.json()).toMatchObject({ guard: { blocked: true, retrain: 12, with_model: 12 } });
    const refused = await project.ends(21, ['run']);
    expect(refused.stderr).toContain('--allow-wide');
    await project.ends(0, ['plan', '--allow-wide', 'new sensors']);
    const run = await project.ok(['run', '--allow-wide', 'new sensors', '--approve', 'all', '--json']);
    expect(run.json()).toMatchObject({ number: 2, jobs: { succeeded: 12 } });
  });
});

describe('plan by git', () => {
  it('compares the fleet at a base with HEAD, and finds what was owed before it too', async () => {
    await using project = TestProject.create({ circuits: ['kiln_1', 'kiln_2', 'kiln_3'] });
    project.write('.gitignore', '.trainyard/\n');
    project.commit('first');
    await project.trained();
    project.change('kiln_1', 0.3);
    project.commit('owed: nobody ran');
    const base = project.git('rev-parse', 'HEAD');
    project.git('tag', 'released');
    project.change('kiln_2', 0.4);
    project.commit('second');
    const plan = await project.ok(['plan', '--json', '--base', 'released']);
    expect(planOf(plan)).toMatchObject({
      detection: 'git',
      base_ref: 'released',
      summary: { train: 2, skip: 1 },
    });
    expect(circuitOf(plan, 'kiln_2')?.reason).toBe('hyperparameters.lr 0.1 → 0.4');
    expect(circuitOf(plan, 'kiln_1')?.reason).toBe(
      'owed since before released: hyperparameters.lr 0.1 → 0.3',
    );
    // What detection finds does not depend on how it explains.
    expect(trained(await project.ok(['plan', '--json', '--detection', 'hash']))).toEqual(trained(plan));
    expect(trained(await project.ok(['plan', '--json', '--base', base]))).toEqual(trained(plan));
    const run = (await project.ok(['run', '--base', 'released', '--approve', 'all', '--json'])).json();
    expect(run).toMatchObject({ git_commit: project.git('rev-parse', 'HEAD'), git_branch: 'main' });
    const model = (await project.ok(['models', 'show', 'kiln-2', '--json'])).json();
    expect(model).toMatchObject({ version: 2, tags: { git_commit: project.git('rev-parse', 'HEAD') } });
  });

  it('says what to do about a base that git does not know, or that nobody named', async () => {
    await using project = TestProject.create({ circuits: ['kiln_1'] });
    project.commit('first');
    expect((await project.ends(2, ['plan', '--base', 'nowhere'])).stderr).toMatch(
      /git does not know the base ref nowhere[^]*hint: Fetch it/,
    );
    expect((await project.ends(2, ['plan', '--detection', 'git'])).stderr).toContain('--base');
  });

  it('takes base and pull request from the variables of a build', async () => {
    await using project = TestProject.create({ circuits: ['kiln_1', 'kiln_2'] });
    project.write('.gitignore', '.trainyard/\n');
    project.commit('first');
    project.git('update-ref', 'refs/remotes/origin/main', 'HEAD');
    await project.trained();
    project.change('kiln_2', 0.4);
    project.commit('second');
    const env = { GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: 'pull_request', GITHUB_BASE_REF: 'main' };
    expect(planOf(await project.ok(['plan', '--json'], { env }))).toMatchObject({
      detection: 'git',
      base_ref: 'origin/main',
      summary: { train: 1 },
    });
    expect((await project.ok(['run', '--json'], { env })).json()).toMatchObject({
      pr: true,
      status: 'succeeded',
    });
  });
});

describe('circuits picked by hand', () => {
  const project = TestProject.create();
  const picked = async (...args: string[]): Promise<string[]> =>
    trained(await project.ok(['plan', '--json', ...args]));

  it('are found by id, by plant and circuit, by glob, with spaces and commas', async () => {
    await project.trained();
    expect(await picked('--circuits', 'kiln_1,mill_2')).toEqual(['kiln_1', 'mill_2']);
    expect(await picked('--circuits', ' mill/2 , kiln/1 ')).toEqual(['kiln_1', 'mill_2']);
    expect(await picked('--circuits', 'kiln_*')).toEqual(EIGHT.slice(0, 4));
    expect(await picked('--circuits', '*/3')).toEqual(['kiln_3', 'mill_3']);
    expect(await picked('--circuits', 'kiln_{1,2}', '--circuits', 'mill_4')).toEqual([
      'kiln_1',
      'kiln_2',
      'mill_4',
    ]);
    expect(await picked('--circuits', 'AUTO')).toEqual([]);
  });

  it('come from the variable that pipelines set as well, and a flag wins over it', async () => {
    const env = { manualCircuits: 'kiln_1, mill_2' };
    expect(trained(await project.ok(['plan', '--json'], { env }))).toEqual(['kiln_1', 'mill_2']);
    expect(trained(await project.ok(['plan', '--json'], { env: { MANUALCIRCUITS: 'AUTO' } }))).toEqual([]);
    // A parameter that Azure DevOps did not know stays as it was written.
    expect(
      trained(await project.ok(['plan', '--json'], { env: { MANUAL_CIRCUITS: '$(manualCircuits)' } })),
    ).toEqual([]);
    expect(trained(await project.ok(['plan', '--json'], { env: { MANUAL_CIRCUITS: 'mill_3' } }))).toEqual([
      'mill_3',
    ]);
    expect(trained(await project.ok(['plan', '--json', '--circuits', 'kiln_4'], { env }))).toEqual([
      'kiln_4',
    ]);
  });

  it('are all known, or nothing is submitted', async () => {
    const unknown = await project.ends(2, ['run', '--circuits', 'kiln_1,kin_2,zzz']);
    expect(unknown.stderr).toMatch(/No circuits match kin_2 \(near: kiln_2[^)]*\), zzz\./);
    expect((await project.ok(['runs', 'list', '--json'])).json()).toMatchObject({ runs: [{ number: 1 }] });
  });

  it('train although nothing changed, unless only changed ones are wanted', async () => {
    expect(await picked('--circuits', 'kiln_*', '--if-changed')).toEqual([]);
    project.change('kiln_2', 0.9);
    expect(await picked('--circuits', 'kiln_*', '--if-changed')).toEqual(['kiln_2']);
    expect(await picked('--circuits', 'mill_1')).toEqual(['mill_1']);
    const run = (await project.ok(['run', '--circuits', 'mill_1', '--approve', 'all', '--json'])).json();
    expect(run).toMatchObject({ jobs: { succeeded: 1 } });
    const file = project.read('.trainyard/runs/2/artifacts/changed_circuits.json');
    expect(JSON.parse(file)).toMatchObject({ detection: 'manual', circuits: ['mill_1'] });
    await rm(project.folder, { recursive: true });
  });
});

describe('accept', () => {
  it('lets a good model stand for changed settings, on record', async () => {
    await using project = await TestProject.create({ circuits: ['kiln_1', 'kiln_2'] }).trained();
    project.change('kiln_1', 0.2);
    await project.ends(2, ['accept', 'kiln_1']);
    const accepted = await project.ok(['accept', 'kiln_*', '--reason', 'only rounded', '--json']);
    expect(accepted.json()).toMatchObject({
      accepted: [{ circuit: 'kiln_1', model_name: 'kiln-1', version: 1 }],
    });
    const plan = await project.ok(['plan', '--json']);
    expect(circuitOf(plan, 'kiln_1')).toMatchObject({
      action: 'skip',
      cause: 'accepted',
      reason: 'kiln-1 v1 was accepted for these settings by tester: only rounded',
    });
    project.change('kiln_1', 0.21);
    expect(trained(await project.ok(['plan', '--json']))).toEqual(['kiln_1']);
  });

  it('is nothing for a circuit that has no model', async () => {
    await using project = TestProject.create({ circuits: ['kiln_1'] });
    expect((await project.ends(5, ['accept', 'kiln_1', '--reason', 'why not'])).stderr).toContain(
      'trainyard run --circuits kiln_1',
    );
  });
});
