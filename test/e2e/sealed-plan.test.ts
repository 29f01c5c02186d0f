import { cpSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixtureTable } from '../fixtures/delta-tables.ts';
import { TestProject } from '../helpers/project.ts';

const FLEET = 'config/circuits.yaml';
const COMPONENT = 'components/training-pipeline-component.yaml';
const LAST_COMMIT = 'data/table/_delta_log/00000000000000000008.json';

/** One change for each input that can move under a sealed plan, and what the refusal must name. */
const MOVES: readonly (readonly [string, RegExp, (project: TestProject) => void])[] = [
  ['a hyperparameter', /the circuits \(config\/circuits\.yaml\)/, (p) => p.edit(FLEET, 'lr: 0.1', 'lr: 0.3')],
  [
    'the name of a model',
    /the circuits/,
    (p) => p.edit(FLEET, 'circuit_id: 1', 'circuit_id: 1, model_name: other'),
  ],
  [
    'a circuit more',
    /the circuits/,
    (p) => p.edit(FLEET, 'circuits:\n', 'circuits:\n  - {plant_id: kiln, circuit_id: 9}\n'),
  ],
  [
    'a column',
    /the circuits|the data/,
    (p) => p.edit(FLEET, 'training_days', 'features: [temperature]\n  training_days'),
  ],
  ['trainyard.yaml', /trainyard\.yaml/, (p) => p.edit('trainyard.yaml', 'speed: 100000', 'speed: 100001')],
  [
    'the component file',
    /the component or its code/,
    (p) => p.edit(COMPONENT, 'default: 0.5', 'default: 0.6'),
  ],
  ['a code file', /the component or its code/, (p) => p.write('components/src/train.py', 'print(1)\n')],
  [
    'the environment',
    /an environment file/,
    (p) => p.edit('components/environments/tiny.yaml', 'python=3.11', 'python=3.12'),
  ],
  ['a data file', /the data of a circuit/, (p) => p.write('data/readings.csv', 'day,value\n')],
  ['the base commit', /the base commit/, (p) => p.git('tag', '-f', 'base', 'HEAD')],
  [
    'the sealed plan itself',
    /edited after it was sealed/,
    (p) => p.edit('plan.json', '"train": 3', '"train": 2'),
  ],
];

describe('a sealed plan', () => {
  const project = TestProject.create({ circuits: ['kiln_1', 'kiln_2'] });
  afterAll(() => project[Symbol.asyncDispose]());
  beforeAll(async () => {
    cpSync(fixtureTable('readings'), project.path('data/table'), { recursive: true });
    project.write(
      FLEET,
      `${project.read(FLEET)}  - {plant_id: table, circuit_id: 1, data_path: null, delta_table_path: data/table, delta_version: latest}\n`,
    );
    project.write('.gitignore', '.trainyard/\nplan.json\n');
    project.commit('first');
    project.git('tag', 'base');
    project.commit('second');
    const sealed = await project.ends(20, ['plan', '--base', 'base', '-o', 'plan.json', '--exit-code']);
    expect(sealed.stdout).toContain('trainyard run --plan plan.json');
  });

  it.each(MOVES)('is refused, with its cause, after a change of %s', async (_, cause, change) => {
    const kept = project.read('plan.json');
    change(project);
    try {
      const refused = await project.ends(6, ['run', '--plan', 'plan.json']);
      expect(refused.stderr).toMatch(cause);
      expect(refused.stderr).toMatch(/hint: .*trainyard plan/);
    } finally {
      project.git('checkout', '-q', '--', '.');
      project.git('tag', '-f', 'base', 'HEAD~1');
      project.write('plan.json', kept);
    }
  });

  it('is refused when the version of a table that it pinned is gone', async () => {
    const kept = project.read(LAST_COMMIT);
    rmSync(project.path(LAST_COMMIT));
    const refused = await project.ends(6, ['run', '--plan', 'plan.json']);
    expect(refused.stderr).toContain('The sealed plan plan.json is stale');
    expect(refused.stderr).toMatch(/table_1\.delta_version: .*data\/table.* version 8/);
    project.write(LAST_COMMIT, kept);
  });

  it('that is missing, or is something else, is a clear error', async () => {
    expect((await project.ends(5, ['run', '--plan', 'nowhere.json'])).stderr).toContain(
      'trainyard plan -o FILE',
    );
    expect((await project.ends(2, ['run', '--plan', FLEET])).stderr).toContain('is not a sealed plan');
    project.write('other.json', '{"kind": "trainyard-plan"}');
    expect((await project.ends(2, ['run', '--plan', 'other.json'])).stderr).toContain('is not a sealed plan');
  });

  it('runs exactly what it showed while nothing moved, though the table has a newer version by then', async () => {
    cpSync(project.path(LAST_COMMIT), project.path('data/table/_delta_log/00000000000000000009.json'));
    expect(
      (await project.ok(['run', '--plan', 'plan.json', '--approve', 'all', '--json'])).json(),
    ).toMatchObject({ number: 1, jobs: { succeeded: 3 } });
    expect((await project.ok(['models', 'show', 'table-1', '--json'])).json()).toMatchObject({
      tags: { data_version: '8' },
    });
  });

  it('is refused once the good models are others', async () => {
    const refused = await project.ends(6, ['run', '--plan', 'plan.json']);
    expect(refused.stderr).toContain('the good models or what is owed');
    expect((await project.ok(['runs', 'list', '--json'])).json()).toMatchObject({ runs: [{ number: 1 }] });
  });
});
