import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { TrainingSummary } from '../../src/scripts/index.ts';
import { openStore } from '../../src/store/index.ts';
import { TestProject } from '../helpers/project.ts';
import { CTRL_C, inTerminal } from '../helpers/terminal.ts';

/** Scripts of several kinds: each notes when it began and ended, so that order and overlap can be seen. */
const SCRIPTS: Readonly<Record<string, string>> = {
  'training/train_good.py': `import argparse, os
p = argparse.ArgumentParser()
p.add_argument("--epochs", type=int); p.add_argument("--output-dir"); p.add_argument("--note")
a = p.parse_args()
print("epochs", a.epochs, "note", a.note, flush=True)
open(os.path.join(a.output_dir, "model.txt"), "w").write("trained")
`,
  'training/train_bad.py': 'print("ünïcode")\nraise ValueError("no such column: temp")\n',
  'training/train_flaky.py': `import os, sys
seen = os.path.exists("flag"); open("flag", "w").close()
sys.exit(0 if seen else 3)
`,
};
/** Has children that would live for ever, and says so. */
const STUBBORN = `import os, signal, subprocess, sys, time
wait = [sys.executable, "-c", "import time; time.sleep(600)"]
subprocess.Popen(wait)
# One that leaves the group, and one that leaves everything behind that could tell whose it was.
subprocess.Popen(wait, start_new_session=True)
if os.fork() == 0:
    os.setsid()
    subprocess.Popen(wait, env={}, start_new_session=True)
    os._exit(0)
print("up", flush=True)
time.sleep(600)
`;

function repository(scripts: Readonly<Record<string, string>>): TestProject {
  const project = TestProject.empty();
  for (const [path, text] of Object.entries(scripts)) project.write(path, text);
  return project;
}

const summaries = (project: TestProject): string[] => project.list('summaries');
const summaryOf = (project: TestProject, name = summaries(project).at(-1) ?? ''): TrainingSummary =>
  TrainingSummary.parse(JSON.parse(project.read(`summaries/${name}`)));
const statuses = (summary: TrainingSummary): Record<string, string> =>
  Object.fromEntries(summary.jobs.map((job) => [job.id, job.status]));

