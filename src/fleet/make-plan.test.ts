import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { Component } from '../assets/index.ts';
import { ConfigError } from '../kernel/errors.ts';
import type { Problem } from '../kernel/errors.ts';
import { memoryStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { systemClock } from '../kernel/clock.ts';
import { TestClock } from '../testing/test-clock.ts';
import { addModel, person } from '../testing/test-rows.ts';
import { COMPONENT, fleetOf, testWorld } from '../testing/test-world.ts';
import type { TestWorld } from '../testing/test-world.ts';
import { ContentDigests, freeze, loadFleet, makePlan } from './index.ts';
import type { Plan, PlanRequest } from './index.ts';

const READINGS = join(import.meta.dirname, '../../test/fixtures/delta/readings');

let open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open) await each[Symbol.asyncDispose]();
  open = [];
});
const world = async (options: Parameters<typeof testWorld>[0] = {}): Promise<TestWorld> => {
  const made = await testWorld(options);
  open.push(made);
  return made;
};
const summary = async (w: TestWorld, options = {}): Promise<Record<string, string>> =>
  Object.fromEntries((await w.plan(options)).plan.circuits.map((c) => [c.id, `${c.action} ${c.cause}`]));

const component: Component = {
  type: 'command',
  name: 'trainer',
  version: '1',
  digest: 'd1',
  file: 'c.yaml',
  inputs: {},
  outputs: { model: { type: 'custom_model', description: null } },
  retry: null,
  cloud_only: [],
  content: {},
  spec: {
    command: 'train',
    code: null,
    environment: null,
    inputs: {},
    outputs: {},
    environment_variables: {},
  },
};
const request = (source: string, store: Store, more: Partial<PlanRequest> = {}): PlanRequest => ({
  project: '/nowhere',
  fleet: loadFleet(source, { file: 'circuits.yaml', component_version: '1' }),
  db: store.db,
  digests: new ContentDigests(null, new TestClock(0)),
  component,
  environments: [],
  detection: { mode: 'hash' },
  base_source: null,
  selected: null,
  if_changed: false,
  include_failed: false,
  max_changed: 1,
  allow_wide: null,
  ...more,
});
const trained = (plan: Plan): string[] => plan.circuits.filter((c) => c.action === 'train').map((c) => c.id);

/** Registers what a plan would train, as a run would. */
async function train(store: Store, plan: Plan, ids: readonly string[], version: number): Promise<void> {
  for (const c of plan.circuits) {
    const pinned = plan.pinned.get(c.id);
    if (!ids.includes(c.id) || pinned === undefined) continue;
    await addModel(store, {
      circuit_id: c.id,
      version,
      training_hash: c.training_hash,
      inputs_digest: c.inputs_digest,
      settings: freeze(pinned),
    });
  }
}

