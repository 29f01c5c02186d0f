import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadComponent } from './component.ts';
import { expandComponent } from './expand.ts';
import { asLines, problemsOf, testProject } from './test-project.ts';

/** A pipeline of three jobs: a file in another folder, an inline component and an inline command, written out of order. */
const PIPELINE: Readonly<Record<string, string>> = {
  'components/pipeline.yaml': `type: pipeline
name: train_pipeline
version: "1.2"
inputs:
  data: {type: uri_folder}
  rate: {type: number, default: 0.01}
  note: {type: string, optional: true}
outputs:
  model: {type: custom_model}
  report: {type: uri_folder}
settings: {default_compute: azureml:cpu}
jobs:
  report:
    type: command
    command: python report.py \${{inputs.model}} \${{outputs.report}} $[[--note \${{inputs.note}}]] --fast=\${{inputs.fast}}
    code: ../src
    environment: azureml:report-env:1
    inputs:
      model: \${{parent.jobs.train.outputs.model}}
      note: \${{parent.inputs.note}}
      fast: true
    outputs:
      report: \${{parent.outputs.report}}
  train:
    type: command
    component: ./steps/train.yaml
    compute: azureml:gpu
    resources: {instance_count: 4}
    environment_variables: {B: 2}
    inputs:
      data: \${{parent.jobs.prepare.outputs.clean}}
      rate: \${{parent.inputs.rate}}
      title: run at \${{parent.inputs.rate}}
    outputs:
      model: \${{parent.outputs.model}}
  prepare:
    type: command
    component:
      type: command
      name: prepare
      inputs: {raw: {type: uri_folder}}
      outputs: {clean: {type: uri_folder}}
      command: python prepare.py \${{inputs.raw}} \${{outputs.clean}}
    inputs:
      raw: \${{parent.inputs.data}}
`.replaceAll('\\$', '$'),
  'components/steps/train.yaml': `type: command
name: train
version: 9
inputs:
  data: {type: uri_folder}
  rate: {type: number}
  title: {type: string, default: none}
outputs:
  model: {type: custom_model}
  checkpoints: {type: uri_folder}
code: ./code
environment: azureml:train-env:3
environment_variables: {A: 1}
distribution: {type: mpi}
retry: {max_retries: 1}
command: python train.py --data \${{inputs.data}} --rate \${{inputs.rate}} --title "\${{inputs.title}}" --out \${{outputs.model}} --c \${{outputs.checkpoints}}
`.replaceAll('\\$', '$'),
  'components/steps/code/train.py': 'print(1)\n',
  'src/report.py': 'print(2)\n',
};

const pipeline = async (
  change: (text: string) => string = (t) => t,
  train: (text: string) => string = (t) => t,
) => {
  const root = await testProject({
    ...PIPELINE,
    'components/pipeline.yaml': change(PIPELINE['components/pipeline.yaml'] ?? ''),
    'components/steps/train.yaml': train(PIPELINE['components/steps/train.yaml'] ?? ''),
  });
  return { root, load: () => loadComponent(join(root, 'components/pipeline.yaml')) };
};