describe('trainyard scripts', () => {
  it('lists what there is, and prints the exact commands, without running or writing anything', async () => {
    await using project = repository({
      ...SCRIPTS,
      'copy/train_good.py': SCRIPTS['training/train_good.py'] ?? '',
    });
    const listed = await project.ok(['scripts', '--list', '--json']);
    expect(listed.json()).toMatchObject({
      jobs: [
        {
          id: 'train_good',
          name: 'Good',
          script: 'copy/train_good.py',
          output: 'good_results',
          optional: false,
          supports: { epochs: true, folds: false, sample: false, batch: false, output_dir: true },
          reason: 'discovered',
          copies: ['training/train_good.py'],
        },
        { id: 'train_bad' },
        { id: 'train_flaky' },
      ],
    });
    expect((await project.ok(['scripts', '--list-only'])).stdout).toContain('3 jobs');
    const dry = await project.ok([
      'scripts',
      '--dry-run',
      '--only',
      'GOOD',
      'bad',
      '--epochs',
      '3',
      '--extra-arg',
      "--note=it's",
    ]);
    expect(dry.stdout).toBe(
      `python3 copy/train_good.py --output-dir results/good_results --epochs 3 '--note=it'\\''s'\n` +
        `python3 training/train_bad.py '--note=it'\\''s'\n`,
    );
    for (const made of ['.trainyard', 'results', 'logs', 'summaries']) expect(project.has(made)).toBe(false);
  });

  it('takes every flag that chooses scripts or is handed on to them', async () => {
    await using project = repository({
      'a/train_1.py': SCRIPTS['training/train_good.py'] ?? '',
      'a/fit_2.py':
        'import argparse\np = argparse.ArgumentParser()\nfor f in (1,):\n    p.add_argument("--folds")\n    p.add_argument("--sample")\n    p.add_argument("--batch")\n',
      'b/train_3.py': 'print(3)\n',
      'b/old/train_4.py': 'print(4)\n',
      'jobs.yaml':
        'jobs:\n  - {script: b/train_3.py, args: [--mine]}\n  - {script: a/train_1.py, id: one, use_output_dir: false}\n',
    });
    const dry = async (...flags: string[]): Promise<string[]> =>
      (await project.ok(['scripts', '--dry-run', ...flags])).stdout.trim().split('\n');
    expect(
      await dry('--discover-root', 'a', 'b', '--exclude-regex', 'old', '--include-pattern', 'fit_*.py'),
    ).toEqual([
      'python3 a/fit_2.py',
      'python3 a/train_1.py --output-dir results/1_results',
      'python3 b/train_3.py',
    ]);
    expect(
      await dry(
        '--include-pattern',
        'fit_*.py',
        '--only',
        'fit_2',
        '--folds',
        '3',
        '--sample',
        '4',
        '--batch',
        '5',
        '--python',
        'python',
      ),
    ).toEqual(['python a/fit_2.py --folds 3 --sample 4 --batch 5']);
    expect(await dry('--discovery-limit', '1')).toEqual([
      'python3 a/train_1.py --output-dir results/1_results',
    ]);
    expect(await dry('--exclude', '1,3', '--extra-args', '--x "1 2"', '--extra-arg=--y')).toEqual([
      "python3 b/old/train_4.py --y --x '1 2'",
    ]);
    expect(await dry('--config', 'jobs.yaml', '--no-auto-discover')).toEqual([
      'python3 b/train_3.py --mine',
      'python3 a/train_1.py',
    ]);
    expect(await dry('--config', 'jobs.yaml', '--allow-discovery-overrides', '--only', '3')).toEqual([
      'python3 b/train_3.py',
    ]);
  });

  it('shows what scripts print when asked, live, here and in another terminal', async () => {
    await using project = repository({
      'train_v1.2.py':
        'import os, sys, time\nsys.stdout.buffer.write(b"\\xe9" * 40 + b"\\n")\nprint("begun", flush=True)\nwhile not os.path.exists("go"): time.sleep(0.02)\nprint("done")\n',
    });
    const running = project.start(['scripts', '--verbose']);
    await running.says(/\[train_v1\.2\] begun/);
    const followed = project.start(['jobs', 'logs', '-f', 'train_v1.2']);
    while (!followed.stdout.includes('begun')) await sleep(20);
    project.write('go', '');
    expect((await followed.ended).stdout).toBe(`${'\ufffd'.repeat(40)}\nbegun\ndone\n`);
    const { code, stderr } = await running.ended;
    expect(code).toBe(0);
    expect(stderr).toContain('[train_v1.2] done');
  });

  it('runs them, tries again, and sums up: 1 when a mandatory one failed', async () => {
    await using project = repository(SCRIPTS);
    const run = await project.ends(1, [
      'scripts',
      '--epochs',
      '2',
      '--retries',
      '1',
      '--report',
      `junit=${join(project.folder, 'r.xml')}`,
      '--report',
      `markdown=${join(project.folder, 'r.md')}`,
    ]);
    expect(run.stderr).toMatch(/\[train_flaky\] .*failed in attempt 1 of 2: exit code 3/);
    expect(run.stderr).toMatch(
      /\[train_bad\] ✗ failed after .*ValueError: no such column: temp \(logs\/train_bad\.log\)/,
    );
    expect(project.read('results/good_results/model.txt')).toBe('trained');
    expect(project.read('logs/train_good.log')).toContain('epochs 2');
    expect(project.read('logs/train_bad.log').match(/ünïcode/g)).toHaveLength(2);
    expect(project.read('logs/train_bad.log')).toContain('== another attempt ==');
    expect(project.read('logs/orchestrator.log')).toContain('[train_good] ✓ succeeded');
    const summary = summaryOf(project);
    expect(statuses(summary)).toEqual({
      train_bad: 'failed',
      train_flaky: 'succeeded',
      train_good: 'succeeded',
    });
    expect(summary).toMatchObject({
      status: 'failed',
      counts: { succeeded: 2, failed: 1 },
      comparison: null,
    });
    expect(summary.jobs.find((job) => job.id === 'train_flaky')).toMatchObject({ attempts: 2, exit_code: 0 });
    expect(summary.jobs.find((job) => job.id === 'train_bad')).toMatchObject({
      attempts: 2,
      exit_code: 1,
      error: 'exit code 1: ValueError: no such column: temp',
      command: ['python3', 'training/train_bad.py'],
    });
    expect(project.read('r.xml')).toContain('failures="1"');
    expect(project.read('r.md')).toContain('| train\\_bad | failed | 2 |');
    // The same names in another terminal, and a project without any config.
    expect((await project.ok(['jobs', 'logs', 'train_good'])).stdout).toContain('epochs 2');

    project.write('training/train_bad.py', 'print("mended")\n');
    const again = await project.ok(['scripts', '--epochs', '7', '--json']);
    expect(TrainingSummary.parse(again.json()).comparison).toMatchObject({
      fixed: ['train_bad'],
      newly_failing: [],
    });
    expect((await project.ok(['jobs', 'logs', 'train_good'])).stdout).toContain('epochs 7');
  });

  it('says at once what cannot be made, before anything is trained', async () => {
    await using project = repository(SCRIPTS);
    project.write('results/good_results', 'a file in the way');
    const refused = await project.ends(2, ['scripts']);
    expect(refused.stderr).toContain('The folder results/good_results cannot be made');
    expect(
      (await project.ends(2, ['scripts', '--only', 'bad', '--report', 'junit=nowhere/r.xml'])).stderr,
    ).toContain('there is no folder');
    expect(project.has('.trainyard')).toBe(false);
  });

  it('ends with 0 for optional failures, and for partial success where that is allowed', async () => {
    await using project = repository(SCRIPTS);
    await project.ok(['scripts', '--only', 'bad', '--mark-discovered-optional']);
    await project.ok(['scripts', '--only', 'bad,good', '--allow-partial-success']);
    await project.ends(1, ['scripts', '--only', 'bad', '--allow-partial-success']);
  });

  it('ends with 2 for what has to be set right, and with 3 when strict discovery finds nothing', async () => {
    await using project = repository(SCRIPTS);
    expect((await project.ends(2, ['scripts', '--only', 'goood'])).stderr).toContain('(near: good');
    expect((await project.ends(2, ['scripts', '--config', 'none.yaml'])).stderr).toContain('no such file');
    expect((await project.ends(2, ['scripts', '--discover-root', 'nowhere'])).stderr).toContain(
      'no such folder',
    );
    expect((await project.ends(2, ['scripts', '--epochs', 'many'])).stderr).toContain('whole number');
    expect((await project.ends(2, ['scripts', '--timeout', '0s'])).stderr).toContain('longer than nothing');
    expect((await project.ends(2, ['scripts', '--python', '/nowhere/python'])).stderr).toContain('--python');
    expect((await project.ends(2, ['scripts', '--gpus-per-job', '2'])).stderr).toContain('--gpus');
    await using empty = TestProject.empty();
    expect((await empty.ends(3, ['scripts', '--strict-discovery'])).stderr).toContain('--include-pattern');
    await empty.ok(['scripts']);
    await empty.ok(['scripts', '--no-default-jobs', '--list']);
  });

  it('runs as many at once as it may, those first that took longest', async () => {
    const timed = (name: string, s: number): string =>
      `import time\nt = time.time()\ntime.sleep(${s})\nopen("${name}.span", "w").write("%f %f" % (t, time.time()))\n`;
    await using project = repository(
      Object.fromEntries(
        [
          ['a', 0.05],
          ['b', 0.4],
          ['c', 1.6],
          ['d', 0.8],
        ].map(([n, s]) => [`train_${n}.py`, timed(String(n), Number(s))]),
      ),
    );
    const spans = (): { name: string; from: number; to: number }[] =>
      ['a', 'b', 'c', 'd'].map((name) => {
        const [from = 0, to = 0] = project.read(`${name}.span`).split(' ').map(Number);
        return { name, from, to };
      });
    const order = (): string =>
      spans()
        .toSorted((x, y) => x.from - y.from)
        .map((x) => x.name)
        .join('');
    const most = (): number =>
      Math.max(...spans().map((x) => spans().filter((y) => y.from <= x.from && y.to > x.from).length));
    await project.ok(['scripts']);
    expect([order(), most()]).toEqual(['abcd', 1]);
    // What was measured has the start of an interpreter in it, which may take any time.
    const store = await openStore(project.state);
    for (const [circuit_id, running_s] of Object.entries({ train_a: 1, train_b: 2, train_d: 3, train_c: 4 }))
      await store.db.updateTable('jobs').set({ running_s }).where('circuit_id', '=', circuit_id).execute();
    await store.close();
    await project.ok(['scripts', '--parallel', '--max-workers', '2']);
    // The first two begin at one moment: which of their interpreters reads the clock first is chance.
    expect([[...order().slice(0, 2)].toSorted().join(''), order().slice(2), most()]).toEqual(['cd', 'ba', 2]);
    await project.ok(['scripts', '--order', 'discovery']);
    expect(order()).toBe('abcd');
  });

  it('hands out GPUs, each to one job at a time', async () => {
    const show = 'import os, time\ntime.sleep(0.3)\nprint("gpu", os.environ.get("CUDA_VISIBLE_DEVICES"))\n';
    await using project = repository({
      'train_a.py': show,
      'train_b.py': `${show}#b`,
      'train_c.py': `${show}#c`,
    });
    await project.ok(['scripts', '--parallel', '--gpus', '0,3']);
    const given = ['a', 'b', 'c'].map((name) => project.read(`logs/train_${name}.log`).trim());
    expect(new Set(given.slice(0, 2))).toEqual(new Set(['gpu 0', 'gpu 3']));
    await project.ok(['scripts', '--parallel', '--gpus', '2', '--gpus-per-job', '2']);
    expect(project.read('logs/train_c.log').trim()).toBe('gpu 0,1');
  });
});

