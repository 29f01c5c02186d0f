import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CATALOG } from '../../src/cli/catalog.ts';
import { sha256 } from '../../src/kernel/digest.ts';
import { ARTIFACTS } from '../../src/pipelines/index.ts';
import { EIGHT, TestProject } from '../helpers/project.ts';

const project = TestProject.create();
afterAll(() => project[Symbol.asyncDispose]());
beforeAll(async () => {
  await project.trained('--fail', 'mill_4:1');
});

describe('--json', () => {
  const jobs = ['jobs', 'show', 'kiln_1_2026_03_31'];
  it.each([
    [['plan']],
    [['why', 'kiln_1']],
    [['accept', 'kiln_1', '--reason', 'nothing to accept']],
    [['runs']],
    [['runs', 'show']],
    [['runs', 'cancel', '1']],
    [['jobs']],
    [jobs],
    [['jobs', 'logs', 'kiln_1_2026_03_31']],
    [['jobs', 'cancel', 'kiln_1_2026_03_31']],
    [['artifacts']],
    [['models']],
    [['models', 'show', 'kiln-1']],
    [['approvals']],
    [['worker', '--until-idle']],
    [['doctor']],
    [['run']],
  ])('prints one document and nothing else: %s', async (args) => {
    const ended = await project.ok([...args, '--json']);
    expect(ended.json()).toBeTypeOf('object');
  });

  it.each([
    ['5 not_found', ['runs', 'show', '77']],
    ['5 not_found', ['models', 'show', 'kiln-11']],
    ['5 not_found', ['plan', '--project', 'nowhere']],
    ['2 usage', ['plan', '--circuits', 'kiln_9']],
    ['2 usage', ['plan', '--bsae', 'main']],
    ['2 usage', ['models', 'withdraw', 'kiln-1:1']],
    ['6 conflict', ['run', '--resume', '1']],
  ])('prints an error as one document too: %s of %s', async (expected, args) => {
    const ended = await project.trainyard([...args, '--json']);
    const { error } = z
      .object({ error: z.object({ code: z.string(), message: z.string().min(5), exit_code: z.number() }) })
      .parse(ended.json());
    expect(`${error.exit_code} ${error.code}`).toBe(expected);
    expect(ended.code).toBe(error.exit_code);
    expect(ended.stderr).toBe('');
  });
});

describe('a typing mistake', () => {
  it.each([
    ['a command', ['plna'], /There is no command plna\.\nhint: Did you mean plan\?/],
    [
      'a command that help is asked for',
      ['help', 'plna'],
      /There is no command plna\.\nhint: Did you mean plan/,
    ],
    ['a subcommand', ['runs', 'shwo'], /There is no command runs shwo\.\nhint: Did you mean show/],
    ['an argument too many', ['runs', 'list', 'show'], /too many arguments for 'list'/],
    ['a flag', ['plan', '--detecton', 'hash'], /Did you mean --detection/],
    ['a choice', ['plan', '--detection', 'gti'], /Allowed choices are auto, git, hash/],
    ['a circuit', ['why', 'klin_1'], /Did you mean kiln_1/],
    ['a job', ['jobs', 'logs', 'kiln_1_2026_03_13'], /Did you mean kiln_1_2026_03_31/],
    ['a model', ['models', 'show', 'kiln-l'], /Did you mean kiln-1/],
    ['an artifact', ['artifacts', 'download', '1', 'training_job'], /Did you mean training_jobs/],
    ['a provider', ['run', '--provider', 'locla'], /Did you mean local/],
    ['a status', ['jobs', '--status', 'done'], /Use one of pending, queued/],
  ])('in %s is told with what was meant', async (_, args, meant) => {
    const ended = await project.trainyard(args);
    expect([2, 5]).toContain(ended.code);
    expect(ended.stderr).toMatch(meant);
    expect(ended.stdout).toBe('');
  });
});

describe('artifacts', () => {
  it('are listed and downloaded, whole and in their published shape', async () => {
    const { artifacts } = (await project.ok(['artifacts', 'list', '1', '--json'])).json() as {
      artifacts: { name: string; sha256: string }[];
    };
    expect(artifacts.map((a) => a.name).toSorted()).toEqual(Object.keys(ARTIFACTS).toSorted());
    await project.ok(['artifacts', 'download', '1', '-o', 'out']);
    for (const { name, sha256: digest } of artifacts) {
      const text = project.read(`out/${name}.json`);
      expect(sha256(text), name).toBe(digest);
      const schema: z.ZodType = ARTIFACTS[name as keyof typeof ARTIFACTS];
      schema.parse(JSON.parse(text));
    }
    await project.ok([
      'artifacts',
      'download',
      '1',
      'training_jobs',
      'failed_jobs.json',
      '-o',
      'two',
      '--json',
    ]);
    expect(JSON.parse(project.read('two/failed_jobs.json'))).toMatchObject({ jobs: ['mill_4_2026_03_31'] });
  });

  it('that were changed on disk are not handed out', async () => {
    const path = '.trainyard/runs/1/artifacts/training_jobs.json';
    const before = project.read(path);
    project.edit(path, 'kiln_1', 'kiln_x');
    expect(
      (await project.trainyard(['artifacts', 'download', '1', 'training_jobs', '-o', 'bad'])).stderr,
    ).toContain('its digest differs');
    expect(project.has('bad/training_jobs.json')).toBe(false);
    project.write(path, before);
  });
});

