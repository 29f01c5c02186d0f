import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadComponent } from './component.ts';
import { asLines, problemsOf, testProject } from './test-project.ts';

const COMMAND = `$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
type: command
name: train_sensor
version: 4
display_name: Train
is_deterministic: false
inputs:
  data: {type: mltable, mode: direct}
  rate: {type: number, default: 1.0, min: 0, max: 2}
  epochs: {type: integer, default: 10}
  verbose: {type: boolean, default: yes}
  note: {type: string, optional: true}
outputs:
  model: {type: custom_model}
code: ../src
environment: azureml:sensor-env@latest
environment_variables: {SEED: 7, DEBUG: false}
command: >-
  python train.py --data \${{inputs.data}} --rate \${{inputs.rate}} --epochs \${{inputs.epochs}}
  --verbose \${{inputs.verbose}} $[[--note \${{inputs.note}}]] --out \${{outputs.model}}
resources: {instance_count: 2}
distribution: {type: pytorch}
limits: {timeout: 3600}
retry: {max_retries: 2, timeout: 90m}
`.replaceAll('\\$', '$');

const command = async (text: string) => {
  const root = await testProject({ 'components/train.yaml': text, 'src/train.py': 'print(1)\n' });
  return { root, load: () => loadComponent(join(root, 'components/train.yaml')) };
};

const problems = async (text: string) => {
  const { root, load } = await command(text);
  return asLines(await problemsOf(root, load()));
};

describe('loadComponent of a command', () => {
  it('reads what runs, with literals as text the way Azure ML writes them', async () => {
    const { root, load } = await command(COMMAND);
    const component = await load();
    expect(component).toMatchObject({
      ...{ type: 'command', name: 'train_sensor', version: '4', retry: { max_retries: 2, timeout_s: 5400 } },
      inputs: {
        data: { type: 'mltable', optional: false, default: null },
        rate: { type: 'number', default: '1.0', min: 0, max: 2 },
        epochs: { default: '10' },
        verbose: { default: 'True' },
        note: { optional: true, default: null },
      },
      outputs: { model: { type: 'custom_model' } },
      spec: {
        code: { folder: join(root, 'src'), digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
        environment: 'azureml:sensor-env@latest',
        environment_variables: { SEED: '7', DEBUG: 'False' },
      },
      cloud_only: ['resources', 'distribution', 'limits'],
    });
    expect(component.content).not.toHaveProperty('retry');
    expect(component.content).toMatchObject({ version: '4', resources: { instance_count: 2 } });
    expect(JSON.parse(JSON.stringify(component))).toEqual(component);
  });

  it('has a digest that retry and comments leave alone, and every other change of file or code moves', async () => {
    const { root, load } = await command(COMMAND);
    const { digest } = await load();
    const after = async (from: string, to: string) => {
      await writeFile(join(root, 'components/train.yaml'), COMMAND.replace(from, to));
      return (await load()).digest;
    };
    expect(await after('max_retries: 2', 'max_retries: 5')).toBe(digest);
    expect(await after('retry: {max_retries: 2, timeout: 90m}', '# none')).toBe(digest);
    expect(await after('default: 1.0', 'default: 1')).not.toBe(digest);
    expect(await after('instance_count: 2', 'instance_count: 3')).not.toBe(digest);
    expect(await after('', '')).toBe(digest);
    await writeFile(join(root, 'src/train.py'), 'print(2)\n');
    expect((await load()).digest).not.toBe(digest);
  });

  it('reports everything at once, with line, path and what to write instead', async () => {
    const text = `type: comand
name: bad name
version: 1
inptus: {}
inputs:
  a: {type: strng}
  b: {type: integer, default: x}
  n: {type: string, optional: true}
  2x: {type: string}
outputs: [a]
code: ./nowhere
environment: sensor
command: python \${{inputs.aa}} \${{outputs.m}} \${{inputs.n}} \${{foo}}
retry: {max_retrys: 1, timeout: soon}
`.replaceAll('\\$', '$');
    expect(await problems(text)).toEqual([
      'components/train.yaml:1 type: unknown type comand [Did you mean command?]',
      'components/train.yaml:2 name: name "bad name" cannot be used [Use letters, digits, dots, dashes and underscores, beginning with a letter or digit, at most 255.]',
      'components/train.yaml:4 inptus: unknown key inptus [Did you mean inputs?]',
      'components/train.yaml:6 inputs.a.type: unknown type strng [Did you mean string?]',
      'components/train.yaml:7 inputs.b.default: must be a whole number, is "x" []',
      'components/train.yaml:9 inputs.2x: the name "2x" cannot be used [Use letters, digits and underscores, not beginning with a digit.]',
      'components/train.yaml:10 outputs: must be a mapping, is a list []',
      expect.stringMatching(
        /^components\/train.yaml:11 code: the folder .\/nowhere does not exist \[Paths are relative to the file: this one means .*\/components\/nowhere.\]$/,
      ),
      'components/train.yaml:12 environment: "sensor" names no environment [Write azureml:<name>:<version>, azureml:<name>@latest or the path of an environment file.]',
      'components/train.yaml:13 command: ${{foo}} is no placeholder of a command: write ${{inputs.<name>}} or ${{outputs.<name>}} []',
      'components/train.yaml:13 command: ${{inputs.aa}} is not among the inputs [Did you mean a, 2x or b?]',
      'components/train.yaml:13 command: ${{outputs.m}} is not among the outputs [Declare m under outputs.]',
      'components/train.yaml:13 command: ${{inputs.n}} may be without a value [Put it in an optional part: $[[--n ${{inputs.n}}]]]',
      'components/train.yaml:14 retry.max_retrys: unknown key max_retrys [Did you mean max_retries?]',
      'components/train.yaml:14 retry.timeout: must be a time above 0 [Write seconds or a duration: 3600, 90m, 4h.]',
    ]);
  });

  it('refuses a command that would run the values it is given', async () => {
    const text =
      'type: command\nname: a\nversion: 1\ninputs: {x: {type: string}}\ncommand: bash -c "echo ${{inputs.x}}"\n';
    expect(await problems(text)).toEqual([
      'components/train.yaml:5 command: ${{inputs.x}} stands inside the program text of bash, which would run it [Pass the value as an argument of its own and let the program read its arguments.]',
    ]);
  });

  it('takes an environment file for the environment it defines, and names an inline one as kept for clouds', async () => {
    const minimal = (environment: string) => `name: a\nversion: 1\ncommand: x\nenvironment: ${environment}\n`;
    const root = await testProject({
      'c.yaml': minimal('file:./env.yaml'),
      'env.yaml': 'name: e\nversion: 2.10\nimage: i\n',
      'i.yaml': minimal('{image: i}'),
    });
    expect(await loadComponent(join(root, 'c.yaml'))).toMatchObject({
      spec: { environment: 'azureml:e:2.10' },
      cloud_only: [],
    });
    expect(await loadComponent(join(root, 'i.yaml'))).toMatchObject({
      spec: { environment: null },
      cloud_only: ['environment'],
    });
  });

  it('says that code must be a folder that is here', async () => {
    const minimal = (code: string) => `name: a\nversion: 1\ncommand: x\ncode: ${code}\n`;
    expect(await problems(minimal('../src/train.py'))).toEqual([
      expect.stringContaining('code must be a folder, ../src/train.py is a file'),
    ]);
    expect(await problems(minimal('git+https://x/y'))).toEqual([
      expect.stringContaining('code must be a folder, is git+https://x/y'),
    ]);
  });
});