describe('makePlan', () => {
  it('trains everything the first time, and nothing the second', async () => {
    const w = await world();
    expect(await summary(w)).toEqual({ p_c000: 'train new', p_c001: 'train new', p_c002: 'train new' });
    const run = await w.run({ approve: ['all'] });
    expect(run.status).toBe('succeeded');
    expect(await summary(w)).toEqual({
      p_c000: 'skip unchanged',
      p_c001: 'skip unchanged',
      p_c002: 'skip unchanged',
    });
  });

  it('keeps the id of a plan as long as nothing moves', async () => {
    const w = await world();
    const first = (await w.plan()).plan.plan_id;
    expect((await w.plan()).plan.plan_id).toBe(first);
    await w.write('config/circuits.yaml', `# a comment\n${fleetOf(3)}`);
    expect((await w.plan()).plan.plan_id).toBe(first);
    await w.write('config/circuits.yaml', fleetOf(3, ', hyperparameters: {alpha: 2}'));
    expect((await w.plan()).plan.plan_id).not.toBe(first);
  });

  it('tells field by field what differs from the settings of the good model', async () => {
    const w = await world();
    await w.run({ approve: ['all'] });
    await w.write(
      'config/circuits.yaml',
      fleetOf(3, ', hyperparameters: {alpha: 2}').replace('training_days: 30', 'training_days: 60'),
    );
    const [first] = (await w.plan()).plan.circuits;
    expect(first).toMatchObject({
      action: 'train',
      cause: 'config',
      reason: 'training_days 30 → 60, hyperparameters.alpha none → 2',
      changes: [
        { field: 'training_days', before: 30, after: 60 },
        { field: 'hyperparameters.alpha', before: null, after: 2 },
      ],
    });
  });

  it('forces a circuit picked by hand, and says of the others that they were not', async () => {
    const w = await world();
    await w.run({ approve: ['all'] });
    expect(await summary(w, { circuits: ['p/c001'] })).toEqual({
      p_c000: 'skip unchanged',
      p_c001: 'train selected',
      p_c002: 'skip unchanged',
    });
    expect(await summary(w, { circuits: ['p_c001'], if_changed: true })).toMatchObject({
      p_c001: 'skip unchanged',
    });
    expect((await w.plan({ circuits: ['p_c001'] })).plan.circuits[0]?.reason).toBe('not selected');
  });

  it('owes what failed to the retry gate of the next run, or trains it when asked', async () => {
    const w = await world({ fail: ['p_c001'] });
    expect((await w.run({ approve: ['registry-promotion'] })).status).toBe('waiting');
    expect(await summary(w)).toMatchObject({ p_c001: 'skip owed_failed' });
    await w.later(5 * 3_600_000);
    expect(await summary(w)).toMatchObject({ p_c000: 'skip unchanged', p_c001: 'skip owed_failed' });
    expect(await summary(w, { include_failed: true })).toMatchObject({ p_c001: 'train owed_failed' });
    const { plan } = await w.plan();
    expect([...plan.pinned.keys()]).toEqual(['p_c001']);
  });

  it('leaves to an open run what waits at its gate: another run offers nothing twice', async () => {
    const w = await world({ fail: ['p_c001'] });
    await w.run({ approve: ['registry-promotion'] });
    expect([...(await w.plan()).plan.pinned.keys()]).toEqual([]);
    expect(await summary(w, { include_failed: true })).toMatchObject({ p_c001: 'skip owed_failed' });
  });

  it('trains again what was withdrawn', async () => {
    const w = await world();
    await w.run({ approve: ['all'] });
    await w.world.registries.dev.withdraw('p-c000', 1, person('ann'), 'drifts');
    expect((await w.plan()).plan.circuits[0]).toMatchObject({
      action: 'train',
      cause: 'owed_unfinished',
      reason: 'trained in run 1, but that model is not in the registry as good',
    });
  });

  it('never counts a model of a pull-request run as good', async () => {
    const store = memoryStore();
    const source = fleetOf(1);
    const [wanted] = (await makePlan(request(source, store))).circuits;
    await addModel(store, { circuit_id: 'p_c000', training_hash: wanted?.training_hash ?? '', pr: true });
    expect(trained(await makePlan(request(source, store)))).toEqual(['p_c000']);
    await addModel(store, { circuit_id: 'p_c000', version: 2, training_hash: wanted?.training_hash ?? '' });
    expect(trained(await makePlan(request(source, store)))).toEqual([]);
    await store.close();
  });

  it('looks at the inputs digest only where the good model has one', async () => {
    const store = memoryStore();
    const [before] = (await makePlan(request(fleetOf(1), store))).circuits;
    const edited = fleetOf(1, ', features: [flow, pressure]');
    await addModel(store, {
      circuit_id: 'p_c000',
      version: 1,
      training_hash: before?.training_hash ?? '',
      inputs_digest: '',
    });
    expect(trained(await makePlan(request(edited, store)))).toEqual([]);
    await addModel(store, {
      circuit_id: 'p_c000',
      version: 2,
      training_hash: before?.training_hash ?? '',
      inputs_digest: before?.inputs_digest ?? '',
    });
    expect(trained(await makePlan(request(edited, store)))).toEqual(['p_c000']);
    expect(trained(await makePlan(request(fleetOf(1), store)))).toEqual([]);
    await store.close();
  });

  it('guards against a broad retraining, but not against many new circuits', async () => {
    const store = memoryStore();
    const models = async (count: number): Promise<void> => {
      const plan = await makePlan(request(fleetOf(count), store));
      await train(
        store,
        plan,
        plan.circuits.map((c) => c.id),
        1,
      );
    };
    await models(20);
    const wide = (more: Partial<PlanRequest>) =>
      makePlan(request(fleetOf(200, ', hyperparameters: {lr: 2}'), store, { max_changed: 0.3, ...more }));
    expect((await wide({})).guard).toEqual({
      blocked: true,
      retrain: 20,
      with_model: 20,
      max_changed: 0.3,
      allow_wide: null,
    });
    expect((await wide({ allow_wide: 'new sensors' })).guard.blocked).toBe(false);
    expect((await makePlan(request(fleetOf(200), store, { max_changed: 0.3 }))).guard).toMatchObject({
      blocked: false,
      retrain: 0,
      with_model: 20,
    });
    await store.close();
  });

  it('retrains when the content of a data file changes, and does not when it is only touched', async () => {
    const w = await world({ circuits: fleetOf(2, ', data_path: data/readings.csv') });
    await w.write('data/readings.csv', 'a,b\n1,2\n');
    await w.run({ approve: ['all'] });
    await w.write('data/readings.csv', 'a,b\n1,2\n');
    expect((await w.plan()).plan.summary.train).toBe(0);
    await w.write('data/readings.csv', 'a,b\n1,3\n');
    const { circuits } = (await w.plan()).plan;
    expect(circuits.map((c) => c.cause)).toEqual(['inputs', 'inputs']);
    expect(circuits[0]?.reason).toMatch(/^data_content [0-9a-f]{12} → [0-9a-f]{12}$/);
  });
});

