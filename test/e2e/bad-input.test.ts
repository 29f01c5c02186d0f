import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TestProject } from '../helpers/project.ts';
import type { ProjectOptions } from '../helpers/project.ts';

const FLEET = 'config/circuits.yaml';
const COMPONENT = 'components/training-pipeline-component.yaml';
const SMALL: ProjectOptions = { circuits: ['kiln_1', 'kiln_2'], environment: false };

/** What is wrong, how it is told, and the exit code. */
const MISTAKES: readonly (readonly [string, number, readonly RegExp[], (p: TestProject) => void])[] = [
  [
    'broken YAML',
    2,
    [/circuits\.yaml:7:\d+/],
    (p) => p.edit(FLEET, '{plant_id: kiln, circuit_id: 1}', '{plant_id: kiln, circuit_id: [}'),
  ],
  [
    'no file of circuits',
    5,
    [/There is no fleet file config\/circuits\.yaml/, /hint: Put the file there, or correct `circuits`/],
    (p) => rmSync(p.path(FLEET)),
  ],
  ['an empty file of circuits', 2, [/circuits\.yaml/, /circuits/], (p) => p.write(FLEET, '')],
  [
    'wrong types, all at once',
    2,
    [
      /3 problems/,
      /:4:\d+ +defaults\.training_days: must be/,
      /:8:\d+ +circuits\[1\]\.optional: must be true or false/,
      /:8:\d+ +circuits\[1\]\.hyperparameters: must be a map/,
    ],
    (p) => {
      p.edit(FLEET, 'training_days: 30', 'training_days: soon');
      p.edit(FLEET, 'circuit_id: 2}', 'circuit_id: 2, optional: maybe, hyperparameters: 3}');
    },
  ],
  [
    'an unknown key',
    2,
    [
      /:7:\d+ +circuits\[0\]\.hyperparametres: unknown key `hyperparametres`\. Did you mean hyperparameters\?/,
    ],
    (p) => p.edit(FLEET, 'circuit_id: 1}', 'circuit_id: 1, hyperparametres: {}}'),
  ],
  ['one id twice', 2, [/kiln_1/, /line 7|:7/], (p) => p.edit(FLEET, 'circuit_id: 2}', 'circuit_id: 1}')],
  [
    'one model name twice',
    2,
    [/model_name/, /same/],
    (p) =>
      p.write(FLEET, p.read(FLEET).replaceAll(/circuit_id: (\d)\}/g, 'circuit_id: $1, model_name: same}')),
  ],
  [
    'an unknown setting',
    2,
    [/trainyard\.yaml:\d+:\d+ +monitoring\.pol_interval: unknown key.*Did you mean poll_interval\?/],
    (p) =>
      p.edit(
        'trainyard.yaml',
        'provider: simulated\n',
        'provider: simulated\nmonitoring: {pol_interval: 1s}\n',
      ),
  ],
  [
    'a setting of the wrong type',
    2,
    [/retry\.timeout: must be/, /hint|Write/],
    (p) => p.edit('trainyard.yaml', 'provider: simulated\n', 'provider: simulated\nretry: {timeout: soon}\n'),
  ],
  ['no component', 2, [/training-pipeline-component\.yaml/], (p) => rmSync(p.path(COMPONENT))],
  [
    'a component that is broken',
    2,
    [/training-pipeline-component\.yaml:\d+/],
    (p) => p.write(COMPONENT, 'type: command\nname: [\n'),
  ],
  [
    'a component without its code folder',
    2,
    [/components\/src/],
    (p) => rmSync(p.path('components/src'), { recursive: true }),
  ],
  [
    'no data',
    2,
    [
      /circuits\.yaml:7 +kiln_1\.data_path: There is no data at data\/readings\.csv/,
      /circuits\.yaml:8 +kiln_2\.data_path/,
    ],
    (p) => rmSync(p.path('data/readings.csv')),
  ],
  [
    'a component version nobody registered',
    2,
    [/kiln_2\.pipeline_component_version: Component trainer:9 is not registered/],
    (p) => p.edit(FLEET, 'circuit_id: 2}', 'circuit_id: 2, pipeline_component_version: "9"}'),
  ],
  [
    'no Delta table',
    2,
    [/kiln_2\.delta_table_path: .*data\/nowhere/],
    (p) =>
      p.edit(
        FLEET,
        'circuit_id: 2}',
        'circuit_id: 2, data_path: null, delta_table_path: data/nowhere, delta_version: latest}',
      ),
  ],
  [
    'an environment variable of the wrong type',
    2,
    [/MONITORINGMAXWAITHOURS must be a number of hours/],
    () => undefined,
  ],
];

