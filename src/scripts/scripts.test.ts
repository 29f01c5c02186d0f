import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../kernel/errors.ts';
import {
  collectJobs,
  expandSweeps,
  jobCommand,
  jobMetrics,
  parseSweep,
  shellText,
  splitWords,
} from './index.ts';
import type { CollectOptions, JobSettings, ScriptJob } from './index.ts';

const base = realpathSync(mkdtempSync(join(tmpdir(), 'trainyard-scripts-')));
afterAll(() => rmSync(base, { recursive: true, force: true }));
let made = 0;

/** A project with these files. */
function project(files: Readonly<Record<string, string>>): string {
  const root = join(base, String(++made));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const options = (root: string, more: Partial<CollectOptions> = {}): CollectOptions => ({
  root,
  discover_roots: [],
  include_patterns: [],
  exclude_regexes: [],
  limit: null,
  python: 'python3',
  auto_discover: true,
  config: null,
  discovery_overrides: false,
  discovered_optional: false,
  only: [],
  exclude: [],
  ...more,
});
const jobsOf = async (root: string, more: Partial<CollectOptions> = {}): Promise<readonly ScriptJob[]> =>
  (await collectJobs(options(root, more))).jobs;
const scriptsOf = async (root: string, more: Partial<CollectOptions> = {}): Promise<string[]> =>
  (await jobsOf(root, more)).map((job) => job.script);
const idsOf = async (root: string, more: Partial<CollectOptions> = {}): Promise<string[]> =>
  (await jobsOf(root, more)).map((job) => job.id);

/** Scripts that differ. */
const tree = (...paths: string[]): Record<string, string> =>
  Object.fromEntries(paths.map((path) => [path, `print(${JSON.stringify(path)})\n`]));

describe.concurrent('discovery', () => {
  it('finds train_*.py below the project, and nothing that tools made', async () => {
    const root = project({
      ...tree(
        'train_a.py',
        'training/train_b.py',
        'deep/er/train_c.py',
        '.hidden/train_d.py',
        'training/model.py',
        'training/retrain_x.py',
        'venv/lib/train_no.py',
        'my-env/train_no.py',
        'node_modules/p/train_no.py',
        'build/train_no.py',
        'pkg.egg-info/train_no.py',
        '__pycache__/train_no.py',
        'results/a_results/train_no.py',
        'src/results/train_e.py',
      ),
      'my-env/pyvenv.cfg': '',
    });
    symlinkSync(root, join(root, 'training', 'loop'));
    expect(await scriptsOf(root)).toEqual([
      '.hidden/train_d.py',
      'deep/er/train_c.py',
      'src/results/train_e.py',
      'train_a.py',
      'training/train_b.py',
    ]);
  });

  it('ignores what git ignores: in every folder, exceptions, folders above the project', async () => {
    const root = project({
      ...tree(
        'app/train_a.py',
        'app/old/train_b.py',
        'app/old/keep/train_c.py',
        'app/gen/train_d.py',
        'app/gen/train_e.py',
      ),
      ...tree('app/local/train_f.py', 'app/top/train_g.py', 'app/train_h.py'),
      'app/.gitignore': 'old/\ngen/*\n',
      'app/gen/.gitignore': '!train_e.py\n',
      'app/local/.gitignore': '*\n',
      '.gitignore': '/app/top\n',
    });
    execFileSync('git', ['init', '-q', root]);
    writeFileSync(join(root, '.git', 'info', 'exclude'), 'train_h.py\n');
    const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
      cwd: join(root, 'app'),
      encoding: 'utf8',
    });
    const expected = listed
      .split('\n')
      .filter((path) => path.endsWith('.py'))
      .toSorted();
    expect(expected).toEqual(['gen/train_e.py', 'train_a.py']);
    expect(await scriptsOf(join(root, 'app'))).toEqual(expected);
  });

  it('looks only where it is told, for what it is told, and not for what is excluded', async () => {
    const root = project(tree('a/train_1.py', 'b/train_2.py', 'b/c/train_3.py', 'b/fit_4.py', 'jobs/run.py'));
    expect(await scriptsOf(root, { discover_roots: ['b'] })).toEqual(['b/c/train_3.py', 'b/train_2.py']);
    expect(await scriptsOf(root, { discover_roots: ['a', 'b/c', './a'] })).toEqual([
      'a/train_1.py',
      'b/c/train_3.py',
    ]);
    expect(await scriptsOf(root, { include_patterns: ['fit_*.py', 'jobs/*.py'] })).toHaveLength(5);
    expect(await scriptsOf(root, { exclude_regexes: ['^b/', '_9'] })).toEqual(['a/train_1.py']);
    expect(await scriptsOf(root, { limit: 2 })).toEqual(['a/train_1.py', 'b/c/train_3.py']);
    expect(await scriptsOf(root, { auto_discover: false })).toEqual([]);
    await expect(jobsOf(root, { discover_roots: ['nowhere'] })).rejects.toThrow('there is no such folder');
    await expect(jobsOf(root, { discover_roots: ['../'] })).rejects.toThrow('lies outside the project');
    await expect(jobsOf(root, { exclude_regexes: ['('] })).rejects.toThrow('no regular expression');
  });

  it('makes one job of copies, and tells different scripts of one name apart by their folders', async () => {
    const root = project({
      ...tree(
        'scripts/train_als.py',
        'training/train_als.py',
        'x/y/train_dup.py',
        'x/z/y/train_dup.py',
        'train_one.py',
      ),
      'files/training/train_copy.py': 'same\n',
      'training/train_copy.py': 'same\n',
      'mlops/pipelines/train_copy.py': 'same\n',
    });
    const jobs = await jobsOf(root);
    expect(jobs.map((job) => job.id)).toEqual([
      'scripts_train_als',
      'train_one',
      'training_train_als',
      'train_copy',
      'x_y_train_dup',
      'z_y_train_dup',
    ]);
    expect(jobs[3]).toMatchObject({
      script: 'training/train_copy.py',
      copies: ['files/training/train_copy.py', 'mlops/pipelines/train_copy.py'],
      output: 'copy_results',
      name: 'Copy',
    });
    expect(jobs[0]).toMatchObject({ output: 'scripts_als_results', name: 'Scripts als' });
    expect(await idsOf(root)).toEqual(jobs.map((job) => job.id));
  });
});

