import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TrainingSummary } from '../../src/scripts/index.ts';
import { TestProject } from '../helpers/project.ts';

const EXAMPLE = join(import.meta.dirname, '../../examples/training-scripts');

function example(): TestProject {
  const project = TestProject.empty();
  cpSync(EXAMPLE, project.folder, { recursive: true });
  for (const made of ['results', 'logs', 'summaries', '.trainyard'])
    rmSync(project.path(made), { recursive: true, force: true });
  return project;
}

const summaryOf = (project: TestProject): TrainingSummary =>
  TrainingSummary.parse(JSON.parse(project.read(`summaries/${project.list('summaries').at(-1)}`)));

describe('the example of training scripts', () => {
  it('is found, is given what each script takes, and ends as its README says', async () => {
    await using project = example();
    const listed = (await project.ok(['scripts', '--list', '--json'])).json();
    expect(listed).toMatchObject({
      jobs: [
        { id: 'train_ridge', script: 'archive/train_ridge.py', copies: ['training/train_ridge.py'] },
        {
          id: 'train_typed',
          supports: { epochs: true, folds: false, sample: false, batch: true, output_dir: true },
        },
        {
          id: 'train_broken',
          supports: { epochs: false, folds: false, sample: false, batch: false, output_dir: false },
        },
        {
          id: 'train_clicked',
          supports: { epochs: true, folds: false, sample: false, batch: true, output_dir: true },
        },
        { id: 'train_flaky' },
        {
          id: 'train_folds',
          supports: { epochs: true, folds: true, sample: false, batch: false, output_dir: true },
        },
        { id: 'train_slow' },
      ],
    });
    const flags = [
      '--epochs',
      '3',
      '--folds',
      '5',
      '--batch',
      '8',
      '--parallel',
      '--max-workers',
      '2',
      '--retries',
      '1',
    ];
    await project.ends(1, ['scripts', ...flags]);
    const summary = summaryOf(project);
    expect(Object.fromEntries(summary.jobs.map((job) => [job.id, `${job.status} ${job.attempts}`]))).toEqual({
      train_ridge: 'succeeded 1',
      train_typed: 'succeeded 1',
      train_broken: 'failed 2',
      train_clicked: 'succeeded 1',
      train_flaky: 'succeeded 2',
      train_folds: 'succeeded 1',
      train_slow: 'succeeded 1',
    });
    expect(project.read('results/typed_results/model.txt')).toBe('3 epochs\n');
    expect(project.read('results/clicked_results/model.txt')).toBe('3 epochs, batches of 8\n');
    expect(summary.jobs.find((job) => job.id === 'train_folds')?.metrics).toMatchObject({ folds: 5 });
    expect(summary.jobs.find((job) => job.id === 'train_ridge')?.metrics?.['mae']).toBeGreaterThan(0);
    expect(summary.jobs.find((job) => job.id === 'train_broken')?.error).toContain("no column 'temperature'");
    expect(project.read('logs/train_broken.log')).toContain('Größe der Stichprobe: 0 … 训练');
    expect(await project.settled()).toEqual([]);
  });

  it('comes with commands that end as they should: only the one with the broken script with 1', async () => {
    await using project = example();
    const commands = readFileSync(join(EXAMPLE, 'README.md'), 'utf8').match(/^trainyard .*$/gm) ?? [];
    const codes = [0, 0, 1, 0];
    expect(commands).toHaveLength(codes.length);
    for (const [i, code] of codes.entries())
      await project.ends(code, (commands[i] ?? '').split(' ').slice(1));
  });

  it('sweeps: a job for each combination, with a folder of its own, ranked by what it reports', async () => {
    await using project = example();
    const sweep = [
      '--only',
      'ridge',
      '--sweep',
      'ridge=0.1,5,200',
      '--sweep',
      'epochs=1..2',
      '--metric',
      'mae:min',
    ];
    const dry = await project.ok(['scripts', ...sweep, '--dry-run']);
    expect(dry.stdout.split('\n')[0]).toBe(
      'python3 archive/train_ridge.py --output-dir results/ridge_results/ridge-0.1_epochs-1 --ridge 0.1 --epochs 1',
    );
    const run = await project.ok([
      'scripts',
      ...sweep,
      '--parallel',
      '--report',
      `markdown=${project.path('r.md')}`,
    ]);
    const { ranking, jobs } = summaryOf(project);
    expect(jobs).toHaveLength(6);
    expect(ranking).toHaveLength(6);
    expect(ranking.map((entry) => entry.value)).toEqual(
      ranking.map((entry) => entry.value).toSorted((a, b) => a - b),
    );
    expect(new Set(ranking.slice(-2).map((entry) => entry.id))).toEqual(
      new Set(['train_ridge__ridge-200_epochs-1', 'train_ridge__ridge-200_epochs-2']),
    );
    expect(project.has('results/ridge_results/ridge-5_epochs-2/model.json')).toBe(true);
    expect(run.stdout).toContain('MAE (MIN)');
    expect(project.read('r.md')).toContain('| 1 | train\\_ridge\\_\\_ridge-');
    expect((await project.ends(2, ['scripts', '--only', 'ridge', '--sweep', 'depth=1..3'])).stderr).toContain(
      'none of the scripts takes --depth',
    );
    expect((await project.ends(2, ['scripts', '--sweep', 'epochs='])).stderr).toContain('names no values');
    expect((await project.ends(2, ['scripts', '--metric', 'mae'])).stderr).toContain('mae:min');
  });

  it('takes its flags from trainyard.yaml too, and what is typed goes before', async () => {
    await using project = example();
    project.write(
      'trainyard.yaml',
      'scripts:\n  only: [ridge, folds]\n  epochs: 7\n  extra_args: --sample 50\n  discover_root: training\n  retries: 1\n  timeout: 90s\n  jobs_memory_limit: 2G\n',
    );
    expect((await project.ok(['scripts', '--dry-run'])).stdout).toBe(
      'python3 training/train_folds.py --output_dir results/folds_results --epochs 7 --sample 50\n' +
        'python3 training/train_ridge.py --output-dir results/ridge_results --epochs 7 --sample 50\n',
    );
    expect((await project.ok(['scripts', '--dry-run', '--only', 'clicked', '--epochs', '2'])).stdout).toBe(
      'python3 training/train_clicked.py --output-dir results/clicked_results --epochs 2 --sample 50\n',
    );
    project.write('trainyard.yaml', 'scripts: {epoch: 3, timeout: soon}\n');
    expect((await project.ends(2, ['scripts', '--list'])).stderr).toMatch(
      /epoch[^]*Did you mean epochs[^]*must be a duration/,
    );
  });
});