describe('what keeps a plan from being made', () => {
  it('is told all at once, each with its line', async () => {
    const w = await world({
      circuits: `circuits:
  - {plant_id: p, circuit_id: fine}
  - {plant_id: p, circuit_id: no-file, data_path: data/nowhere.csv}
  - {plant_id: p, circuit_id: no-table, delta_table_path: tables/nowhere, delta_version: latest}
  - {plant_id: p, circuit_id: no-version, delta_table_path: tables/readings, delta_version: 99}
  - {plant_id: p, circuit_id: no-column, delta_table_path: tables/readings, delta_version: latest, features: [tempeature]}
  - {plant_id: p, circuit_id: unsaid, delta_table_path: tables/readings}
  - {plant_id: p, circuit_id: no-component, pipeline_component_version: "9"}
  - {plant_id: p, circuit_id: no-environment, environment_version: "2"}
  - {plant_id: p, circuit_id: twice, data_path: data/nowhere.csv, environment_version: "2"}
`,
    });
    await cp(READINGS, join(w.root, 'tables/readings'), { recursive: true });
    const error = await w.plan().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ConfigError);
    const { problems } = error as ConfigError;
    expect(problems.every((p) => p.file === 'config/circuits.yaml' && p.hint !== null)).toBe(true);
    expect(problems.map((p: Problem) => `${p.line} ${p.path}`)).toEqual([
      '3 p_no-file.data_path',
      '4 p_no-table.delta_table_path',
      '5 p_no-version.delta_version',
      '6 p_no-column.features',
      '7 p_unsaid.delta_version',
      '8 p_no-component.pipeline_component_version',
      '9 p_no-environment.environment_version',
      '10 p_twice.data_path',
      '10 p_twice.environment_version',
    ]);
    expect(problems.map((p) => p.message.replaceAll(`${w.root}/`, ''))).toEqual([
      'There is no data at data/nowhere.csv.',
      'There is no Delta table at tables/nowhere: there is no such folder.',
      'The Delta table tables/readings has no version 99: its latest is 8.',
      'tables/readings version 8 has no column tempeature.',
      'p_unsaid reads tables/readings without saying which version.',
      'Component trainer:9 is not registered.',
      'No environment is registered in version 2.',
      'There is no data at data/nowhere.csv.',
      'No environment is registered in version 2.',
    ]);
    expect(problems[3]?.hint).toBe('Did you mean temperature?');
  });

  it('holds up nobody else when the circuits are picked by hand', async () => {
    const w = await world({
      circuits: `circuits:
  - {plant_id: p, circuit_id: good}
  - {plant_id: p, circuit_id: no-file, data_path: data/nowhere.csv}
  - {plant_id: p, circuit_id: no-table, delta_table_path: tables/nowhere, delta_version: latest}
`,
    });
    const { plan } = await w.plan({ circuits: ['p_good'] });
    expect(plan.circuits.map((c) => `${c.id} ${c.action}`)).toEqual([
      'p_good train',
      'p_no-file skip',
      'p_no-table skip',
    ]);
    expect(plan.warnings.map((p) => p.path)).toEqual(['p_no-file.data_path', 'p_no-table.delta_table_path']);
    await expect(w.plan({ circuits: ['p_good', 'p_no-file'] })).rejects.toMatchObject({
      problems: [{ path: 'p_no-file.data_path' }],
    });
  });

  it('is an input without a value, with the place to write each at', async () => {
    const w = await world({
      circuits: 'circuits: [{plant_id: p, circuit_id: bare}]\n',
      component: COMPONENT.replace(
        'data: {type: uri_file, optional: true}',
        'data: {type: uri_file}\n  features: {type: string}\n  depth: {type: integer}',
      ),
    });
    await expect(w.plan()).rejects.toMatchObject({
      problems: [
        'Write data_path (a file or folder) or delta_table_path for the circuit or under defaults, or give the input a default.',
        'Write features for the circuit or under defaults, or give the input a default.',
        'Write depth under hyperparameters, or give the input a default.',
      ].map((hint) => ({ hint })),
    });
  });

  it('is not what an unchanged circuit asks for', async () => {
    const w = await world({ circuits: fleetOf(1) });
    await w.run({ approve: ['all'] });
    // An environment is no part of the hash, so nothing is trained and nothing is missing.
    await w.write('config/circuits.yaml', fleetOf(1, ', environment_version: "7"'));
    expect((await w.plan()).plan.summary).toEqual({ train: 0, skip: 1 });
    await expect(w.plan({ circuits: ['p_c000'] })).rejects.toThrow(ConfigError);
  });
});