const PARSERS: Readonly<Record<string, string>> = {
  'train_argparse.py': `"""Takes --folds, says the docstring."""
import argparse
parser = argparse.ArgumentParser()
group = parser.add_argument_group("all")
group.add_argument(
    "-e",
    "--epochs",  # not --sample
    type=int, default=10)
# parser.add_argument("--folds")
text = 'parser.add_argument("--sample")'
BATCH = "--batch_size"
parser.add_argument(BATCH)
[parser.add_argument(*["--output_dir"])]
`,
  'train_click.py': `import click as c
from click import option as opt
@c.command()
@c.option("--epochs/--no-epochs")
@opt("--sample", "-s", help="--folds")
@opt("--batch")
@opt("--output-dir", type=c.Path())
def main(**kw): pass
`,
  'train_typer.py': `from typing import Annotated
import typer
app = typer.Typer()
@app.command()
def main(data: str, folds: int = 5, sample: Annotated[int, typer.Option("--sample")] = 3,
         batch_size: int = typer.Option(32), epochs: Annotated[int, typer.Argument()] = 1,
         output_dir: Annotated[str, typer.Option()] = "x"): pass
app()
`,
  'train_typer_run.py': `import typer
def main(epochs: int = 3, *, folds: int = 2): pass
def other(sample: int = 3): pass
typer.run(main)
`,
  'train_plain.py': 'import sys\nprint(sys.argv, "--epochs")\n',
  'train_python2.py': 'print "old"\n',
  'train_latin.py':
    '# -*- coding: latin-1 -*-\nimport argparse\nargparse.ArgumentParser().add_argument("--epochs")\n',
};

