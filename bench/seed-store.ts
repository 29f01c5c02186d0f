/**
 * A project with a long past: 10,000 circuits, 1,000 runs, 1,000,000 jobs with their attempts, plans, model versions,
 * promotions, approvals, events and record. Made by bulk SQL in a minute or two, and kept in the temporary folder for as
 * long as neither the schema nor this file changes: `node bench/seed-store.ts` prints where.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { planProject } from '../src/actions/index.ts';
import { openProject } from '../src/app.ts';
import { freeze } from '../src/fleet/index.ts';
import { migrations } from '../src/store/migrations/index.ts';
import { writeProject } from './project.ts';
import { SEED_STEPS } from './seed-steps.ts';

export const CIRCUITS = 10_000;
export const RUNS = 1000;
export const JOBS = 1_000_000;
/** Subjects of the request that waits. */
export const SUBJECTS = 5000;

const END_MS = Date.UTC(2026, 10, 28);
const RUN_EVERY_MS = 12 * 3_600_000;

/** The folder of the project, made now where it is not there yet. */
export async function seededProject(say: (line: string) => void = () => undefined): Promise<string> {
  const folder = join(tmpdir(), `trainyard-seeded-${fingerprint()}`);
  const done = join(folder, 'seeded');
  if (existsSync(done)) return folder;
  const began = performance.now();
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeProject(folder, { circuits: CIRCUITS, provider: 'simulated' });
  const circuits = await plannedCircuits(folder);
  fill(join(folder, '.trainyard', 'trainyard.db'), circuits, say);
  await writeFile(done, `${Math.round((performance.now() - began) / 1000)} s\n`);
  return folder;
}

function fingerprint(): string {
  const hash = createHash('sha256');
  for (const { sql } of migrations) hash.update(sql);
  for (const file of ['seed-store.ts', 'seed-steps.ts', 'project.ts'])
    hash.update(readFileSync(join(import.meta.dirname, file)));
  return hash.digest('hex').slice(0, 10);
}

interface SeededCircuit {
  readonly id: string;
  readonly model_name: string;
  readonly training_hash: string;
  readonly inputs_digest: string;
  readonly settings: string;
}

/** What a plan freezes of each circuit: with these hashes the newest models are good. */
async function plannedCircuits(folder: string): Promise<SeededCircuit[]> {
  const project = await openProject({ folder, mode: 'write', env: {} });
  try {
    const { plan } = await planProject(project, {
      circuits: [],
      detection: 'hash',
      base_ref: null,
      if_changed: false,
      include_failed: false,
      allow_wide: null,
    });
    return [...plan.pinned].map(([id, pinned]) => ({
      id,
      model_name: pinned.circuit.model_name,
      training_hash: pinned.training_hash,
      inputs_digest: pinned.inputs_digest,
      settings: freeze(pinned),
    }));
  } finally {
    await project.close();
  }
}

function fill(path: string, circuits: readonly SeededCircuit[], say: (line: string) => void): void {
  const db = new DatabaseSync(path);
  // Nobody else is here, and a store that breaks off is made anew.
  db.exec('pragma journal_mode = off; pragma synchronous = off; pragma foreign_keys = off');
  db.exec('pragma cache_size = -400000; pragma temp_store = memory');
  db.function('ident', { deterministic: true }, (prefix, ms, n) =>
    identOf(String(prefix), Number(ms), Number(n)),
  );
  const indexes = db
    .prepare(`select name, sql from sqlite_master where type = 'index' and sql is not null`)
    .all();
  for (const { name } of indexes) db.exec(`drop index "${String(name)}"`);
  db.exec('begin');
  fillCircuits(db, circuits);
  fillRuns(db);
  for (const { what, sql } of SEED_STEPS) {
    const began = performance.now();
    db.exec(sql);
    say(`${what}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
  }
  db.exec('commit');
  const began = performance.now();
  for (const { sql } of indexes) db.exec(String(sql));
  say(`indexes: ${((performance.now() - began) / 1000).toFixed(1)} s`);
  const jobs = Number(db.prepare('select count(*) as n from jobs').get()?.['n']);
  if (jobs !== JOBS) throw new Error(`The store was seeded with ${jobs} jobs instead of ${JOBS}.`);
  db.exec('pragma journal_mode = wal');
  db.close();
}

function fillCircuits(db: DatabaseSync, circuits: readonly SeededCircuit[]): void {
  db.exec(
    'create temp table c (i integer primary key, id text, model text, hash text, digest text, settings text)',
  );
  const insert = db.prepare('insert into c values (?, ?, ?, ?, ?, ?)');
  for (const [i, c] of circuits.entries())
    insert.run(i, c.id, c.model_name, c.training_hash, c.inputs_digest, c.settings);
}

/** As if retention had never been through: all that it removed has its files again, as far as the rows know. */
export function forgetRetention(folder: string): void {
  const db = new DatabaseSync(join(folder, '.trainyard', 'trainyard.db'), { timeout: 10_000 });
  db.exec(`begin;
    update model_versions set files_removed_at = null where files_removed_at is not null;
    delete from meta where key in ('pruned_at', 'prune_last');
    commit; pragma wal_checkpoint(truncate);`);
  db.close();
}

/** Whether it has been through. */
export function retentionPassed(folder: string): boolean {
  const db = new DatabaseSync(join(folder, '.trainyard', 'trainyard.db'), {
    readOnly: true,
    timeout: 10_000,
  });
  try {
    return db.prepare(`select 1 from meta where key = 'pruned_at'`).get() !== undefined;
  } finally {
    db.close();
  }
}

/** Of ten runs each takes another tenth of the fleet; nine were canceled before they began; the newest takes all of it. */
function fillRuns(db: DatabaseSync): void {
  db.exec('create temp table r (n integer primary key, id text, ms integer, kind text)');
  const insert = db.prepare('insert into r values (?, ?, ?, ?)');
  for (let n = 1; n <= RUNS; n++) {
    const ms = END_MS - (RUNS - n) * RUN_EVERY_MS;
    const kind = n === RUNS ? 'whole' : n > RUNS - 10 ? 'canceled' : 'tenth';
    insert.run(n, identOf('run', ms, 0), ms, kind);
  }
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** As `newId` writes them, without chance: time, then a number that counts on. */
function identOf(prefix: string, ms: number, n: number): string {
  return `${prefix}_${digits(Math.floor(ms / 256), 8)}${digits(n, 4)}seeds`;
}

function digits(value: number, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest = Math.floor(rest / 32))
    text = ALPHABET.charAt(rest % 32) + text;
  return text;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.stdout.write(`${await seededProject((line) => process.stderr.write(`${line}\n`))}\n`);
