/** What a run left behind, told by everyone who keeps books: the provider, the registries, the rows, the files. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/kernel/clock.ts';
import { sha256 } from '../../src/kernel/digest.ts';
import { ARTIFACTS } from '../../src/pipelines/index.ts';
import type { ArtifactName } from '../../src/pipelines/index.ts';
import { embeddedRegistry } from '../../src/registry/index.ts';
import type { RegistryName } from '../../src/registry/index.ts';
import { verifyAudit } from '../../src/store/index.ts';
import type { Store } from '../../src/store/index.ts';
import type { TestProject } from './project.ts';

export interface RunFacts {
  readonly runs: readonly string[];
  /** Stages that are neither succeeded, failed, skipped nor canceled. */
  readonly open_stages: readonly string[];
  readonly stages: Readonly<Record<string, string>>;
  /** How many original jobs each circuit has. */
  readonly originals: Readonly<Record<string, number>>;
  readonly retries: readonly string[];
  readonly job_statuses: Readonly<Record<string, number>>;
  /** Keys of attempts that our rows name. */
  readonly attempts: readonly string[];
  readonly models: Readonly<Record<'dev' | 'shared', readonly string[]>>;
  /** Jobs that succeeded and do not have exactly one version. */
  readonly jobs_without_one_version: readonly string[];
  /** Stored model files that are missing or changed. */
  readonly damaged: readonly string[];
  readonly approvals: readonly string[];
  readonly votes: number;
  readonly children: Readonly<Record<string, number>>;
  readonly artifacts: readonly string[];
  /** How often each of these events was written, by what it is about. */
  readonly repeated_events: readonly string[];
  readonly event_counts: Readonly<Record<string, number>>;
  /** Files that somebody began and did not finish. */
  readonly leftovers: readonly string[];
  readonly holders: number;
  /** `whole`, or what is wrong with the audit record: broken, or without something that happened. */
  readonly audit: string;
}

export function runFacts(project: TestProject): Promise<RunFacts> {
  return project.rows(async (store) => {
    const { db } = store;
    const runs = await db.selectFrom('runs').selectAll().orderBy('number').execute();
    const stages = await db.selectFrom('stages').selectAll().orderBy('run_id').orderBy('position').execute();
    const jobs = await db.selectFrom('jobs').selectAll().orderBy('name').execute();
    const approvals = await db.selectFrom('approvals').selectAll().orderBy('stage').execute();
    const attempts = await db.selectFrom('attempts').select('key').orderBy('key').execute();
    const events = await db.selectFrom('events').selectAll().execute();
    const versions = await db
      .selectFrom('model_versions')
      .selectAll()
      .orderBy('model_name')
      .orderBy('version')
      .execute();
    const of = (registry: RegistryName): string[] =>
      versions.filter((v) => v.registry === registry).map((v) => `${v.model_name}:${v.version}`);
    const once = events.filter((e) => ONCE.includes(e.type)).map((e) => `${e.type} ${e.message}`);
    return {
      runs: runs.filter((r) => r.parent_run_id === null).map((r) => `${r.number} ${r.status}`),
      open_stages: stages
        .filter((s) => ['pending', 'running', 'waiting'].includes(s.status))
        .map((s) => s.name),
      stages: Object.fromEntries(stages.map((s) => [s.name, s.status])),
      originals: count(jobs.filter((j) => j.retry === 0).map((j) => j.circuit_id)),
      retries: jobs.filter((j) => j.retry === 1).map((j) => j.circuit_id),
      job_statuses: count(jobs.map((j) => j.status)),
      attempts: attempts.map((a) => a.key),
      models: { dev: of('dev'), shared: of('shared') },
      jobs_without_one_version: jobs
        .filter(
          (j) =>
            j.status === 'succeeded' &&
            versions.filter((v) => v.registry === 'dev' && v.job_id === j.id).length !== 1,
        )
        .map((j) => j.name),
      damaged: await damagedFiles(store, versions),
      approvals: approvals.map((a) => `${a.stage} ${a.status}`),
      votes: (await db.selectFrom('approval_votes').select('voter').execute()).length,
      children: count(runs.filter((r) => r.parent_run_id !== null).map((r) => r.status)),
      artifacts: await checkedArtifacts(store),
      repeated_events: once.filter((e, i) => once.indexOf(e) !== i),
      event_counts: count(events.filter((e) => ONCE.includes(e.type)).map((e) => e.type)),
      leftovers: files(store.folder).filter((f) => f.endsWith('.tmp') || f.includes('/incoming/')),
      audit: await auditOf(store, events),
      holders: (await db.selectFrom('workers').select('id').execute()).length,
    };
  });
}

/** The chain holds, and each event that somebody answers for stands in it once. */
async function auditOf(
  store: Store,
  events: readonly { type: string; message: string; actor: string | null }[],
) {
  const verdict = await verifyAudit(store.db);
  if (!verdict.ok) return verdict.problem;
  const audited = (await store.db.selectFrom('audit').selectAll().execute()).map(
    (e) => `${e.type} ${e.message}`,
  );
  const expected = events
    .filter((e) => e.actor !== null || ONCE_AUDITED.includes(e.type))
    .map((e) => `${e.type} ${e.message}`);
  const missing = expected.filter((e) => !audited.includes(e));
  if (missing.length > 0) return `not on record: ${missing.join(', ')}`;
  return 'whole';
}

const ONCE_AUDITED = [
  'model.registered',
  'model.promoted',
  'environment.shared',
  'run.succeeded',
  'approval.decided',
];

/** Events that tell of one thing that happens once. */
const ONCE = [
  'run.started',
  'training.started',
  'training.retried',
  'model.registered',
  'model.promoted',
  'environment.registered',
  'environment.shared',
  'component.registered',
  'approval.requested',
  'run.succeeded',
];

async function damagedFiles(
  store: Store,
  versions: readonly { registry: string; model_name: string; version: number }[],
): Promise<string[]> {
  const damaged: string[] = [];
  for (const registry of ['dev', 'shared'] as const) {
    const reader = embeddedRegistry({ store, registry, clock: systemClock });
    for (const { model_name, version } of versions.filter((v) => v.registry === registry)) {
      damaged.push(...(await reader.verify(model_name, version)).map((problem) => JSON.stringify(problem)));
    }
  }
  return damaged;
}

/** Names of the artifacts whose file is whole, has the digest of its row and the shape that is published. */
async function checkedArtifacts(store: Store): Promise<string[]> {
  const rows = await store.db.selectFrom('artifacts').selectAll().orderBy('name').execute();
  for (const row of rows) {
    const text = readFileSync(join(store.folder, row.path), 'utf8');
    if (sha256(text) !== row.sha256) throw new Error(`${row.path} is not what its row says`);
    ARTIFACTS[row.name as ArtifactName].parse(JSON.parse(text)); // the parse fails for a name that is none
  }
  return rows.map((r) => r.name);
}

const count = (words: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
};

const files = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`);