describe('loadComponent of a pipeline', () => {
  it('reads jobs from files, inline components and inline commands', async () => {
    const { root, load } = await pipeline();
    const component = await load();
    expect(component).toMatchObject({
      ...{ type: 'pipeline', version: '1.2', retry: null },
      jobs: [
        {
          name: 'report',
          spec: {
            code: { folder: join(root, 'src') },
            environment: 'azureml:report-env:1',
            inputs: {
              model: { type: 'custom_model', optional: false },
              note: { type: 'string', optional: true },
              fast: { type: 'boolean' },
            },
            outputs: { report: { type: 'uri_folder' } },
          },
          inputs: { model: '${{parent.jobs.train.outputs.model}}', fast: 'True' },
          outputs: { report: '${{parent.outputs.report}}' },
        },
        {
          name: 'train',
          spec: {
            code: { folder: join(root, 'components/steps/code') },
            environment: 'azureml:train-env:3',
            environment_variables: { A: '1', B: '2' },
          },
        },
        { name: 'prepare', spec: { code: null, environment: null } },
      ],
    });
    expect(component.cloud_only).toEqual([
      'settings',
      'jobs.train.resources',
      'jobs.train.compute',
      'jobs.train.distribution',
    ]);
    expect(component.warnings).toEqual([
      expect.stringContaining('steps/train.yaml: retry does not apply inside a pipeline'),
    ]);
  });

  it('has content that stands alone: component files are put in, their code relative to the pipeline', async () => {
    const { load } = await pipeline();
    const { content } = await load();
    expect(content['jobs']).toMatchObject({
      train: { component: { name: 'train', code: './steps/code' }, resources: { instance_count: 4 } },
      report: { code: '../src' },
    });
    expect(JSON.stringify(content)).not.toContain('retry');
  });

  it('has a digest over the component files and the code of every job', async () => {
    const { load, root } = await pipeline();
    const { digest } = await load();
    const changed = async (file: string, text: string) => {
      const path = join(root, file);
      await writeFile(path, text);
      const after = (await load()).digest;
      await writeFile(path, PIPELINE[file] ?? '');
      return after !== digest;
    };
    const train = PIPELINE['components/steps/train.yaml'] ?? '';
    expect(await changed('components/steps/code/train.py', 'print(3)\n')).toBe(true);
    expect(await changed('src/report.py', 'print(3)\n')).toBe(true);
    expect(await changed('components/steps/train.yaml', train.replace('--out', '--to'))).toBe(true);
    expect(
      await changed('components/steps/train.yaml', train.replace('max_retries: 1', 'max_retries: 2')),
    ).toBe(false);
    expect(await changed('components/steps/train.yaml', `# x\n${train}`)).toBe(false);
  });

  it('names a circle of jobs', async () => {
    const { root, load } = await pipeline((t) =>
      t.replace('raw: ${{parent.inputs.data}}', 'raw: ${{parent.jobs.report.outputs.report}}'),
    );
    expect(asLines(await problemsOf(root, load()))).toEqual([
      'components/pipeline.yaml:13 jobs.report: the jobs wait for each other: report -> train -> prepare -> report [Remove one of these bindings.]',
    ]);
  });

  it('names every binding that leads nowhere, with the near miss', async () => {
    const { root, load } = await pipeline((t) =>
      t
        .replace('${{parent.jobs.prepare.outputs.clean}}', '${{parent.jobs.prepar.outputs.clean}}')
        .replace('rate: ${{parent.inputs.rate}}', 'rat: ${{parent.inputs.rate}}')
        .replace('run at ${{parent.inputs.rate}}', 'run at ${{parent.inputs.rata}} ${{parent.data}}')
        .replace('model: ${{parent.outputs.model}}', 'model: ${{parent.outputs.modle}}')
        .replace('jobs.train.outputs.model', 'jobs.train.outputs.mode')
        .replace('raw: ${{parent.inputs.data}}', ''),
    );
    expect(
      asLines(await problemsOf(root, load())).map((line) => line.replace('components/pipeline.yaml:', '')),
    ).toEqual([
      '9 outputs.model: no job writes the output model [Add model: ${{parent.outputs.model}} under the outputs of a job.]',
      '19 jobs.report.inputs.model: the job train has no output mode [Did you mean model?]',
      '30 jobs.train.inputs: train needs the input rate [Add rate: ${{parent.inputs.rate}} or a value under its inputs.]',
      '31 jobs.train.inputs.data: the pipeline has no job prepar [Did you mean prepare?]',
      '32 jobs.train.inputs.rat: train has no input rat [Did you mean rate or data?]',
      '33 jobs.train.inputs.title: the pipeline has no input rata [Did you mean data or rate?]',
      '33 jobs.train.inputs.title: ${{parent.data}} points at nothing [Write ${{parent.inputs.<name>}} or ${{parent.jobs.<job>.outputs.<name>}}.]',
      '35 jobs.train.outputs.model: the pipeline has no output modle [Did you mean model?]',
      '44 jobs.prepare.inputs: prepare needs the input raw [Add raw: ${{parent.inputs.raw}} or a value under its inputs.]',
    ]);
  });

  it('refuses to feed a required input from one that may be absent', async () => {
    const { root, load } = await pipeline((t) =>
      t
        .replace('rate: {type: number, default: 0.01}', 'rate: {type: number, optional: true}')
        .replace('$[[--note ${{inputs.note}}]]', '${{inputs.note}}'),
    );
    expect((await problemsOf(root, load())).map((p) => [p.path, p.message])).toEqual([
      ['jobs.report.command', '${{inputs.note}} may be without a value'],
      ['jobs.train.inputs.rate', 'the input rate of the pipeline may be without a value, but rate needs one'],
    ]);
  });

  it('finds problems in the file of a job at their place there', async () => {
    const { root, load } = await pipeline(undefined, (t) =>
      t.replace('${{inputs.title}}', '${{inputs.titel}}'),
    );
    expect(asLines(await problemsOf(root, load()))).toEqual([
      'components/steps/train.yaml:16 command: ${{inputs.titel}} is not among the inputs [Did you mean title?]',
    ]);
  });

  it('takes inputs as pipelines written as jobs have them, and data that lies beside the file', async () => {
    const root = await testProject({
      'p.yaml': `type: pipeline
name: p
version: 1
experiment_name: x
inputs:
  rate: 0.5
  data: {type: uri_folder, path: ./data}
jobs:
  a:
    command: a ${'${{inputs.r}} ${{inputs.d}} ${{inputs.f}} ${{inputs.g}}'}
    inputs:
      r: ${'${{parent.inputs.rate}}'}
      d: {type: uri_folder, path: '${'${{parent.inputs.data}}'}'}
      f: {type: uri_file, path: file:extra/f.csv}
      g: {type: uri_file, path: https://x/y.csv}
    outputs:
      kept: {type: uri_file, name: kept_data, path: azureml://datastores/x/paths/y}
`,
    });
    const component = await loadComponent(join(root, 'p.yaml'));
    expect(component.inputs).toMatchObject({
      rate: { type: 'number', default: '0.5' },
      data: { default: join(root, 'data') },
    });
    expect(component.cloud_only).toEqual([
      'experiment_name',
      'jobs.a.outputs.kept.name',
      'jobs.a.outputs.kept.path',
    ]);
    expect(expandComponent(component, {})[0]?.inputs).toEqual({
      r: { kind: 'literal', value: '0.5' },
      d: { kind: 'asset', type: 'uri_folder', path: join(root, 'data') },
      f: { kind: 'asset', type: 'uri_file', path: join(root, 'extra/f.csv') },
      g: { kind: 'asset', type: 'uri_file', path: 'https://x/y.csv' },
    });
  });

  it('says what it cannot run', async () => {
    const { root, load } = await pipeline((t) =>
      t
        .replace('component: ./steps/train.yaml', 'component: azureml:train:1')
        .replace('type: command\n    command: python report.py', 'type: sweep\n    command: python report.py')
        .replace('      fast: true', '      fast: [1]'),
    );
    expect((await problemsOf(root, load())).map((p) => [p.path, p.message])).toEqual([
      ['jobs.report.type', 'jobs of type sweep are not supported'],
      ['jobs.report.inputs.fast', 'must be a single value or a data input, is a list'],
      ['jobs.train.component', 'azureml:train:1 is not a file'],
    ]);
    const nested = await testProject({
      'p.yaml': 'type: pipeline\nname: p\nversion: 1\njobs: {a: {component: ./p.yaml}}\n',
    });
    expect(asLines(await problemsOf(nested, loadComponent(join(nested, 'p.yaml'))))).toEqual([
      'p.yaml:1 type: a pipeline inside a pipeline is not supported [Name command components, one per job.]',
    ]);
  });
});