describe.concurrent('no script is lost', () => {
  it('by signs that an id cannot hold, and each has a folder of its own', async () => {
    const root = project({
      ...tree(
        'train_数据.py',
        'train_模型.py',
        'train_a b.py',
        'train_a,b.py',
        'train_a_b.py',
        'a/b/train_q.py',
        'a_b/train_q.py',
        'c/b/train_q.py',
      ),
      ...tree('x.py', 'train_x.py'),
    });
    const jobs = await jobsOf(root, { include_patterns: ['x.py'] });
    expect(jobs).toHaveLength(10);
    expect(new Set(jobs.map((job) => job.id.toLowerCase())).size).toBe(10);
    expect(new Set(jobs.map((job) => job.output)).size).toBe(10);
    expect(jobs.map((job) => job.id)).toEqual(expect.arrayContaining(['train_数据', 'train_模型']));
    expect(await idsOf(root, { include_patterns: ['x.py'] })).toEqual(jobs.map((job) => job.id));
  });

  it('by a line in .gitignore, when git tracks it', async () => {
    const root = project({ ...tree('train_a.py', 'old/train_b.py', 'train_c.py', 'venv/train_d.py') });
    execFileSync('git', ['init', '-q', root]);
    execFileSync('git', ['-C', root, 'add', '-f', 'train_a.py', 'old', 'venv']);
    writeFileSync(join(root, '.gitignore'), 'train_*\nold/\n');
    expect(await scriptsOf(root)).toEqual(['old/train_b.py', 'train_a.py']);
    expect(await scriptsOf(root, { discover_roots: ['old'] })).toEqual(['old/train_b.py']);
  });

  it('to a link that leads out of the project, in discovery or in a definition', async () => {
    const outside = project(tree('train_x.py'));
    const root = project({ 'jobs.yaml': 'jobs: [{script: train_l.py}]\n', ...tree('train_a.py') });
    symlinkSync(join(outside, 'train_x.py'), join(root, 'train_l.py'));
    expect(await scriptsOf(root)).toEqual(['train_a.py']);
    await expect(jobsOf(root, { config: 'jobs.yaml' })).rejects.toMatchObject({
      problems: [{ message: 'train_l.py lies outside the project' }],
    });
  });

  it('because two definitions write into one folder, or one into the log of all', async () => {
    const root = project({
      ...tree('train_a.py', 'train_b.py'),
      'same.yaml': 'jobs: [{script: train_a.py, output: x}, {script: train_b.py, output: x}]\n',
      'log.yaml': 'jobs: [{script: ./train_a.py, id: Orchestrator}]\n',
    });
    await expect(jobsOf(root, { config: 'same.yaml' })).rejects.toMatchObject({
      problems: [{ message: 'train_a and train_b would both write to results/x' }],
    });
    await expect(jobsOf(root, { config: 'log.yaml' })).rejects.toThrow(ConfigError);
  });
});

describe('sweeps', () => {
  const job = async (): Promise<readonly ScriptJob[]> =>
    jobsOf(project({ 'train_a.py': 'import argparse\nargparse.ArgumentParser().add_argument("--lr")\n' }));

  it('hand negative numbers over as one word, keep names short, and refuse what would repeat', async () => {
    const [a, b] = expandSweeps(await job(), [parseSweep(`lr=-1e-3,${'9'.repeat(260)}`)]);
    expect(a).toMatchObject({ id: 'train_a__lr--1e-3', args: ['--lr=-1e-3'] });
    expect(b?.id.length).toBeLessThan(40);
    const jobs = await job();
    expect(() => expandSweeps(jobs, [parseSweep('lr=1'), parseSweep('lr=2')])).toThrow('given twice');
    expect(() => expandSweeps(jobs, [parseSweep('depth=1')])).toThrow('none of the scripts takes --depth');
    expect(parseSweep('seed=3..1').values).toEqual(['3', '2', '1']);
    expect(() => parseSweep('seed=1..1000000')).toThrow('1000000 values');
    expect(() => parseSweep('lr=0.1..1')).toThrow('no range of whole numbers');
  });

  it('are ranked by numbers, whatever else was reported', () => {
    const root = project({ 'logs/a.log': 'text\n{"mae": 1.5, "bad": NaN, "worse": -Infinity}\nbye\n' });
    expect(jobMetrics(root, { id: 'a', output: 'a_results' }, null)).toEqual({ mae: 1.5 });
  });
});

