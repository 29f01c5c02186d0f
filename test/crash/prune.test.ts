import { cpSync, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { embeddedRegistry } from '../../src/registry/index.ts';
import { TestProject } from '../helpers/project.ts';
import type { Ended } from '../helpers/trainyard.ts';
import { twoAtOnce } from '../helpers/two-at-once.ts';
import { PRUNE_POINTS } from './points.ts';

/** Everything that is over is old. */
const SETTINGS = 'retention: {models: 1ms, logs: 1ms, runs: 1ms}\n';

/**
 * A project on this machine with something of everything: a run whose models were promoted, two whose models were not,
 * and data that changed in between.
 */
async function grown(): Promise<TestProject> {
  const project = TestProject.create({
    circuits: ['kiln_1', 'kiln_2'],
    provider: 'local',
    settings: SETTINGS,
  });
  await project.trained();
  for (const lr of [0.2, 0.3]) {
    project.change('kiln_1', lr);
    project.change('kiln_2', lr);
    project.write('data/readings.csv', `day,value\n2026-01-01,${lr}\n`);
    await project.ends(11, ['run', '--approve', 'training-retry']);
    await project.trainyard(['runs', 'cancel', String(lr * 10)]);
  }
  project.change('kiln_1', 0.4);
  project.change('kiln_2', 0.4);
  await project.trained();
  return project;
}

interface Facts {
  readonly runs: readonly string[];
  readonly versions: readonly string[];
  readonly files: readonly string[];
}

/** What the rows say, and what lies there. */
const factsOf = (project: TestProject): Promise<Facts> =>
  project.rows(async ({ db }) => ({
    runs: (await db.selectFrom('runs').select(['number', 'parent_run_id']).orderBy('number').execute()).map(
      (r) => `${r.number} ${r.parent_run_id === null}`,
    ),
    versions: (
      await db
        .selectFrom('model_versions')
        .selectAll()
        .orderBy('registry')
        .orderBy('model_name')
        .orderBy('version')
        .execute()
    ).map(
      (v) =>
        `${v.registry} ${v.model_name}:${v.version} ${v.files_removed_at === null ? 'whole' : 'no files'}`,
    ),
    files: ['registries', 'jobs', 'launchers', 'runs', 'assets', 'trash'].flatMap((folder) =>
      below(project, folder),
    ),
  }));

/** Names of files, those of journals and folders left out: processes come and go. */
function below(project: TestProject, folder: string): string[] {
  const path = join(project.state, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(path, name)).isFile() && folder !== 'launchers')
    .map((name) => `${folder}/${name}`)
    .toSorted();
}

/** Files that rows name and that are missing. */
const missingOf = (project: TestProject): Promise<string[]> =>
  project.rows(async (store) => {
    const missing: string[] = [];
    for (const registry of ['dev', 'shared'] as const) {
      const reader = embeddedRegistry({ store, registry, clock: systemClock });
      for (const { model_name, version, files_removed_at } of (await reader.list({ limit: 100 })).items)
        if (files_removed_at === null)
          missing.push(
            ...(await reader.verify(model_name, version)).map(
              (p) => `${registry} ${model_name}:${version} ${p.path}`,
            ),
          );
    }
    const artifacts = await store.db
      .selectFrom('artifacts')
      .select('path')
      .where('run_id', 'not in', (e) =>
        e.selectFrom('run_retention').select('run_id').where('removing_at', 'is not', null),
      )
      .execute();
    missing.push(...artifacts.map((a) => a.path).filter((path) => !existsSync(join(project.state, path))));
    const data = await store.db
      .selectFrom('assets')
      .select(['name', 'digest'])
      .where('kind', '=', 'data')
      .execute();
    missing.push(
      ...data.filter((a) => !existsSync(join(project.state, 'assets/data', a.digest))).map((a) => a.name),
    );
    return missing;
  });

interface Outcome {
  readonly killed: Ended;
  readonly missing: readonly string[];
  readonly again: Ended;
  readonly facts: Facts;
  readonly left: readonly string[];
}

describe('retention that is killed and called again', () => {
  const outcomes = new Map<string, Outcome>();
  const used: TestProject[] = [];
  let whole: Facts;

  const copyOf = (base: TestProject): TestProject => {
    const project = TestProject.empty();
    used.push(project);
    cpSync(base.folder, project.folder, { recursive: true, preserveTimestamps: true });
    return project;
  };

  beforeAll(async () => {
    const base = await grown();
    used.push(base);
    const once = copyOf(base);
    const would = (await once.ok(['prune', '--dry-run', '--json'])).json();
    const did = (await once.ok(['prune', '--json'])).json();
    expect({ ...(did as object), dry_run: true }).toEqual(would);
    whole = await factsOf(once);
    await twoAtOnce(PRUNE_POINTS, async (point) => {
      const project = copyOf(base);
      const killed = await project.trainyard(['prune'], { env: { TRAINYARD_FAULT: point } });
      const missing = await missingOf(project);
      const again = await project.trainyard(['prune']);
      const facts = await factsOf(project);
      outcomes.set(point, { killed, missing, again, facts, left: await missingOf(project) });
    });
  }, 600_000);
  afterAll(async () => {
    for (const project of used) await project[Symbol.asyncDispose]();
  });

  it('takes what it should when nobody kills it', () => {
    expect(whole.versions).toEqual([
      'dev kiln-1:1 whole',
      'dev kiln-1:2 no files',
      'dev kiln-1:3 no files',
      'dev kiln-1:4 whole',
      'dev kiln-2:1 whole',
      'dev kiln-2:2 no files',
      'dev kiln-2:3 no files',
      'dev kiln-2:4 whole',
      'shared kiln-1:1 whole',
      'shared kiln-1:4 whole',
      'shared kiln-2:1 whole',
      'shared kiln-2:4 whole',
    ]);
    expect(whole.runs.filter((run) => run.endsWith('true'))).toEqual(['1 true', '4 true']);
    expect(whole.files.filter((f) => f.startsWith('jobs/') || f.startsWith('trash/'))).toEqual([]);
    // The readings of run 1 and those of run 4, which run 3 read too.
    expect(whole.files.filter((f) => f.startsWith('assets/data/'))).toHaveLength(2);
  });

  it.each(PRUNE_POINTS)(
    'SIGKILL at %s: nothing that is named is missing, and the end is the same',
    (point) => {
      const outcome = outcomes.get(point);
      expect(outcome?.killed.signal, `it never came to ${point}:\n${outcome?.killed.stderr}`).toBe('SIGKILL');
      expect(outcome?.missing).toEqual([]);
      expect(outcome?.again.code, outcome?.again.stderr).toBe(0);
      expect(outcome?.facts).toEqual(whole);
      expect(outcome?.left).toEqual([]);
    },
  );
});