describe('latest', () => {
  const source = fleetOf(2, ', delta_table_path: tables/readings, delta_version: latest');

  it('is looked up in the log of the table and pinned, once for all circuits of it', async () => {
    const w = await world({ circuits: source });
    await cp(READINGS, join(w.root, 'tables/readings'), { recursive: true });
    const { plan } = await w.plan();
    expect(plan.pins).toEqual({ 'tables/readings@latest': 8 });
    expect([...plan.pinned.values()].map((p) => p.circuit.delta_version)).toEqual([8, 8]);
    expect(plan.circuits[0]?.training_hash).toBe((await pinnedTo(8)).circuits[0]?.training_hash);
  });

  it('means another version once the table moved on, and the same one with the pins of a sealed plan', async () => {
    const w = await world({ circuits: source });
    await cp(READINGS, join(w.root, 'tables/readings'), { recursive: true });
    const before = (await w.plan()).plan;
    await w.run({ approve: ['all'] });
    await writeFile(
      join(w.root, 'tables/readings/_delta_log/00000000000000000009.json'),
      '{"commitInfo":{"timestamp":1767225600000}}\n',
    );
    const after = (await w.plan()).plan;
    expect(after.pins).toEqual({ 'tables/readings@latest': 9 });
    expect(after.circuits[0]).toMatchObject({
      action: 'train',
      cause: 'data',
      reason: 'delta_version 8 → 9',
    });
    expect((await pinnedTo(8, { 'tables/readings@latest': 8 })).circuits[0]?.training_hash).toBe(
      before.circuits[0]?.training_hash,
    );
  });

  /** The plan of the same fleet with that version written, or with pins. */
  async function pinnedTo(version: number, pins?: Record<string, number>): Promise<Plan> {
    const w = await world();
    await cp(READINGS, join(w.root, 'tables/readings'), { recursive: true });
    return makePlan({
      ...request(pins === undefined ? source.replace('latest', String(version)) : source, w.project.store),
      project: w.root,
      ...(pins === undefined ? {} : { pins }),
    });
  }
});

