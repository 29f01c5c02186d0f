import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { attemptKey, takenNames } from '../jobs/index.ts';
import {
  askForPrune,
  getRun,
  listRuns,
  lastPrune,
  prunesDue,
  requestCancel,
  reviveRun,
} from '../pipelines/index.ts';
import type { PruneItem, PruneReport, Run } from '../pipelines/index.ts';
import { fleetOf, testWorld } from '../testing/test-world.ts';
import { person } from '../testing/test-rows.ts';
import type { StartOptions, TestWorld } from '../testing/test-world.ts';
import { prune, pruneTicker } from './index.ts';

const DAY = 86_400_000;
let w: TestWorld;

afterEach(async () => {
  await w[Symbol.asyncDispose]();
});

const begin = async (settings = '', circuits?: string): Promise<void> => {
  w = await testWorld({ settings, ...(circuits === undefined ? {} : { circuits }) });
};

/** Trains with another setting, and promotes nothing unless told. */
async function train(alpha: number, options: StartOptions = {}): Promise<Run> {
  await w.write('config/circuits.yaml', fleetOf(3, `, hyperparameters: {alpha: ${alpha}}`));
  const run = await w.run({ allow_wide: 'a test', ...options });
  if (run.ended_at === null)
    await w.project.store.tx((tx) => requestCancel(tx, w.clock.now(), run, person('ann')));
  await w.settle();
  return w.again(run);
}

const later = (days: number): void => w.clock.jumpTo(w.clock.now() + days * DAY);

async function pruned(dry_run = false): Promise<{ report: PruneReport; items: string[] }> {
  const items: PruneItem[] = [];
  const work = prune(w.project, { dry_run, by: person('ann'), tell: (item) => items.push(item) });
  for (;;) {
    const step = await work.next();
    if (step.done === true)
      return { report: step.value, items: items.map((i) => `${i.action} ${i.kind} ${i.name}: ${i.why}`) };
  }
}

const counts = ({ removed }: PruneReport): string =>
  Object.entries(removed)
    .filter(([, { count }]) => count > 0)
    .map(([kind, { count }]) => `${count} ${kind}`)
    .join(', ');
const files = (folder: string): string[] => {
  const path = join(w.project.store.folder, folder);
  return existsSync(path) ? readdirSync(path).toSorted() : [];
};
const events = async (type: string) =>
  (await w.project.store.db.selectFrom('events').select('message').where('type', '=', type).execute()).map(
    (e) => e.message,
  );
const standing = async () => {
  const { db } = w.project.store;
  return { ...(await prunesDue(db)), last: await lastPrune(db) };
};
const asked = () => w.project.store.tx((tx) => askForPrune(tx, w.clock.now(), person('ann')));
/** Every version that should have files has them. */
async function isWhole(): Promise<void> {
  const { dev, shared } = w.project.world.registries;
  for (const registry of [dev, shared])
    for (const { model_name, version, files_removed_at } of (await registry.list({ limit: 1000 })).items)
      if (files_removed_at === null) expect(await registry.verify(model_name, version)).toEqual([]);
}

describe('prune', () => {
  it('does nothing, and tells nobody, while nothing is old', async () => {
    await begin();
    await train(1, { approve: ['all'] });
    later(13);
    expect(counts((await pruned()).report)).toBe('');
    expect(await events('retention.pruned')).toEqual([]);
    await isWhole();
  });

  it('shows in a dry run exactly what the real one removes; once more there is nothing', async () => {
    await begin('retention: {models: 30d, logs: 14d, runs: 60d}\n');
    await train(1, { approve: ['all'] });
    for (const alpha of [2, 3, 4]) await train(alpha);
    await train(5, { pr: true });
    later(100);
    const would = await pruned(true);
    expect(await events('retention.pruned')).toEqual([]);
    const real = await pruned();
    expect(real.items.toSorted()).toEqual(would.items.toSorted());
    expect({ ...real.report, dry_run: true }).toEqual(would.report);
    expect(counts(real.report)).toBe('9 model, 5 logs, 2 run');
    expect(await events('retention.pruned')).toEqual([
      expect.stringMatching(
        /^ann removed the files of 9 model versions, the logs of 5 runs and 2 runs \(.* KiB\)$/,
      ),
    ]);
    expect(counts((await pruned()).report)).toBe('');
    await isWhole();
  });
});