describe('bad input', () => {
  it.each(MISTAKES)(
    '%s ends with %i, names the place and what to write instead, and starts nothing',
    async (_, code, told, spoil) => {
      await using project = TestProject.create(SMALL);
      spoil(project);
      const env = told[0]?.source.startsWith('MONITORING') === true ? { MONITORINGMAXWAITHOURS: 'soon' } : {};
      const refused = await project.ends(code, ['run'], { env });
      for (const pattern of told) expect(refused.stderr).toMatch(pattern);
      expect(refused.stdout).toBe('');
      if (project.has('.trainyard'))
        expect(await project.rows((store) => store.db.selectFrom('runs').select('id').execute())).toEqual([]);
    },
  );

  it('a broken fleet is one JSON document with every problem, too', async () => {
    await using project = TestProject.create(SMALL);
    project.edit(FLEET, 'training_days: 30', 'training_days: soon');
    project.edit(FLEET, 'circuit_id: 2}', 'circuit_id: 2, otional: true}');
    const refused = await project.ends(2, ['plan', '--json']);
    expect(refused.json()).toMatchObject({
      error: {
        code: 'usage',
        exit_code: 2,
        problems: [
          { file: FLEET, line: 4, path: 'defaults.training_days' },
          {
            file: FLEET,
            line: 8,
            path: 'circuits[1].otional',
            hint: expect.stringContaining('optional') as unknown,
          },
        ],
      },
    });
  });
});

describe('before the first job', () => {
  const LOCAL: ProjectOptions = { ...SMALL, provider: 'local' };
  const nothingSubmitted = async (project: TestProject): Promise<void> => {
    expect((await project.ok(['jobs', '--json'])).json()).toEqual({ jobs: [], next: null });
    expect(project.has('.trainyard/jobs')).toBe(false);
    expect(await project.settled()).toEqual([]);
  };

  it('a command that does not exist fails the run, and nothing is submitted', async () => {
    await using project = TestProject.create(LOCAL);
    project.edit(COMPONENT, 'command: python3', 'command: pyhton3');
    const refused = await project.ends(9, ['run', '--approve', 'all']);
    expect(refused.stderr).toMatch(
      /nothing was submitted: The command pyhton3 of trainer does not exist on this machine\. Install pyhton3, or correct the command/,
    );
    await nothingSubmitted(project);
    // Corrected, under a new version, the next run goes through.
    project.edit(COMPONENT, 'pyhton3', 'python3');
    project.edit(COMPONENT, 'version: "1"', 'version: "2"');
    await project.ok(['run', '--approve', 'all']);
  });

  it('a secret that is not there fails the run, and nothing is submitted', async () => {
    await using project = TestProject.create(LOCAL);
    project.edit(FLEET, '{lr: 0.1}', '{lr: "${env:SENSOR_KEY}"}');
    project.edit(COMPONENT, 'lr: {type: number', 'lr: {type: string');
    const refused = await project.ends(9, ['run', '--approve', 'all']);
    expect(refused.stderr).toContain('SENSOR_KEY');
    await nothingSubmitted(project);
  });

  it('a version that is registered with other content fails the plan, and nothing is submitted', async () => {
    await using project = await TestProject.create(LOCAL).trained();
    project.edit(COMPONENT, 'default: 0.5', 'default: 0.6');
    project.change('kiln_1', 0.9);
    const refused = await project.ends(2, ['run', '--approve', 'all']);
    expect(refused.stderr).toMatch(
      /training-pipeline-component\.yaml.* Component trainer:1 is registered with other content.*Raise its version/,
    );
    expect((await project.ok(['jobs', '--json'])).json()).toMatchObject({ jobs: [{}, {}] });
  });
});

describe('a job', () => {
  it('that ends well and writes no model has failed, and says so', async () => {
    await using project = TestProject.create({
      ...SMALL,
      provider: 'local',
      train: `if circuit == 'kiln_1': write_model()`,
    });
    const run = await project.ends(11, ['run', '--json']);
    expect(run.json()).toMatchObject({ jobs: { succeeded: 1, failed: 1 }, failed_circuits: ['kiln_2'] });
    expect((await project.ok(['jobs', '--status', 'failed', '--json'])).json()).toMatchObject({
      jobs: [
        {
          circuit_id: 'kiln_2',
          reason: 'no_model',
          message: expect.stringContaining('wrote no model') as unknown,
        },
      ],
    });
    expect((await project.ok(['models', '--json'])).json()).toMatchObject({
      models: [{ model_name: 'kiln-1' }],
    });
  });

  it('never gets the secret of its settings into a file of ours or its log', async () => {
    await using project = TestProject.create({
      ...SMALL,
      provider: 'local',
      train: `print('key is ' + lr)\nwrite_model()`,
    });
    project.edit(FLEET, '{lr: 0.1}', '{lr: "${env:SENSOR_KEY}"}');
    project.edit(COMPONENT, 'lr: {type: number', 'lr: {type: string');
    const secret = 'hunter2-is-long-enough';
    const run = await project.ok(['run', '--approve', 'all'], { env: { SENSOR_KEY: secret } });
    const log = await project.ok(['jobs', 'logs', 'kiln_1_2026_03_31'], { env: { SENSOR_KEY: secret } });
    expect(log.stdout).toMatch(/key is \S+/);
    expect(log.stdout + run.stderr).not.toContain(secret);
    const { execFileSync } = await import('node:child_process');
    // The model is the job's own and holds what the job put there; everything else is ours.
    const found = execFileSync('sh', ['-c', 'grep -rlF "$1" "$2" || true', 'sh', secret, project.state], {
      encoding: 'utf8',
    });
    expect(
      found.split('\n').filter((f) => f !== '' && !/\/registries\/|\/outputs?\/|model\.json$/.test(f)),
    ).toEqual([]);
  });
});
