import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { figure } from './figures.ts';
import type { Figure, SuiteResult } from './figures.ts';
import type { Tools } from './machine.ts';
import { TRAINYARD, interleaved, measure, median } from './measure.ts';
import { newScratch } from './project.ts';

const FILES = 50_000;
const SCRIPTS = 500;
const RUNS = 200;

/** The script orchestrator: finding scripts in a large tree, and running many short ones. */
export async function benchScripts(tools: Tools, quick: boolean): Promise<SuiteResult> {
  const found = await discovery(tools, quick ? 2 : 5);
  const run = await running(tools, quick ? 2 : 5);
  return {
    suite: 'scripts',
    figures: [...found.figures, ...run.figures],
    notes: tools.xargs === null ? ['xargs is not installed: nothing to compare with.'] : [],
    rounds: { ...found.rounds, ...run.rounds },
  };
}

type Part = Pick<SuiteResult, 'figures' | 'rounds'>;

/** 500 scripts in a tree of 50,000 files, listed with what each takes; git and grep, which only name them, are the floor. */
async function discovery(tools: Tools, count: number): Promise<Part> {
  const folder = await newScratch();
  const perFolder = 100;
  for (let i = 0; i < FILES / perFolder; i++) {
    const inside = join(folder, `area_${i % 20}`, `part_${i}`);
    await mkdir(inside, { recursive: true });
    for (let j = 0; j < perFolder - 1; j++) await writeFile(join(inside, `module_${j}.py`), '');
    await writeFile(
      join(inside, `train_${i}.py`),
      `import argparse\np = argparse.ArgumentParser()\np.add_argument("--epochs", type=int)\np.add_argument("--output-dir")\nprint(${i})\n`,
    );
  }
  execFileSync('git', ['init', '-q', folder]);
  execFileSync('git', ['-C', folder, 'add', '-A']);
  const list = [...TRAINYARD, 'scripts', '--list', '--json', '--project', folder];
  const { jobs } = JSON.parse((await measure(tools.python, list, { cwd: folder })).stdout) as {
    jobs: { supports: { epochs: boolean } }[];
  };
  if (jobs.filter((job) => job.supports.epochs).length !== SCRIPTS)
    throw new Error(`Found ${jobs.length} scripts instead of ${SCRIPTS}.`);
  const floor = ['bash', '-c', `git -C "$0" ls-files | grep -E '(^|/)train_[^/]*[.]py$'`, folder];
  const taken = await interleaved(count, {
    ours: () => measure(tools.python, list, { cwd: folder }),
    git: () => measure(tools.python, floor, { cwd: folder }),
  });
  const times = (name: string): number[] => (taken.get(name) ?? []).map((t) => t.wall_s);
  return {
    figures: [
      figure(
        '500 scripts among 50,000 files: trainyard scripts --list',
        median(times('ours')),
        's',
        '<',
        1.5,
      ),
      figure('500 scripts among 50,000 files: git ls-files | grep', median(times('git')), 's'),
    ],
    rounds: { 'discovery: trainyard, s': times('ours'), 'discovery: git, s': times('git') },
  };
}

/** 200 scripts of one line, two at a time: from the first row to the last outcome, and as a whole process. */
async function running(tools: Tools, count: number): Promise<Part> {
  const folder = await newScratch();
  for (let i = 0; i < RUNS; i++) await writeFile(join(folder, `train_${i}.py`), `print(${i})\n`);
  const ours = [...TRAINYARD, 'scripts', '--parallel', '--max-workers', '2', '--json', '--project', folder];
  const theirs = [
    'bash',
    '-c',
    `for (( i = 0; i < ${RUNS}; i++ )); do echo train_$i.py; done | "$0" -P2 -n1 "$1" > /dev/null`,
    tools.xargs ?? 'xargs',
    tools.python,
  ];
  const train = async (): Promise<{ wall_s: number; training_s: number }> => {
    const taken = await measure(tools.python, ours, { cwd: folder });
    const summary = JSON.parse(taken.stdout) as { duration_s: number; counts: { succeeded: number } };
    if (summary.counts.succeeded !== RUNS)
      throw new Error(`Only ${summary.counts.succeeded} of ${RUNS} scripts succeeded.`);
    return { wall_s: taken.wall_s, training_s: summary.duration_s };
  };
  const taken = await interleaved(count, {
    ours: train,
    ...(tools.xargs === null
      ? {}
      : {
          xargs: async () => {
            const { wall_s } = await measure(tools.python, theirs, { cwd: folder });
            return { wall_s, training_s: wall_s };
          },
        }),
  });
  const of = (name: string, what: 'wall_s' | 'training_s'): number[] =>
    (taken.get(name) ?? []).map((t) => t[what]);
  const mine = median(of('ours', 'training_s'));
  const figures: Figure[] = [
    figure('200 scripts on 2 workers: trainyard', mine, 's'),
    figure('200 scripts on 2 workers: whole process', median(of('ours', 'wall_s')), 's'),
  ];
  if (tools.xargs !== null) {
    const xargs = median(of('xargs', 'training_s'));
    figures.push(
      figure('200 scripts on 2 workers: xargs -P2 python3', xargs, 's'),
      figure('200 scripts on 2 workers: trainyard / xargs', mine / xargs, '×', '<=', 1.15),
    );
  }
  return {
    figures,
    rounds: {
      'scripts: trainyard, s': of('ours', 'training_s'),
      'scripts: xargs, s': of('xargs', 'training_s'),
    },
  };
}