describe('models', () => {
  it('that were promoted stay, and so do those that a request or an open run shows', async () => {
    await begin('retention: {models: 30d, logs: never}\n');
    await train(1, { approve: ['all'] });
    await train(2);
    // It waits for a decision on its models.
    await w.write('config/circuits.yaml', fleetOf(3, ', hyperparameters: {alpha: 3}'));
    const open = await w.run({ allow_wide: 'a test' });
    expect(open.status).toBe('waiting');
    await train(4);
    // Requests live for thirty days.
    later(29);
    await w.project.store.db
      .updateTable('approvals')
      .set({ expires_at: '2099-01-01T00:00:00.000Z' })
      .execute();
    later(20);
    const { items } = await pruned();
    expect(items.filter((i) => i.includes('p-c000'))).toEqual([
      'keep model p-c000:1: promoted',
      'remove model p-c000:2: superseded by p-c000:3',
      `keep model p-c000:3: made by run ${open.number}, which is open`,
    ]);
    await isWhole();
    // Decided on, they can still be promoted.
    expect(
      (await w.project.world.registries.dev.find([{ model_name: 'p-c000', version: 3 }]))[0],
    ).toMatchObject({
      files_removed_at: null,
    });
  });

  it('stay for good where retention says never', async () => {
    await begin('retention: {models: never, logs: never}\n');
    for (const alpha of [1, 2]) await train(alpha);
    later(1000);
    expect(counts((await pruned()).report)).toBe('');
  });
});

describe('logs', () => {
  it('of runs that are over for long go; of an open run they stay', async () => {
    await begin();
    const over = await train(1);
    await w.write('config/circuits.yaml', fleetOf(3, ', hyperparameters: {alpha: 2}'));
    const open = await w.run({ allow_wide: 'a test' });
    expect(files('simulated')).toHaveLength(2);
    later(15);
    const { items } = await pruned();
    expect(items).toEqual([expect.stringMatching(/^remove logs run 1: over for 1[45] d/)]);
    expect(files('simulated')).toEqual([`${open.id}.ledger.jsonl`]);
    const job = await w.project.store.db
      .selectFrom('jobs')
      .selectAll()
      .where('run_id', '=', over.id)
      .executeTakeFirstOrThrow();
    const compute = await w.project.world.compute('simulated');
    const asked = { run_id: over.id, key: attemptKey(job.name, 1) };
    await expect(compute.logs?.({ ...asked, offset: 0, limit: 100 })).rejects.toMatchObject({
      code: 'not_found',
      message: `The logs of run ${over.number} were removed by retention at ${new Date(w.clock.now()).toISOString().slice(0, 16)}Z.`,
      hint: expect.stringContaining('retention: {logs: 14d}'),
    });
    await expect(compute.outputs?.(over.id, asked.key)).rejects.toThrow('removed by retention');
  });

  it('that are gone keep a run from being taken up again', async () => {
    await begin();
    const run = await w.start();
    await w.project.store.db
      .updateTable('stages')
      .set({ status: 'failed', state: '{"stalled":true}', ended_at: '2026-01-01T00:00:00.000Z' })
      .where('run_id', '=', run.id)
      .where('name', '=', 'MonitorTraining')
      .execute();
    await w.project.store.db
      .updateTable('runs')
      .set({ status: 'failed', ended_at: '2026-01-01T00:00:00.000Z', due_at: null })
      .execute();
    await w.write(`.trainyard/simulated/${run.id}.ledger.jsonl`, '');
    later(20);
    await pruned();
    const failed = await getRun(w.project.store.db, run.id);
    await expect(
      w.project.store.tx((tx) => reviveRun(tx, w.clock.now(), failed, person('ann'))),
    ).rejects.toThrow(
      `Run ${run.number} cannot go on: The logs of run ${run.number} were removed by retention`,
    );
  });
});