describe('models', () => {
  it('are listed page by page, by tag and by registry', async () => {
    const seen: string[] = [];
    for (let after: string | null = ''; after !== null;) {
      const page = (
        await project.ok([
          'models',
          'list',
          '--limit',
          '3',
          '--json',
          ...(after === '' ? [] : ['--after', after]),
        ])
      ).json() as { models: { model_name: string }[]; next: string | null };
      seen.push(...page.models.map((m) => m.model_name));
      after = page.next;
    }
    expect(seen).toEqual(EIGHT.map((id) => id.replace('_', '-')));
    expect(
      (await project.ok(['models', '--tag', 'plant_id=mill', '--tag', 'circuit_id=2', '--json'])).json(),
    ).toMatchObject({ models: [{ model_name: 'mill-2' }], next: null });
    expect(
      (await project.ok(['models', '--tag', 'retry=true', '--registry', 'shared', '--json'])).json(),
    ).toMatchObject({ models: [{ model_name: 'mill-4' }] });
    expect((await project.ok(['models', '--circuit', 'nobody', '--json'])).json()).toEqual({
      models: [],
      next: null,
    });
  });

  it('show their lineage and are downloaded, checked', async () => {
    const model = (await project.ok(['models', 'show', 'mill-4:1', '--json'])).json();
    expect(model).toMatchObject({
      version: 1,
      job_name: expect.stringMatching(/^mill_4_2026_03_31_retry_/) as unknown,
      tags: {
        plant_id: 'mill',
        circuit_id: '4',
        cutoff_date: '2026-03-31',
        retry: 'true',
        component_version: '1',
        environment_version: '1',
        data_version: expect.any(String) as unknown,
      },
    });
    const { tags } = model as { tags: Record<string, string> };
    expect(tags['config_hash']).toBe(tags['training_hash']);
    expect((await project.ok(['models', 'show', 'mill-4'])).stdout).toMatch(
      /lineage[^]*metrics[^]*tags[^]*files/,
    );
    const done = (await project.ok(['models', 'download', 'mill-4:1', '-o', 'model', '--json'])).json() as {
      files: { path: string; sha256: string }[];
    };
    expect(done.files.length).toBeGreaterThan(0);
    for (const file of done.files)
      expect(sha256(readFileSync(project.path(`model/${file.path}`)))).toBe(file.sha256);
    await project.ends(5, ['models', 'download', 'mill-4:9', '-o', 'model']);
    await project.ends(2, ['models', 'download', 'mill-4']);
  });
});

describe('lists', () => {
  it('of jobs and runs can be narrowed and turned page by page', async () => {
    const jobs = async (...args: string[]) =>
      (await project.ok(['jobs', 'list', '--json', ...args])).json() as {
        jobs: { name: string; id: string }[];
        next: string | null;
      };
    expect((await jobs()).jobs).toHaveLength(9);
    expect((await jobs('--status', 'failed')).jobs.map((j) => j.name)).toEqual(['mill_4_2026_03_31']);
    expect((await jobs('--match', '*_retry_*', '--run', '1')).jobs).toHaveLength(1);
    const first = await jobs('--limit', '5');
    const second = await jobs('--limit', '5', '--before', first.next ?? '');
    expect(new Set([...first.jobs, ...second.jobs].map((j) => j.name)).size).toBe(9);
    expect((await project.ok(['jobs'])).stdout).toMatch(/^job +status +attempts/i);
    expect((await project.ok(['runs'])).stdout).toMatch(/^run +status/i);
  });
});

it('what cannot be printed on a full disk is told without a stack', async () => {
  const wrapper = ['sh', '-c', 'exec "$@" > /dev/full', 'sh'];
  const { stderr } = await project.ends(1, ['plan'], { wrapper });
  expect(stderr).toContain('The disk is full: free');
});

