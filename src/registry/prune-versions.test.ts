import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toIso } from '../kernel/clock.ts';
import { listFiles } from '../kernel/digest.ts';
import { memoryStore } from '../store/index.ts';
import type { Db, Store } from '../store/index.ts';
import { memoryFile, modelRequest } from '../testing/registry.conformance.ts';
import { TestClock } from '../testing/test-clock.ts';
import { accept, embeddedRegistry, goodModel, pruneVersions } from './index.ts';
import type { ModelRegistry, OldVersion, RemovedObjects } from './index.ts';

const DAY = 86_400_000;

let folder: string;
let store: Store;
let clock: TestClock;
let dev: ModelRegistry;
let shared: ModelRegistry;
let told: OldVersion[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'registry-'));
  store = memoryStore(folder);
  clock = new TestClock('2026-01-01T00:00:00.000Z');
  dev = embeddedRegistry({ store, registry: 'dev', clock });
  shared = embeddedRegistry({ store, registry: 'shared', clock });
  told = [];
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

/** One version a day, each with a file of its own and one that all share. */
async function versions(count: number, circuit = 'seattle_wind'): Promise<void> {
  for (let n = 1; n <= count; n++) {
    const job = `${circuit}_${clock.now()}`;
    const files = [memoryFile('model.json', job), memoryFile('common.txt', 'the same')];
    await dev.register([
      modelRequest(job, { circuit_id: circuit, model_name: circuit, files, run_id: `run_${n}` }),
    ]);
    clock.jumpTo(clock.now() + DAY);
  }
}

async function prune(
  more: Partial<Parameters<typeof pruneVersions>[0]> & { keep_days?: number } = {},
): Promise<RemovedObjects> {
  const work = pruneVersions({
    store,
    registry: 'dev',
    shared: 'shared',
    before: toIso(clock.now() - (more.keep_days ?? 2) * DAY),
    clock,
    dry_run: false,
    neededBy: async () => new Map(),
    tell: (version) => told.push(version),
    faultPoint: () => undefined,
    ...more,
  });
  for (;;) {
    const step = await work.next();
    if (step.done === true) return step.value;
  }
}

const removed = async (): Promise<string[]> => {
  const { items } = await dev.list({ limit: 1000 });
  return items
    .filter((m) => m.files_removed_at !== null)
    .map((m) => `${m.model_name}:${m.version}`)
    .toSorted();
};
const objects = async (): Promise<number> =>
  (await listFiles(join(folder, 'registries', 'dev', 'objects'))).length;
/** Every version that is not marked has all its files. */
async function isWhole(): Promise<void> {
  for (const registry of [dev, shared])
    for (const { model_name, version, files_removed_at } of (await registry.list({ limit: 1000 })).items)
      if (files_removed_at === null) expect(await registry.verify(model_name, version)).toEqual([]);
}