describe('detection', () => {
  const git = { mode: 'git', base_ref: 'main', base_commit: 'c0ffee' } as const;

  it('explains by the base what changed since, and by the model what is owed from before', async () => {
    const store = memoryStore();
    const plan = await makePlan(request(fleetOf(3), store));
    await train(store, plan, trained(plan), 1);
    const base = fleetOf(3).replace(
      '{plant_id: p, circuit_id: c000}',
      '{plant_id: p, circuit_id: c000, training_days: 7}',
    );
    const head = base.replace(
      '{plant_id: p, circuit_id: c001}',
      '{plant_id: p, circuit_id: c001, training_days: 8}',
    );
    const { circuits } = await makePlan(request(head, store, { detection: git, base_source: base }));
    expect(circuits.map((c) => c.reason)).toEqual([
      'owed since before main: training_days 30 → 7',
      'training_days 30 → 8',
      'same as p_c002 v1',
    ]);
    await store.close();
  });

  it('does not call older debt what never stood in circuits.yaml', async () => {
    const w = await world({ circuits: fleetOf(1, ', data_path: data.csv') });
    await w.write('data.csv', '1');
    await w.run({ approve: ['all'] });
    const repository = (...args: string[]): void =>
      void execFileSync('git', ['-C', w.root, '-c', 'user.name=t', '-c', 'user.email=t@x', ...args], {
        stdio: 'ignore',
      });
    repository('init', '-b', 'main');
    repository('add', 'config');
    repository('commit', '-m', 'base');
    await w.write('data.csv', '2');
    expect((await w.plan({ detection: 'git', base_ref: 'main' })).plan.circuits[0]?.reason).toMatch(
      /^data_content/,
    );
    await w.write('data.csv', '1');
    await w.write(
      'components/training-pipeline-component.yaml',
      COMPONENT.replace('version: "1"', 'version: "2"'),
    );
    expect((await w.plan({ detection: 'git', base_ref: 'main' })).plan.circuits[0]).toMatchObject({
      cause: 'component',
      reason: 'pipeline_component_version 1 → 2',
    });
  });

  it('finds a base that cannot be read no reason to train or not to train', async () => {
    const store = memoryStore();
    for (const base_source of [null, 'circuits: [', 'nonsense: 1']) {
      expect(trained(await makePlan(request(fleetOf(2), store, { detection: git, base_source })))).toEqual([
        'p_c000',
        'p_c001',
      ]);
    }
    await store.close();
  });

  it('selects the same circuits by git and by hash, whatever happened before', async () => {
    const value = fc.integer({ min: 1, max: 3 });
    const commit = fc.record({
      days: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), value, { maxKeys: 4 }),
      defaults: value,
      features: fc.boolean(),
      // What became of the run after this commit: which circuits got their model, if there was a run at all.
      trained: fc.option(fc.subarray(['p_a', 'p_b', 'p_c', 'p_d'])),
    });
    const sourceOf = ({
      days,
      defaults,
      features,
    }: {
      days: Record<string, number>;
      defaults: number;
      features: boolean;
    }): string => {
      const lines = Object.entries(days).map(
        ([id, n]) => `  - {plant_id: p, circuit_id: ${id}, hyperparameters: {lr: ${n}}}`,
      );
      return `defaults: {training_days: ${defaults}${features ? ', features: [x]' : ''}}\ncircuits:${lines.length === 0 ? ' []' : `\n${lines.join('\n')}`}\n`;
    };
    await fc.assert(
      fc.asyncProperty(fc.array(commit, { minLength: 1, maxLength: 5 }), fc.nat(), async (history, pick) => {
        const store = memoryStore();
        try {
          for (const [i, each] of history.entries()) {
            const plan = await makePlan(request(sourceOf(each), store));
            if (each.trained !== null) await train(store, plan, each.trained, i + 1);
          }
          const last = history.at(-1);
          const base = history[pick % history.length];
          if (last === undefined || base === undefined) return;
          const byHash = await makePlan(request(sourceOf(last), store));
          const byGit = await makePlan(
            request(sourceOf(last), store, { detection: git, base_source: sourceOf(base) }),
          );
          expect(trained(byGit)).toEqual(trained(byHash));
          expect(byGit.circuits.map((c) => c.cause === 'new')).toEqual(
            byHash.circuits.map((c) => c.cause === 'new'),
          );
        } finally {
          await store.close();
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('ContentDigests', () => {
  it('reads a file again when it changed, and remembers it otherwise', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trainyard-digests-'));
    open.push({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) });
    const file = join(folder, 'data.csv');
    const digest = async (): Promise<string | null> => {
      const digests = new ContentDigests(folder, { ...systemClock, now: () => Date.now() + 10_000 });
      const found = await digests.of(file);
      await digests.save();
      return found;
    };
    expect(await digest()).toBeNull();
    await writeFile(file, 'one');
    const first = await digest();
    expect(await digest()).toBe(first);
    await writeFile(file, 'two');
    expect(await digest()).not.toBe(first);
    await writeFile(join(folder, 'cache/content-digests.json'), 'broken {');
    await writeFile(file, 'one');
    expect(await digest()).toBe(first);
  });

  it('says of data that takes longer than a second what is being read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trainyard-digests-'));
    open.push({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) });
    const file = join(folder, 'data.csv');
    await writeFile(file, 'one');
    const told: string[] = [];
    // The second is over at once; the file is read after that.
    const hasty = { now: () => Date.now(), sleep: async () => undefined };
    await new ContentDigests(null, hasty, { slow: (path) => told.push(path) }).of(file);
    expect(told).toEqual([file]);
    await new ContentDigests(null, new TestClock(), { slow: (path) => told.push(path) }).of(file);
    expect(told).toEqual([file]);
  });

  it('writes nothing down where it may only read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trainyard-digests-'));
    open.push({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) });
    const file = join(folder, 'data.csv');
    await writeFile(file, 'one');
    const later = { ...systemClock, now: () => Date.now() + 10_000 };
    const reading = new ContentDigests(folder, later, { read_only: true });
    await reading.of(file);
    await reading.save();
    expect(existsSync(join(folder, 'cache'))).toBe(false);
  });

  it('does not trust the time stamp of a file that may still be written', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trainyard-digests-'));
    open.push({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) });
    await writeFile(join(folder, 'data.csv'), 'one');
    const digests = new ContentDigests(folder, systemClock);
    await digests.of(join(folder, 'data.csv'));
    await digests.save();
    await expect(
      import('node:fs/promises').then((fs) => fs.readFile(join(folder, 'cache/content-digests.json'))),
    ).rejects.toThrow('ENOENT');
  });
});
