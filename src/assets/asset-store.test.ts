import { describe, expect, it, onTestFinished } from 'vitest';
import { ConflictError, CorruptRowError, UsageError } from '../kernel/errors.ts';
import { memoryStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { findAsset, findDigests, listAssets, markShared, registerAssets } from './asset-store.ts';
import type { NewAsset } from './asset-store.ts';

const AT = '2026-11-22T00:00:00.000Z';

const asset = (over: Partial<NewAsset> = {}): NewAsset => ({
  ...{ kind: 'environment', name: 'sensor-env', version: '3', digest: 'd3', content: { image: 'x' } },
  ...{ file: 'components/environments/sensor.yaml', ...over },
});

function openStore(): Store {
  const store = memoryStore();
  onTestFinished(() => store.close());
  return store;
}

const register = (store: Store, ...assets: NewAsset[]) =>
  store.tx((tx) => registerAssets(tx, assets, { run_id: null, at: AT }));

describe('registerAssets', () => {
  it('registers what is new, once', async () => {
    const store = openStore();
    expect(await register(store, asset(), asset({ kind: 'component' }))).toHaveLength(2);
    expect(await register(store, asset(), asset({ version: '4', digest: 'd4' }), asset())).toEqual([
      asset({ version: '4', digest: 'd4' }),
    ]);
    expect(await findAsset(store.db, 'environment', 'sensor-env', '3')).toEqual({
      ...{ kind: 'environment', name: 'sensor-env', version: '3', digest: 'd3', content: { image: 'x' } },
      ...{ run_id: null, created_at: AT, shared_at: null },
    });
    expect(await findAsset(store.db, 'data', 'sensor-env', '3')).toBeNull();
  });

  it.each([
    ['3', '4'],
    ['1.9', '1.10'],
    ['v2', 'v3'],
    ['beta', 'beta.1'],
  ])('refuses other content under version %s, names the file and proposes %s', async (version, next) => {
    const store = openStore();
    await register(store, asset({ version }));
    const error = await register(store, asset({ version, digest: 'other' }), asset({ name: 'new' })).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(ConflictError);
    expect(error).toMatchObject({
      message: `The environment sensor-env:${version} in components/environments/sensor.yaml changed, but version ${version} is registered with other content.`,
      hint: `Registered versions never change: write version: "${next}" in components/environments/sensor.yaml, or undo the change.`,
    });
    expect(await findAsset(store.db, 'environment', 'new', '3')).toBeNull();
  });

  it('names the others when several changed', async () => {
    const store = openStore();
    await register(store, asset({ name: 'a' }), asset({ name: 'b' }));
    await expect(
      register(store, asset({ name: 'a', digest: 'x' }), asset({ name: 'b', digest: 'x' })),
    ).rejects.toThrow('So did 1 more: b:3.');
  });

  it('refuses two different ones of the same name in one list', async () => {
    const store = openStore();
    await expect(register(store, asset(), asset({ digest: 'x', file: 'b.yaml' }))).rejects.toThrow(
      'Two different environments are both called sensor-env:3: components/environments/sensor.yaml and b.yaml.',
    );
  });

  it('registers ten thousand data assets at once, and each of them once', async () => {
    const store = openStore();
    const many = Array.from({ length: 10_000 }, (_, i) =>
      asset({ kind: 'data', name: `plant-${i}-data`, version: '7', file: null }),
    );
    expect(await register(store, ...many)).toHaveLength(10_000);
    expect(await register(store, ...many)).toHaveLength(0);
    expect((await findDigests(store.db, 'data', many)).size).toBe(10_000);
  });
});

describe('listAssets', () => {
  it('gives every version once, page by page, also while new ones arrive', async () => {
    const store = openStore();
    await register(
      store,
      ...Array.from({ length: 25 }, (_, i) => asset({ name: `n${String(i).padStart(2, '0')}` })),
    );
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof listAssets>> = await listAssets(store.db, {
        kind: 'environment',
        after,
        limit: 10,
      });
      seen.push(...page.assets.map((a) => a.name));
      if (after === null) await register(store, asset({ name: 'a-earlier' }));
      after = page.next;
    } while (after !== null);
    expect(seen).toHaveLength(25);
    expect(new Set(seen).size).toBe(25);
  });

  it('narrows by name, and refuses a page marker of another origin', async () => {
    const store = openStore();
    await register(store, asset(), asset({ version: '4' }), asset({ name: 'other' }));
    const { assets, next } = await listAssets(store.db, { name: 'sensor-env', limit: 2 });
    expect(assets.map((a) => a.version)).toEqual(['3', '4']);
    expect(next).toBeNull();
    await expect(listAssets(store.db, { after: 'rubbish', limit: 2 })).rejects.toThrow(UsageError);
  });

  it('names the row that cannot be read', async () => {
    const store = openStore();
    await register(store, asset());
    await store.db.updateTable('assets').set({ content: '[]' }).execute();
    await expect(listAssets(store.db, { limit: 2 })).rejects.toThrow(CorruptRowError);
  });
});

describe('markShared', () => {
  it('keeps the first time, and leaves out what is not registered', async () => {
    const store = openStore();
    await register(store, asset(), asset({ version: '4' }));
    const share = (at: string, ...keys: NewAsset[]) => store.tx((tx) => markShared(tx, keys, at));
    expect(await share('2026-11-23T00:00:00.000Z', asset(), asset({ name: 'unknown' }))).toEqual([asset()]);
    expect(await share('2026-11-24T00:00:00.000Z', asset())).toEqual([]);
    expect((await findAsset(store.db, 'environment', 'sensor-env', '3'))?.shared_at).toBe(
      '2026-11-23T00:00:00.000Z',
    );
    expect((await findAsset(store.db, 'environment', 'sensor-env', '4'))?.shared_at).toBeNull();
  });
});
