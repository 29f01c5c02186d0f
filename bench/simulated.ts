import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { figure } from './figures.ts';
import type { SuiteResult } from './figures.ts';
import type { Tools } from './machine.ts';
import { TRAINYARD, measure, median } from './measure.ts';
import type { Taken } from './measure.ts';
import { newScratch, writeProject } from './project.ts';

const CIRCUITS = 10_000;

/** 10,000 circuits through the whole pipeline: planned, submitted, watched, registered, approved, promoted. */
export async function benchSimulated(tools: Tools, quick: boolean): Promise<SuiteResult> {
  const taken: (Taken & { database_mib: number; stages: Record<string, number> })[] = [];
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    const folder = await newScratch();
    await writeProject(folder, { circuits: CIRCUITS, provider: 'simulated' });
    const flags = ['run', '--approve', 'all', '--project', folder];
    const whole = await measure(tools.python, [...TRAINYARD, ...flags], { cwd: folder });
    taken.push({ ...whole, ...recorded(join(folder, '.trainyard', 'trainyard.db')) });
  }
  const middle = (pick: (t: (typeof taken)[number]) => number): number => median(taken.map(pick));
  const stages = Object.keys(taken[0]?.stages ?? {});
  return {
    suite: 'simulated',
    figures: [
      figure(
        '10,000 circuits: time',
        middle((t) => t.wall_s),
        's',
        '<',
        15,
      ),
      figure(
        '10,000 circuits: CPU',
        middle((t) => t.cpu_s),
        's',
      ),
      figure(
        '10,000 circuits: peak memory',
        middle((t) => t.peak_rss_mib),
        'MiB',
        '<',
        300,
      ),
      figure(
        '10,000 circuits: database',
        middle((t) => t.database_mib),
        'MiB',
      ),
      ...stages.map((stage) =>
        figure(
          `10,000 circuits: ${stage}`,
          middle((t) => t.stages[stage] ?? 0),
          's',
        ),
      ),
    ],
    notes: [],
    rounds: { 'whole process, s': taken.map((t) => t.wall_s) },
  };
}

/** What the run left in its store; everything must have been promoted. */
function recorded(path: string): { database_mib: number; stages: Record<string, number> } {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const shared = db.prepare(`select count(*) as n from model_versions where registry = 'shared'`).get()?.[
      'n'
    ];
    if (shared !== CIRCUITS) throw new Error(`Only ${String(shared)} of ${CIRCUITS} models were promoted.`);
    const rows = db
      .prepare(`select name, started_at, ended_at from stages where started_at is not null order by position`)
      .all();
    const stages: Record<string, number> = {};
    for (const row of rows) {
      const took = (Date.parse(String(row['ended_at'])) - Date.parse(String(row['started_at']))) / 1000;
      if (took >= 0.1) stages[String(row['name'])] = took;
    }
    return { database_mib: statSync(path).size / 2 ** 20, stages };
  } finally {
    db.close();
  }
}