describe('runs', () => {
  const SHORT = 'retention: {models: 1d, logs: never, runs: 30d}\n';

  it('go with everything that belongs to them, when nothing depends on them', async () => {
    await begin(SHORT);
    const first = await train(1);
    await train(2);
    later(40);
    const { items } = await pruned();
    expect(items.filter((i) => i.includes(' run '))).toEqual([
      expect.stringMatching(/^remove run run 1: over for 40 d/),
      'keep run run 2: the newest run',
    ]);
    const { db } = w.project.store;
    for (const table of [
      'stages',
      'plan_circuits',
      'jobs',
      'attempts',
      'approvals',
      'events',
      'artifacts',
      'run_retention',
    ] as const)
      expect(
        await db.selectFrom(table).select('run_id').where('run_id', '=', first.id).execute(),
        table,
      ).toEqual([]);
    expect(
      await db.selectFrom('runs').select('number').where('parent_run_id', '=', first.id).execute(),
    ).toEqual([]);
    expect(await db.selectFrom('approval_subjects').select('subject').execute()).toHaveLength(4);
    expect(files('runs')).toEqual(['2']);
    expect(files('simulated')).toHaveLength(1);
    await expect(getRun(db, '1')).rejects.toThrow('There is no run 1.');
    // Versions keep their lineage.
    expect(await w.project.world.registries.dev.get('p-c000', 1)).toMatchObject({
      run_id: first.id,
      training_hash: expect.any(String),
    });
    await isWhole();
  });

  it('stay while their models have files, while they decide what is owed, and while they are open', async () => {
    await begin('retention: {models: 1d, logs: never, runs: 30d}\n', fleetOf(3));
    const promoted = await train(1, { approve: ['all'] });
    await train(2);
    // Of one circuit alone: the others' newest jobs are in the run before.
    await w.write('config/circuits.yaml', fleetOf(1, ', hyperparameters: {alpha: 3}'));
    const single = await w.run();
    await w.project.store.tx((tx) => requestCancel(tx, w.clock.now(), single, person('ann')));
    await w.settle();
    const open = await w.run({ circuits: ['p_c000'] });
    expect(open.status).toBe('waiting');
    later(29);
    await w.project.store.db
      .updateTable('approvals')
      .set({ expires_at: '2099-01-01T00:00:00.000Z' })
      .execute();
    later(20);
    const { items } = await pruned();
    expect(items.filter((i) => i.includes(' run '))).toEqual([
      `keep run run ${promoted.number}: models of it have their files`,
      'keep run run 2: a job of it is the newest of its circuit',
      expect.stringMatching(/^remove run run 3: over for/),
    ]);
    expect((await listRuns(w.project.store.db, { limit: 10 })).map((r) => r.number)).toEqual([4, 2, 1]);
  });

  it('leave the names of their jobs taken, and their numbers', async () => {
    await begin(SHORT);
    await train(1);
    await train(2);
    later(40);
    await pruned();
    const { db } = w.project.store;
    expect((await db.selectFrom('jobs').select('name').execute()).map((j) => j.name)).not.toContain(
      'p_c000_2026_01_31',
    );
    expect(await takenNames(db, ['p_c000_2026_01_31'])).toEqual(
      new Set(['p_c000_2026_01_31', 'p_c000_2026_01_31_2']),
    );
    const third = await train(3);
    expect(third.number).toBe(3);
  });

  it('of rehearsals take what only they registered with them', async () => {
    await begin(SHORT);
    const { store } = w.project;
    const rehearsal = await train(1);
    await store.db.updateTable('runs').set({ rehearsal: 1 }).where('id', '=', rehearsal.id).execute();
    await store.db.updateTable('model_versions').set({ files_removed_at: '2026-01-01' }).execute();
    expect((await store.db.selectFrom('assets').select('name').execute()).length).toBeGreaterThan(0);
    await w.write('config/circuits.yaml', fleetOf(1));
    const real = await w.start();
    later(40);
    await store.db.updateTable('runs').set({ ended_at: null }).where('id', '=', real.id).execute();
    await pruned();
    expect(
      await store.db.selectFrom('assets').select('name').where('run_id', '=', rehearsal.id).execute(),
    ).toEqual([]);
    await expect(getRun(store.db, rehearsal.id)).rejects.toThrow('There is no run');
  });

  it('whose removal was begun and not ended count as gone, and are removed the next time', async () => {
    await begin(SHORT);
    await train(1);
    await train(2);
    later(40);
    const work = prune(
      {
        ...w.project,
        world: {
          ...w.project.world,
          faultPoint: (name) => {
            if (name === 'prune.run_piece') throw new Error('killed');
          },
        },
      },
      { dry_run: false, by: person('ann') },
    );
    await expect(
      (async () => {
        for await (const _ of work);
      })(),
    ).rejects.toThrow('killed');
    await expect(getRun(w.project.store.db, '1')).rejects.toThrow('There is no run 1.');
    expect((await listRuns(w.project.store.db, { limit: 10 })).map((r) => r.number)).toEqual([2]);
    // Its ledger belonged to nobody any more.
    expect(counts((await pruned()).report)).toBe('1 run, 1 leftover');
    expect(files('runs')).toEqual(['2']);
  });
});

