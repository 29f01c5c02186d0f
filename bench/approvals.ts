import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { figure } from './figures.ts';
import type { SuiteResult } from './figures.ts';
import type { Tools } from './machine.ts';
import { TRAINYARD, measure, median } from './measure.ts';
import { newScratch, writeProject } from './project.ts';

const CIRCUITS = 5000;

/**
 * One act that approves 5,000 models, as a whole process up to the verdicts on record, against the floor: the one UPDATE of
 * these rows in the same database, committed. Then what follows from it: all of them shared.
 */
export async function benchApprovals(tools: Tools, quick: boolean): Promise<SuiteResult> {
  const acts: number[] = [];
  const floors: number[] = [];
  const promotions: number[] = [];
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    const folder = await newScratch();
    await writeProject(folder, { circuits: CIRCUITS, provider: 'simulated' });
    const at = ['--project', folder];
    await measure(tools.python, [...TRAINYARD, 'run', ...at], { cwd: folder, allowed: [11] });
    const path = join(folder, '.trainyard', 'trainyard.db');
    floors.push(floorOf(path, join(folder, 'floor.db')));
    for (const id of waitingRequests(path)) {
      const act = await measure(tools.python, [...TRAINYARD, 'approve', id, '--no-wait', ...at], {
        cwd: folder,
      });
      if (act.stdout.includes(`${CIRCUITS} approved`)) acts.push(act.wall_s);
    }
    const rest = await measure(tools.python, [...TRAINYARD, 'run', '--resume', ...at], { cwd: folder });
    promotions.push(rest.wall_s);
    if (promoted(path) !== CIRCUITS) throw new Error(`Only ${promoted(path)} of ${CIRCUITS} were promoted.`);
  }
  return {
    suite: 'approvals',
    figures: [
      figure('5,000 circuits approved in one act: time', median(acts), 's', '<', 1),
      figure('5,000 circuits: one UPDATE of the rows, the floor', median(floors), 's'),
      figure('5,000 circuits: promoted after that', median(promotions), 's'),
    ],
    notes: [],
    rounds: { 'act, s': acts, 'floor, s': floors },
  };
}

function waitingRequests(path: string): string[] {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return db
      .prepare(`select id from approvals where status = 'waiting' order by id`)
      .all()
      .map((r) => String(r['id']));
  } finally {
    db.close();
  }
}

function floorOf(path: string, copy: string): number {
  copyFileSync(path, copy);
  const db = new DatabaseSync(copy);
  try {
    db.exec('pragma synchronous = full');
    const begin = performance.now();
    db.exec(`update approval_subjects set verdict = 'approve'`);
    return (performance.now() - begin) / 1000;
  } finally {
    db.close();
  }
}

function promoted(path: string): number {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return Number(
      db.prepare(`select count(*) as n from model_versions where registry = 'shared'`).get()?.['n'],
    );
  } finally {
    db.close();
  }
}