describe('no process of a script is left', () => {
  const left = async (project: TestProject): Promise<readonly number[]> => {
    for (let i = 0; i < 400 && project.processes().length > 0; i++) await sleep(50);
    return project.processes();
  };

  it('after a time limit, and after a memory limit', async () => {
    await using project = repository({
      'train_stubborn.py': STUBBORN,
      'train_hungry.py':
        'import subprocess, sys, time\nsubprocess.Popen([sys.executable, "-c", "x = bytearray(300_000_000); import time; time.sleep(600)"], start_new_session=True)\ntime.sleep(600)\n',
    });
    await project.ends(1, ['scripts', '--only', 'stubborn', '--timeout', '1s']);
    expect(await left(project)).toEqual([]);
    await project.ends(1, ['scripts', '--only', 'hungry', '--jobs-memory-limit', '200M']);
    expect(await left(project)).toEqual([]);
    const [timed, hungry] = summaries(project).map((name) => summaryOf(project, name));
    expect(timed?.jobs[0]?.error).toContain('time limit');
    expect(hungry?.jobs[0]?.error).toMatch(/^ended: \d+ MiB in use, the limit is 200 MiB/);
  });

  it('after a script that ended well and left a daemon behind, beside another that still runs', async () => {
    await using project = repository({
      'train_daemon.py':
        'import os, subprocess, sys\nif os.fork() == 0:\n    os.setsid()\n    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)\n    os._exit(0)\nprint("ended well")\n',
      'train_other.py': 'import time; time.sleep(1)\n',
    });
    await project.ok(['scripts', '--parallel']);
    expect(await left(project)).toEqual([]);
  });

  it('after Ctrl-C, and what had succeeded is not run again by --resume', async () => {
    await using project = repository({ 'train_a.py': 'print("once")\n', 'train_stubborn.py': STUBBORN });
    const { code, screen } = await inTerminal(
      project.folder,
      ['scripts'],
      [['train_stubborn[\\s\\S]* up', CTRL_C]],
    );
    expect(code, screen).toBe(130);
    expect(screen).toContain('Stopping: nothing more is started');
    expect(await left(project)).toEqual([]);
    expect(statuses(summaryOf(project))).toEqual({ train_a: 'succeeded', train_stubborn: 'canceled' });
    project.write('train_stubborn.py', 'print("tame")\n');
    const resumed = await project.ok(['scripts', '--resume']);
    expect(resumed.stderr).toContain('Taken over from the interrupted run: train_a.');
    expect(statuses(summaryOf(project))).toEqual({ train_a: 'resumed', train_stubborn: 'succeeded' });
    // That run was not interrupted: there is nothing to take over.
    await project.ok(['scripts', '--resume']);
    expect(statuses(summaryOf(project))).toEqual({ train_a: 'succeeded', train_stubborn: 'succeeded' });
  });

  it('after a second Ctrl-C, without waiting for one that will not end', async () => {
    await using project = repository({
      'train_deaf.py': `import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n${STUBBORN}`,
    });
    const { code, screen } = await inTerminal(
      project.folder,
      ['scripts'],
      [
        ['train_deaf[\\s\\S]* up', CTRL_C],
        ['Stopping: ', CTRL_C],
      ],
    );
    expect(code, screen).toBe(130);
    expect(await left(project)).toEqual([]);
  });

  it('after the orchestrator itself was killed', async () => {
    await using project = repository({ 'train_a.py': 'print("once")\n', 'train_stubborn.py': STUBBORN });
    const running = project.start(['scripts']);
    for (
      let i = 0;
      i < 800 &&
      !(
        existsSync(project.path('logs/train_stubborn.log')) &&
        readFileSync(project.path('logs/train_stubborn.log'), 'utf8').includes('up')
      );
      i++
    )
      await sleep(50);
    running.kill('SIGKILL');
    await running.ended;
    expect(await left(project)).toEqual([]);
    project.write('train_stubborn.py', 'print("tame")\n');
    const resumed = await project.ok(['scripts', '--resume']);
    expect(resumed.stderr).toContain('was interrupted');
    expect(statuses(summaryOf(project))).toEqual({ train_a: 'resumed', train_stubborn: 'succeeded' });
  });
});