describe('copies of code and data', () => {
  const fleet = (circuits: readonly string[]): string =>
    `defaults: {cutoff_date: "2026-01-31", training_days: 30, data_path: data/readings.csv}\ncircuits:\n${circuits.map((id) => `  - {plant_id: p, circuit_id: ${id}}`).join('\n')}\n`;

  it('go with the last run that names them; while a run may still name one they stay', async () => {
    await begin('retention: {models: 1d, logs: never, runs: 30d}\n', fleet(['a', 'b']));
    await w.write('data/readings.csv', 'one');
    const end = async (run: Run): Promise<void> => {
      await w.project.store.tx((tx) => requestCancel(tx, w.clock.now(), run, person('ann')));
      await w.settle();
    };
    await end(await w.run());
    const [first] = files('assets/data');
    await w.write('data/readings.csv', 'two');
    await end(await w.run());
    expect(files('assets/data')).toHaveLength(2);
    later(40);
    // Somebody is about to look for copies.
    const starting = await w.start({ circuits: ['p_a'] });
    const would = await pruned(true);
    expect(would.items.filter((i) => i.includes('snapshot'))).toEqual([]);
    await pruned();
    expect(files('assets/data')).toHaveLength(2);
    await w.settle();
    await end(starting);
    await pruned();
    expect(files('assets/data')).not.toContain(first);
    expect(files('assets/data')).toHaveLength(1);
    expect(files('trash')).toEqual([]);
    expect(
      await w.project.store.db.selectFrom('assets').select('version').where('kind', '=', 'data').execute(),
    ).toHaveLength(2);
  });
});

describe('the ticker of retention', () => {
  it('goes through once a day, in small pieces', async () => {
    await begin();
    await train(1);
    const said: string[] = [];
    const ticker = pruneTicker(w.project, (line) => said.push(line));
    const rest = async (): Promise<number> => {
      for (let ticks = 0; ; ticks++) {
        const next = await ticker.next();
        if (next === null || next > w.clock.now()) return ticks;
        await ticker.tick(w.clock.now());
      }
    };
    expect(await rest()).toBeGreaterThan(1);
    expect(await ticker.next()).toBe(w.clock.now() + DAY);
    later(20);
    await rest();
    expect(said).toEqual([expect.stringMatching(/^Retention removed the logs of 1 run \(.*\)\.$/)]);
    expect(await events('retention.pruned')).toEqual([
      expect.stringMatching(/^retention removed the logs of 1 run/),
    ]);
    expect(await pruneTicker(w.project).next()).toBe(w.clock.now() + DAY);
  });

  it('puts trouble on record, and tries again an hour later', async () => {
    await begin();
    const broken = {
      ...w.project,
      world: { ...w.project.world, compute: () => Promise.reject(new Error('the provider is away')) },
    };
    const ticker = pruneTicker(broken);
    const rest = async (): Promise<void> => {
      for (let i = 0; i < 10 && (await ticker.next()) === w.clock.now(); i++)
        await ticker.tick(w.clock.now());
    };
    await rest();
    expect(await ticker.next()).toBe(w.clock.now() + 3_600_000);
    expect(await events('retention.failed')).toEqual(['Retention: the provider is away']);
    const { id } = await asked();
    await rest();
    expect(await standing()).toMatchObject({
      asked: null,
      last: { id, by: 'ann', report: null, error: 'the provider is away' },
      pruned_at: null,
    });
  });

  it('goes through whenever somebody asks, in their name, and says how far it is', async () => {
    await begin();
    await train(1);
    const ticker = pruneTicker(w.project);
    const tickOn = async (): Promise<void> => {
      for (let next = await ticker.next(); next !== null && next <= w.clock.now(); next = await ticker.next())
        await ticker.tick(w.clock.now());
    };
    await tickOn();
    later(20);
    await tickOn();
    await train(2);
    later(20);
    await tickOn();
    const { id } = await asked();
    // Whoever asks meanwhile gets the same, and only one is done.
    expect((await asked()).id).toBe(id);
    expect(await events('retention.asked')).toEqual(['ann asked for retention to go through now']);
    await ticker.tick(w.clock.now());
    expect((await standing()).asked).toMatchObject({ id, begun_at: expect.any(String), removed: 0 });
    await tickOn();
    expect(await standing()).toMatchObject({
      asked: null,
      last: { id, by: 'ann', error: null, report: { dry_run: false, removed: { logs: { count: 0 } } } },
      pruned_at: new Date(w.clock.now()).toISOString(),
    });
    expect((await events('retention.pruned')).at(-1)).toBe('ann removed nothing: all there is is kept');
  });

  it('goes on with what was asked of a process that died', async () => {
    await begin();
    await train(1);
    later(20);
    const { id } = await asked();
    const dies = pruneTicker(w.project);
    await dies.tick(w.clock.now());
    const next = pruneTicker(w.project);
    for (let at = await next.next(); at !== null && at <= w.clock.now(); at = await next.next())
      await next.tick(w.clock.now());
    expect(await standing()).toMatchObject({ asked: null, last: { id, by: 'ann' } });
    expect(await events('retention.pruned')).toEqual([expect.stringMatching(/^ann removed /)]);
  });
});