describe('a list that is longer than a page', () => {
  beforeAll(async () => {
    await project.ok(['run', '--approve', 'all', '--circuits', 'kiln_1']);
  });

  /** What a list tells of its items, one text for each. */
  const itemsOf = async (...args: readonly string[]): Promise<string[]> => {
    const [items] = Object.values(
      (await project.ok([...args, '--json'])).json() as Record<string, unknown[]>,
    );
    return (items ?? []).map((item) => JSON.stringify(item));
  };

  it.each([
    [['jobs', '--status', 'succeeded', '--match', '*_2026_*', '--run', '1', '--limit', '2']],
    [['audit', '--type', 'approval.*', '--run', '1', '--limit', '1']],
    [['models', '--tag', 'plant_id=mill', '--limit', '1']],
    [['runs', '--limit', '1']],
    [['approvals', '--all', '--limit', '1']],
  ])('says how it goes on, with the same filters: %s', async (args) => {
    const [, more = ''] = /^More: trainyard (.*)$/m.exec((await project.ok(args)).stdout) ?? [];
    const words = more.split(' ').map((word) => word.replaceAll("'", ''));
    expect(words).toEqual(expect.arrayContaining(args.slice(1)));
    const [first, next] = [await itemsOf(...args), await itemsOf(...words)];
    expect(next).toHaveLength(first.length);
    expect(next.filter((item) => first.includes(item))).toEqual([]);
  });

  it('that is empty says whether that is for the filters', async () => {
    expect((await project.ok(['runs', '--status', 'canceled'])).stdout).toBe('No runs match.\n');
    expect((await project.ok(['audit', '--type', 'nothing.*'])).stdout).toBe('No entry matches.\n');
    await using fresh = TestProject.create({ circuits: ['kiln_1'] });
    expect((await fresh.ok(['runs'])).stdout).toMatch(/^No runs yet/);
    expect((await fresh.ok(['approvals', '--all'])).stdout).toMatch(/^Nobody was asked/);
  });
});

describe('help', () => {
  it('names every command, and has examples', async () => {
    const top = await project.ok(['--help']);
    for (const { name } of CATALOG) expect(top.stdout).toContain(`  ${name} `);
    for (const args of [['run'], ['jobs', 'logs'], ['help', 'models']]) {
      expect((await project.ok([...args, '--help'])).stdout).toMatch(
        /Usage: trainyard (?:run|jobs logs|models) /,
      );
    }
    expect((await project.ok(['runs', 'cancel', '--help'])).stdout).toMatch(/Examples:\n {2}trainyard/);
    expect((await project.ok(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('completion', () => {
  const checkers = { bash: ['bash', '-n'], zsh: ['zsh', '-n'], fish: ['fish', '--no-execute'] } as const;
  it.each(['bash', 'zsh', 'fish'] as const)('for %s is a script that the shell takes', async (shell) => {
    const { stdout } = await project.ok(['completion', shell]);
    for (const { name } of CATALOG) expect(stdout).toContain(name);
    const [program, ...args] = checkers[shell];
    const checked = spawnSync(program, args, { input: stdout, encoding: 'utf8' });
    if (checked.error === undefined) expect(checked).toMatchObject({ status: 0, stderr: '' });
  });

  it('in bash offers commands, subcommands and flags', async () => {
    const { stdout } = await project.ok(['completion', 'bash']);
    const offered = (words: readonly string[]): string[] => {
      const script = `${stdout}\nCOMP_WORDS=(${words.map((w) => `'${w}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _trainyard; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout.trim().split('\n');
    };
    expect(offered(['trainyard', 'mo'])).toEqual(['models']);
    expect(offered(['trainyard', 'models', 's'])).toEqual(['show']);
    expect(offered(['trainyard', 'run', '--inc'])).toEqual(['--include-failed']);
    expect(offered(['trainyard', 'jobs', 'logs', '--f'])).toEqual(['--follow']);
  });

  it('for no other shell', async () => {
    expect((await project.ends(2, ['completion', 'tcsh'])).stderr).toContain('bash, zsh, fish');
  });
});

describe('doctor', () => {
  it('says what is there', async () => {
    const { stdout } = await project.ok(['doctor']);
    expect(stdout).toMatch(/✓ ok +node +v/);
    expect(stdout).toContain('8 circuits in config/circuits.yaml');
  });

  it('says what is missing and what to do, and ends with 8', async () => {
    await using broken = TestProject.create({ circuits: ['kiln_1'], provider: 'local' });
    broken.write('config/circuits.yaml', 'circuits: [\n');
    const { stdout } = await broken.ends(8, ['doctor']);
    expect(stdout).toMatch(/✗ missing +fleet/);
    const { json } = await broken.ends(8, ['doctor', '--json'], { env: { PATH: '/nowhere' } });
    expect(json()).toMatchObject({ ok: false });
    const { checks } = json() as { checks: { name: string; ok: boolean; hint: string | null }[] };
    expect(checks.find((c) => /python/i.test(c.name))).toMatchObject({
      ok: false,
      hint: expect.stringContaining('Install Python') as unknown,
    });
  });
});