describe.concurrent('what a script takes', () => {
  it('is read from its source as Python reads it, in argparse, click and typer', async () => {
    const root = project(PARSERS);
    const supports = Object.fromEntries((await jobsOf(root)).map((job) => [job.id.slice(6), job.supports]));
    const none = { epochs: null, folds: null, sample: null, batch: null, output_dir: null };
    expect(supports).toEqual({
      argparse: { ...none, epochs: '--epochs', batch: '--batch_size', output_dir: '--output_dir' },
      click: {
        ...none,
        epochs: '--epochs',
        sample: '--sample',
        batch: '--batch',
        output_dir: '--output-dir',
      },
      typer: {
        ...none,
        folds: '--folds',
        sample: '--sample',
        batch: '--batch-size',
        output_dir: '--output-dir',
      },
      typer_run: { ...none, epochs: '--epochs', folds: '--folds' },
      plain: none,
      python2: none,
      latin: { ...none, epochs: '--epochs' },
    });
  });

  it('is nothing where the source cannot be parsed, and the job says why', async () => {
    const [job] = await jobsOf(project({ 'train_old.py': 'x = 1\nprint "old"\n' }));
    expect(job?.reason).toMatch(/^discovered; its options cannot be read \(line 2: /);
  });

  it('needs an interpreter that starts', async () => {
    const root = project(tree('train_a.py'));
    await expect(jobsOf(root, { python: '/nowhere/python' })).rejects.toMatchObject({
      hint: expect.stringContaining('--python'),
    });
  });
});

describe.concurrent('job definitions', () => {
  const CONFIG = `jobs:
  - {name: ALS, script: training/train_als.py, args: [--seed, 7, --fast], optional: true}
  - {id: special, script: other/fit.py, output: special/out, use_output_dir: true, supports_epochs: true, args: "--note 'two words'"}
`;

  it('win over discovery of the same id or script, unless discovery is to win', async () => {
    const root = project({
      ...tree('training/train_als.py', 'training/train_b.py', 'other/fit.py'),
      'jobs.yaml': CONFIG,
    });
    const jobs = await jobsOf(root, { config: 'jobs.yaml', discovered_optional: true });
    expect(jobs.map((job) => [job.id, job.name, job.optional, job.reason])).toEqual([
      ['train_als', 'ALS', true, 'defined in jobs.yaml'],
      ['special', 'Special', false, 'defined in jobs.yaml'],
      ['train_b', 'B', true, 'discovered'],
    ]);
    expect(jobs[0]?.args).toEqual(['--seed', '7', '--fast']);
    expect(jobs[1]).toMatchObject({
      output: 'special/out',
      args: ['--note', 'two words'],
      supports: { epochs: '--epochs', output_dir: '--output-dir', folds: null },
    });
    const overridden = await jobsOf(root, { config: 'jobs.yaml', discovery_overrides: true });
    expect(overridden.find((job) => job.id === 'train_als')).toMatchObject({ args: [], name: 'Als' });
  });

  it('are checked as a whole, with lines and near names', async () => {
    const root = project({
      ...tree('train_a.py'),
      'jobs.yaml':
        'jobs:\n  - {script: train_b.py}\n  - {script: train_a.py, output: ../up}\n  - {script: ../x.py}\n  - {script: train_a.py, id: a/b}\n',
      'typo.yaml': 'jobs:\n  - script: train_a.py\n    optinal: true\n    args: {a: 1}\n',
    });
    await expect(jobsOf(root, { config: 'jobs.yaml' })).rejects.toMatchObject({
      problems: [
        { line: 2, message: 'there is no script train_b.py', hint: 'Did you mean train_a.py?' },
        { line: 3, message: '../up leads out of results/' },
        { line: 4, message: '../x.py lies outside the project' },
        { line: 5, message: 'a/b cannot name a log file' },
      ],
    });
    await expect(jobsOf(root, { config: 'typo.yaml' })).rejects.toMatchObject({
      problems: expect.arrayContaining([
        expect.objectContaining({ line: 3, hint: 'Did you mean optional?' }),
        expect.objectContaining({ line: 4 }),
      ]),
    });
    await expect(jobsOf(root, { config: 'none.yaml' })).rejects.toThrow('there is no such file');
  });
});

describe.concurrent('--only and --exclude', () => {
  it('take ids in any case, with or without train_, in lists of any kind', async () => {
    const root = project(tree('train_als.py', 'train_brain_mri.py', 'a/train_x.py', 'b/train_x.py'));
    expect(await idsOf(root, { only: ['ALS', 'Train_Brain_MRI'] })).toEqual(['train_als', 'train_brain_mri']);
    expect(await idsOf(root, { only: ['als, brain_mri a_x'] })).toEqual([
      'a_train_x',
      'train_als',
      'train_brain_mri',
    ]);
    expect(await idsOf(root, { only: ['x'] })).toEqual(['a_train_x', 'b_train_x']);
    expect(await idsOf(root, { exclude: ['x', 'als'] })).toEqual(['train_brain_mri']);
    expect(await idsOf(root, { only: [' '] })).toHaveLength(4);
    await expect(idsOf(root, { only: ['brian_mri', 'als', 'qqqqqqqq'] })).rejects.toThrow(
      'There are no jobs brian_mri (near: brain_mri), qqqqqqqq.',
    );
  });
});

describe.concurrent('a command', () => {
  const settings: JobSettings = {
    python: 'python3',
    epochs: 3,
    folds: null,
    sample: 5,
    batch: 6,
    extra_args: [],
  };

  it('holds what the script takes, then what all get, then its own, which win', async () => {
    const root = project({
      ...PARSERS,
      'jobs.yaml': 'jobs: [{script: train_argparse.py, args: [--epochs=99, --seed, 1]}]\n',
    });
    const jobs = await jobsOf(root, { config: 'jobs.yaml', only: ['argparse', 'click', 'plain'] });
    const commands = jobs.map((job) =>
      shellText(jobCommand(job, { ...settings, extra_args: ['--note', "it's"] })),
    );
    expect(commands).toEqual([
      `python3 train_argparse.py --output_dir results/argparse_results --batch_size 6 --note 'it'\\''s' --epochs=99 --seed 1`,
      `python3 train_click.py --output-dir results/click_results --epochs 3 --sample 5 --batch 6 --note 'it'\\''s'`,
      `python3 train_plain.py --note 'it'\\''s'`,
    ]);
  });

  it('does not let a name pass for an option of the interpreter', async () => {
    const [job] = await jobsOf(project({ '-V.py': 'print(1)\n' }), { include_patterns: ['-V.py'] });
    expect(job === undefined ? [] : jobCommand(job, settings)).toEqual(['python3', './-V.py']);
  });

  it('splits --extra-args as Python does', () => {
    const lines = ['', '--a 1 --b=2', `--x 'a b' "c d"e\\ f`, `"q\\"q" '\\n' "\\n" ''`, 'a\\\\b\tc'];
    const python =
      'import json, shlex, sys; print(json.dumps([shlex.split(x) for x in json.load(sys.stdin)]))';
    const expected: unknown = JSON.parse(
      execFileSync('python3', ['-c', python], { input: JSON.stringify(lines), encoding: 'utf8' }),
    );
    expect(lines.map((line) => splitWords(line, '--extra-args'))).toEqual(expected);
    expect(() => splitWords(`--a 'b`, '--extra-args')).toThrow('a quote that is never closed');
  });
});
