import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { figure } from './figures.ts';
import type { Figure, SuiteResult } from './figures.ts';
import type { Tools } from './machine.ts';
import { TRAINYARD, interleaved, measure, median } from './measure.ts';
import type { Taken } from './measure.ts';
import { newScratch, writeProject } from './project.ts';

const JOBS = 1000;
const WORKERS = 2;

/** 1,000 jobs on 2 workers: `trainyard run` with the local provider against xargs and GNU parallel. */
export async function benchJobs(tools: Tools, quick: boolean): Promise<SuiteResult> {
  const notes: string[] = [
    'ours: from the start of SubmitTraining to the end of MonitorTraining, that is from the first row to the last outcome, log and usage on record.',
  ];
  if (tools.xargs === null) notes.push('xargs is not installed: nothing to compare with.');
  if (tools.parallel === null)
    notes.push('GNU parallel is not installed (Debian package `parallel`): not compared with.');
  const python = await commandOf(tools, [tools.python, '-S', '-c', 'pass'], quick ? 2 : 5);
  const nothing = await commandOf(tools, [tools.true], quick ? 2 : 5);

  const figures: Figure[] = [
    figure('python3 -S -c pass: trainyard', python.ours, 's'),
    figure('python3 -S -c pass: trainyard, whole process', python.whole, 's'),
  ];
  if (python.xargs !== null) {
    figures.push(
      figure('python3 -S -c pass: xargs -P2', python.xargs, 's'),
      figure('python3 -S -c pass: trainyard / xargs', python.ours / python.xargs, '×', '<=', 1.25),
    );
  }
  if (python.parallel !== null) {
    figures.push(
      figure('python3 -S -c pass: GNU parallel -j2', python.parallel, 's'),
      figure(
        'python3 -S -c pass: times as fast as GNU parallel',
        python.parallel / python.ours,
        '×',
        '>=',
        1.5,
      ),
    );
  }
  figures.push(
    figure('true: trainyard', nothing.ours, 's'),
    ...(nothing.xargs === null ? [] : [figure('true: xargs -P2', nothing.xargs, 's')]),
    ...(nothing.parallel === null ? [] : [figure('true: GNU parallel -j2', nothing.parallel, 's')]),
    figure('true: overhead per job', (nothing.ours / JOBS) * 1000, 'ms', '<', 5),
    figure('true: overhead per job and worker', ((nothing.ours * WORKERS) / JOBS) * 1000, 'ms'),
  );
  return { suite: 'jobs', figures, notes, rounds: { ...python.rounds, ...nothing.rounds } };
}

interface Compared {
  readonly ours: number;
  readonly whole: number;
  readonly xargs: number | null;
  readonly parallel: number | null;
  readonly rounds: Record<string, readonly number[]>;
}

async function commandOf(tools: Tools, command: readonly string[], count: number): Promise<Compared> {
  const folder = await newScratch();
  const template = join(folder, 'template');
  await writeProject(template, { circuits: JOBS, command: command.join(' ') });
  const numbers = `for (( i = 0; i < ${JOBS}; i++ )); do echo $i; done`;
  const piped = (rest: readonly string[]) =>
    measure(tools.python, ['bash', '-c', `${numbers} | "$@"`, 'bash', ...rest], { cwd: folder });
  const { xargs, parallel } = tools;
  const taken = await interleaved<Trained>(count, {
    ours: (round) => trainAll(tools, template, join(folder, `round-${round}`)),
    // Every job gets a number as one more argument, which both commands pass over.
    ...(xargs === null
      ? {}
      : { xargs: async () => timed(await piped([xargs, `-P${WORKERS}`, '-n1', ...command])) }),
    ...(parallel === null
      ? {}
      : { parallel: async () => timed(await piped([parallel, `-j${WORKERS}`, ...command])) }),
  });
  const label = command.length > 1 ? 'python3 -S -c pass' : 'true';
  const times = (name: string): number[] => (taken.get(name) ?? []).map((t) => t.training_s);
  return {
    ours: median(times('ours')),
    whole: median((taken.get('ours') ?? []).map((t) => t.whole_s)),
    xargs: xargs === null ? null : median(times('xargs')),
    parallel: parallel === null ? null : median(times('parallel')),
    rounds: {
      [`${label}: trainyard, s`]: times('ours'),
      [`${label}: xargs, s`]: times('xargs'),
      [`${label}: GNU parallel, s`]: times('parallel'),
    },
  };
}

interface Trained {
  readonly training_s: number;
  readonly whole_s: number;
}

const timed = ({ wall_s }: Taken): Trained => ({ training_s: wall_s, whole_s: wall_s });

/**
 * One run on a fresh copy of the project. The jobs write no model, so each ends as failed for that reason, with all
 * that a failure keeps; as a pull-request run, so that no gate holds it.
 */
async function trainAll(tools: Tools, template: string, project: string): Promise<Trained> {
  await cp(template, project, { recursive: true });
  const command = [
    ...TRAINYARD,
    'run',
    '--pr',
    '--provider',
    'local',
    '--max-workers',
    String(WORKERS),
    '--project',
    project,
  ];
  const whole = await measure(tools.python, command, { cwd: project, allowed: [9] });
  const db = new DatabaseSync(join(project, '.trainyard', 'trainyard.db'), { readOnly: true });
  try {
    const recorded = db
      .prepare(
        `select count(*) as n from attempts where exit_code = 0 and cpu_s is not null and peak_memory_mib is not null`,
      )
      .get();
    if (recorded?.['n'] !== JOBS)
      throw new Error(`Only ${String(recorded?.['n'])} of ${JOBS} jobs are on record with their usage.`);
    const at = (column: string, stage: string): number =>
      Date.parse(String(db.prepare(`select ${column} as at from stages where name = ?`).get(stage)?.['at']));
    return {
      training_s: (at('ended_at', 'MonitorTraining') - at('started_at', 'SubmitTraining')) / 1000,
      whole_s: whole.wall_s,
    };
  } finally {
    db.close();
  }
}
