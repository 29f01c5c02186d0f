import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sha256 } from '../src/kernel/digest.ts';
import { openStore } from '../src/store/index.ts';
import { figure } from './figures.ts';
import type { SuiteResult } from './figures.ts';
import type { Tools } from './machine.ts';
import { TRAINYARD, measure } from './measure.ts';
import type { Taken } from './measure.ts';
import { newScratch, writeProject } from './project.ts';

const DAY = 86_400_000;
/** Of each circuit's versions one stands in the shared registry. */
const PROMOTED = 10;

/** What retention takes for a fleet that was trained twenty times, and how long others wait for the database meanwhile. */
export async function benchPrune({ python }: Tools, quick: boolean): Promise<SuiteResult> {
  const [circuits, versions] = [quick ? 1000 : 10_000, 20];
  // What the file system takes for the same files, with nothing else to do.
  const plain = await newScratch();
  await fill(plain, circuits, 1, versions);
  execFileSync('sync');
  const rm = await measure(python, ['rm', '-rf', join(plain, '.trainyard', 'registries')], { cwd: plain });
  const folder = await newScratch();
  await writeProject(folder, { circuits: 1 });
  await fill(folder, circuits, 1, versions);
  execFileSync('sync');
  const dry = await prune(python, folder, ['--dry-run']);
  const waited = watchLock(join(folder, '.trainyard', 'trainyard.db'));
  const real = await prune(python, folder, []);
  const waits = await waited();
  const again = await prune(python, folder, []);
  // The day after: every circuit was trained once more.
  await fill(folder, circuits, versions + 1, versions + 1);
  const next = await prune(python, folder, []);
  // Of twenty versions the newest is good and one was promoted.
  const expected = circuits * (versions - 2);
  if (dry.count !== expected || real.count !== expected || again.count !== 0 || next.count !== circuits)
    throw new Error(
      `Not ${expected} versions: ${dry.count}, ${real.count}, then ${again.count} and ${next.count}.`,
    );
  const size = `${circuits.toLocaleString('en')} circuits × ${versions} versions`;
  return {
    suite: 'prune',
    figures: [
      figure(`${size}: dry run`, dry.taken.wall_s, 's'),
      figure(`${size}: removed, leaving room for others`, real.taken.wall_s, 's'),
      figure(`${size}: CPU of that`, real.taken.cpu_s, 's', '<', 30),
      figure(`${size}: rm -rf of as many files`, rm.wall_s, 's'),
      figure(`${size}: peak memory`, real.taken.peak_rss_mib, 'MiB', '<', 300),
      figure('longest wait of another writer meanwhile', Math.max(...waits), 'ms', '<', 500),
      figure('once more, with nothing left to remove', again.taken.wall_s, 's', '<', 5),
      figure(
        `a day later, ${circuits.toLocaleString('en')} more versions: removed`,
        next.taken.wall_s,
        's',
        '<',
        15,
      ),
    ],
    notes: [],
    rounds: { 'wait of another writer, ms': waits.toSorted((a, b) => b - a).slice(0, 50) },
  };
}

async function prune(
  python: string,
  folder: string,
  flags: readonly string[],
): Promise<{ taken: Taken; count: number }> {
  const taken = await measure(python, [...TRAINYARD, 'prune', '--json', ...flags], { cwd: folder });
  const report = JSON.parse(taken.stdout) as { removed: { model: { count: number } } };
  return { taken, count: report.removed.model.count };
}

/** Rows and files as registration leaves them: a model of its own for every version, and a file that all share. */
async function fill(folder: string, circuits: number, first: number, last: number): Promise<void> {
  const store = await openStore(join(folder, '.trainyard'));
  await store.close();
  const objects = join(folder, '.trainyard', 'registries', 'dev', 'objects');
  const put = (content: string): { sha256: string; size: number } => {
    const digest = sha256(content);
    mkdirSync(join(objects, digest.slice(0, 2)), { recursive: true });
    writeFileSync(join(objects, digest.slice(0, 2), digest.slice(2)), content);
    return { sha256: digest, size: content.length };
  };
  const common = { path: 'metrics.json', ...put('{}') };
  const db = new DatabaseSync(join(folder, '.trainyard', 'trainyard.db'));
  const insert = db.prepare(
    `insert into model_versions (registry, model_name, version, circuit_id, digest, files, tags, metrics, settings, job_id,
     job_name, run_id, training_hash, inputs_digest, created_at) values (?, ?, ?, ?, 'd', ?, '{}', '{"mae":1.5}', ?, ?, ?, ?, 'h', '', ?)`,
  );
  const settings = JSON.stringify({ filler: 'x'.repeat(600) });
  const now = Date.now();
  db.exec('begin');
  // Run by run, as they come.
  for (let v = first; v <= last; v++) {
    const at = new Date(now - (50 - v) * 60 * DAY).toISOString();
    for (let c = 0; c < circuits; c++) {
      const id = `plant_${String(c).padStart(5, '0')}`;
      const files = JSON.stringify([common, { path: 'model.json', ...put(`${id} ${v}`) }]);
      const job = `${id}_${v}`;
      insert.run('dev', id, v, id, files, settings, job, job, `run_${v}`, at);
      if (v === PROMOTED) insert.run('shared', id, v, id, files, settings, job, job, `run_${v}`, at);
    }
  }
  db.exec('commit');
  db.close();
}

/** Writes all the time from another process; returns how long each had to wait, in ms. */
function watchLock(path: string): () => Promise<number[]> {
  const script = `
    const { DatabaseSync } = require('node:sqlite');
    const db = new DatabaseSync(${JSON.stringify(path)}, { timeout: 10000 });
    const waits = [];
    let on = true;
    process.stdin.on('data', () => { on = false; });
    const look = () => {
      const from = performance.now();
      db.exec('begin immediate');
      waits.push(performance.now() - from);
      db.exec('rollback');
      if (on) setTimeout(look, 5);
      else process.stdout.write(JSON.stringify(waits), () => process.exit());
    };
    look();`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return () =>
    new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', () => {
        if (text === '') reject(new Error('The other writer gave up.'));
        else resolve(JSON.parse(text) as number[]);
      });
      child.stdin.write('stop\n');
    });
}
