import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadEnvironment, loadEnvironments } from './environment.ts';
import { asLines, problemsOf, testProject } from './test-project.ts';

const ENV = `name: sensor-env
version: 3
image: mcr.microsoft.com/azureml/base:latest
conda_file: conda.yaml
tags: {team: ml}
`;
const CONDA = 'name: x\ndependencies:\n  - python=3.11\n  - pip: [numpy==2.0]\n';

const load = async (env: string, conda = CONDA) =>
  loadEnvironment(join(await testProject({ 'env.yaml': env, 'conda.yaml': conda }), 'env.yaml'));

describe('loadEnvironment', () => {
  it('reads name, version, image and the conda file beside it', async () => {
    const env = await load(ENV);
    expect(env).toMatchObject({
      name: 'sensor-env',
      version: '3',
      image: 'mcr.microsoft.com/azureml/base:latest',
    });
    expect(env.conda).toEqual({ name: 'x', dependencies: ['python=3.11', { pip: ['numpy==2.0'] }] });
    expect(env.content).toMatchObject({ version: '3', conda_file: env.conda });
    expect(env.warnings).toBeUndefined();
  });

  it.each([
    ['1.10', '1.10'],
    ['1.0', '1.0'],
    ['010', '010'],
    ['2026-11-22', '2026-11-22'],
    ['"1.10"', '1.10'],
    ["'7'", '7'],
    ['12  # the twelfth', '12'],
  ])('keeps the version %s as it is written', async (written, version) => {
    expect((await load(ENV.replace('version: 3', `version: ${written}`))).version).toBe(version);
  });

  it('warns of a version that other tools read differently, and says to quote it', async () => {
    const env = await load(ENV.replace('version: 3', 'version: 1.10'));
    expect(env.warnings).toEqual([
      expect.stringContaining('version 1.10 is 1.1 to other YAML tools. Write version: "1.10".'),
    ]);
  });

  it('has a digest over content and conda file that comments, order and formatting leave alone', async () => {
    const { digest } = await load(ENV);
    const other =
      '# a comment\nversion: "3"\nname: sensor-env\ntags:\n  team: ml\nconda_file: ./conda.yaml\nimage: mcr.microsoft.com/azureml/base:latest\n';
    expect((await load(other, `${CONDA}# more\n`)).digest).toBe(digest);
    expect((await load(ENV, CONDA.replace('2.0', '2.1'))).digest).not.toBe(digest);
    expect((await load(ENV.replace('base:latest', 'base:2'))).digest).not.toBe(digest);
  });

  it('counts an edited Dockerfile of a build context as a change', async () => {
    const root = await testProject({
      'env.yaml': 'name: a\nversion: 1\nbuild: {path: docker}\n',
      'docker/Dockerfile': 'FROM a\n',
    });
    const before = await loadEnvironment(join(root, 'env.yaml'));
    await writeFile(join(root, 'docker/Dockerfile'), 'FROM b\n');
    expect((await loadEnvironment(join(root, 'env.yaml'))).digest).not.toBe(before.digest);
  });

  it('takes an inline conda mapping', async () => {
    const env = await load('name: a\nversion: 1\nimage: b\nconda_file:\n  dependencies: [python]\n');
    expect(env.conda).toEqual({ dependencies: ['python'] });
  });

  it('reports all problems at once, with place and near miss', async () => {
    const root = await testProject({
      'env.yaml': 'nmae: x\nversion: [1]\nimage: {a: 1}\nconda_file: nope.yaml\n',
    });
    expect(asLines(await problemsOf(root, loadEnvironment(join(root, 'env.yaml'))))).toEqual([
      'env.yaml:1 name: name is missing [Add name: <name>.]',
      'env.yaml:1 nmae: unknown key nmae [Did you mean name or image?]',
      'env.yaml:2 version: version must be text, is a list [Write version: "1".]',
      'env.yaml:3 image: must be text, is a mapping []',
      'env.yaml:4 conda_file: the conda file nope.yaml: the file does not exist [Check the path.]',
    ]);
  });

  it('says which file is missing or empty', async () => {
    const root = await testProject({ 'empty.yaml': '' });
    expect(asLines(await problemsOf(root, loadEnvironment(join(root, 'no.yaml'))))).toEqual([
      'no.yaml:- : the file does not exist [Check the path.]',
    ]);
    expect(asLines(await problemsOf(root, loadEnvironment(join(root, 'empty.yaml'))))).toEqual([
      'empty.yaml:- : must be a mapping of keys to values, is empty []',
    ]);
  });
});

describe('loadEnvironments', () => {
  const one = (name: string) => `name: ${name}\nversion: 1\nimage: x\n`;

  it('reads every file that matches, by path, and nothing else', async () => {
    const root = await testProject({
      'components/environments/b.yaml': one('b'),
      'components/environments/a.yaml': one('a'),
      'components/environments/deep/c.yaml': one('c'),
      'components/environments/readme.md': '',
    });
    const names = async (pattern: string) => (await loadEnvironments(root, pattern)).map((e) => e.name);
    expect(await names('components/environments/*.yaml')).toEqual(['a', 'b']);
    expect(await names('./components/environments/*.yaml')).toEqual(['a', 'b']);
    expect(await names('components/**/*.yaml')).toEqual(['a', 'b', 'c']);
    expect(await names('components/environments/b.yaml')).toEqual(['b']);
    expect(await names('nowhere/*.yaml')).toEqual([]);
  });

  it('refuses one version defined twice, and tells the problems of all files', async () => {
    const root = await testProject({
      'e/a.yaml': one('same'),
      'e/b.yaml': one('same'),
      'e/c.yaml': 'name: c\n',
    });
    const problems = await problemsOf(root, loadEnvironments(root, 'e/*.yaml'));
    expect(problems.map((p) => [p.file, p.message.replace(`${root}/`, '')])).toEqual([
      ['e/c.yaml', 'version is missing'],
      ['e/c.yaml', 'nothing says what the environment consists of'],
      ['e/b.yaml', 'same:1 is already defined in e/a.yaml'],
    ]);
  });
});