describe('pruneVersions', () => {
  it('removes files of versions that are out of use for long enough, and keeps the rest of them', async () => {
    await versions(6);
    // Superseded on the 2nd, 3rd, 4th, 5th and 6th; it is the 7th.
    const gone = await prune();
    expect(await removed()).toEqual(['seattle_wind:1', 'seattle_wind:2', 'seattle_wind:3']);
    expect(gone).toEqual({ count: 3, bytes: 3 * `seattle_wind_${clock.now()}`.length });
    expect(await objects()).toBe(4);
    await isWhole();
    expect(await dev.get('seattle_wind', 1)).toMatchObject({
      files_removed_at: toIso(clock.now()),
      tags: { plant_id: 'seattle' },
      files: [{ path: 'common.txt' }, { path: 'model.json' }],
    });
    expect(told.map((v) => `${v.version} ${v.action}: ${v.why}`)).toEqual([
      '1 remove: superseded by seattle_wind:2',
      '2 remove: superseded by seattle_wind:3',
      '3 remove: superseded by seattle_wind:4',
    ]);
    told = [];
    expect(await prune()).toEqual({ count: 0, bytes: 0 });
    expect(told).toEqual([]);
  });

  it('never takes the good model, however old', async () => {
    await versions(1);
    clock.jumpTo(clock.now() + 1000 * DAY);
    await prune();
    expect(await removed()).toEqual([]);
    await isWhole();
  });

  it('never takes what was promoted, what an acceptance names, nor what others need', async () => {
    await versions(2);
    await store.tx((tx) =>
      accept(tx, [{ circuit_id: 'seattle_wind', training_hash: 'h', inputs_digest: '' }], {
        reason: 'same',
        by: 'ann',
        at: toIso(clock.now()),
      }),
    );
    await versions(4);
    await shared.share([{ model_name: 'seattle_wind', version: 4 }], dev);
    clock.jumpTo(clock.now() + 100 * DAY);
    const neededBy = async (_db: Db, some: readonly OldVersion[]) =>
      new Map(some.filter((v) => v.version === 1).map((v) => [`${v.model_name}:1`, 'shown to somebody']));
    await prune({ neededBy });
    expect(await removed()).toEqual(['seattle_wind:3', 'seattle_wind:5']);
    expect(told.filter((v) => v.action === 'keep').map((v) => `${v.version}: ${v.why}`)).toEqual([
      '1: shown to somebody',
      '2: accepted by ann',
      '4: promoted',
    ]);
    await isWhole();
  });

  it('removes a content only when no version that stays has it', async () => {
    const same = [memoryFile('model.json', 'one content')];
    await dev.register([modelRequest('a', { files: same })]);
    clock.jumpTo(clock.now() + DAY);
    await dev.register([modelRequest('b', { files: same })]);
    clock.jumpTo(clock.now() + 10 * DAY);
    expect(await prune()).toEqual({ count: 0, bytes: 0 });
    expect(await removed()).toEqual(['seattle-wind:1']);
    await isWhole();
  });

  it('removes what a process that died left: files of marked versions, and files that nobody ever named', async () => {
    await versions(3);
    let dies = true;
    const faultPoint = (name: string): void => {
      if (name === 'prune.versions_marked' && dies) throw new Error('killed');
    };
    await expect(prune({ faultPoint, keep_days: 0.5 })).rejects.toThrow('killed');
    dies = false;
    expect([await removed(), await objects()]).toEqual([['seattle_wind:1', 'seattle_wind:2'], 4]);
    await expect(
      dev.register([modelRequest('c', { files: [memoryFile('model.json', 'never named')], settings: '{' })]),
    ).resolves.toMatchObject([{ status: 'invalid' }]);
    expect((await prune({ keep_days: 0.5 })).count).toBe(2);
    await isWhole();
  });

  it('shows in a dry run what the real one removes, and touches nothing', async () => {
    await versions(6);
    const would = await prune({ dry_run: true });
    const said = told;
    expect([await removed(), await objects()]).toEqual([[], 7]);
    told = [];
    expect(await prune()).toEqual(would);
    expect(told).toEqual(said);
  });

  it('leaves a version that has no files out of what counts as good', async () => {
    await versions(3);
    clock.jumpTo(clock.now() + 10 * DAY);
    await prune();
    await dev.withdraw('seattle_wind', 3, { name: 'ann', identity: 'claimed' }, 'drifts');
    expect(await removed()).toEqual(['seattle_wind:1', 'seattle_wind:2']);
    expect(await goodModel(store.db, 'seattle_wind')).toBeNull();
  });

  it('takes nothing that is registered meanwhile, although its content was there and unused', async () => {
    await versions(2);
    clock.jumpTo(clock.now() + 10 * DAY);
    const content = Buffer.from(`seattle_wind_${Date.parse('2026-01-01')}`);
    // A job brings the very content of the version that goes, at each moment on the way.
    for (const at of ['prune.versions_marked', 'prune.objects_removed']) {
      const registered: Promise<unknown>[] = [];
      await prune({
        faultPoint: (name) => {
          if (name === at && registered.length === 0)
            registered.push(
              dev.register([modelRequest(`again_${at}`, { files: [memoryFile('model.json', content)] })]),
            );
        },
      });
      await Promise.all(registered);
    }
    await isWhole();
  });

  it('makes a registration that is under way write the files again that went meanwhile', async () => {
    await versions(2);
    clock.jumpTo(clock.now() + 10 * DAY);
    const content = Buffer.from(`seattle_wind_${Date.parse('2026-01-01')}`);
    const files = [memoryFile('model.json', content), memoryFile('new.json', 'new')];
    // Its contents lie there, one of old and one just written, and it is about to write its row.
    let pruned = false;
    const tx: Store['tx'] = async (work) => {
      if (!pruned) {
        pruned = true;
        await prune();
        expect(await objects()).toBe(2);
      }
      return store.tx(work);
    };
    const late = embeddedRegistry({ store: { ...store, tx }, registry: 'dev', clock });
    expect(await late.register([modelRequest('late', { files })])).toMatchObject([
      { status: 'registered', created: true },
    ]);
    await isWhole();
  });
});

describe('the shared registry', () => {
  it('loses what no version names, and never what a promotion under way is about to name', async () => {
    await versions(1);
    // A promotion that died before its row left the content there.
    const { files } = await dev.open('seattle_wind', 1);
    await expect(
      embeddedRegistry({
        store: { ...store, tx: () => Promise.reject(new Error('killed')) },
        registry: 'shared',
        clock,
      }).share([{ model_name: 'seattle_wind', version: 1 }], dev),
    ).rejects.toThrow('killed');
    let pruned: RemovedObjects | null = null;
    const tx: Store['tx'] = async (work) => {
      pruned ??= await prune({ registry: 'shared', before: null });
      return store.tx(work);
    };
    const late = embeddedRegistry({ store: { ...store, tx }, registry: 'shared', clock });
    expect(await late.share([{ model_name: 'seattle_wind', version: 1 }], dev)).toMatchObject([
      { status: 'shared' },
    ]);
    expect(pruned).toMatchObject({ count: files.length });
    await isWhole();
    expect(await prune({ registry: 'shared', before: null })).toEqual({ count: 0, bytes: 0 });
  });
});

describe('a version without files', () => {
  beforeEach(async () => {
    await versions(3);
    clock.jumpTo('2026-02-01T00:00:00.000Z');
    await prune();
  });

  it('cannot be read, and says why and what to do', async () => {
    for (const read of [
      dev.open('seattle_wind', 1),
      dev.verify('seattle_wind', 1),
      dev.download('seattle_wind', 1, folder),
    ])
      await expect(read).rejects.toMatchObject({
        code: 'not_found',
        message: 'The files of seattle_wind:1 were removed by retention at 2026-02-01T00:00Z.',
        hint: expect.stringContaining('trainyard run --circuits seattle_wind'),
      });
  });

  it('cannot be shared, as an outcome', async () => {
    expect(await shared.share([{ model_name: 'seattle_wind', version: 1 }], dev)).toEqual([
      {
        model_name: 'seattle_wind',
        version: 1,
        status: 'refused',
        reason: 'files_removed',
        message: 'The files of seattle_wind:1 were removed by retention at 2026-02-01T00:00Z.',
      },
    ]);
  });
});
