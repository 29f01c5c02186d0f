import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memoryStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { addModel } from '../testing/test-rows.ts';
import { accept } from './accept.ts';
import { goodModel, goodModels, goodSettings } from './good-models.ts';

let store: Store;
beforeEach(() => {
  store = memoryStore();
});
afterEach(() => store.close());

const withdraw = (version: number) =>
  store.db
    .updateTable('model_versions')
    .set({ withdrawn_at: '2026-02-01T00:00:00.000Z', withdrawn_by: 'ann', withdrawn_reason: 'bad' })
    .where('version', '=', version)
    .execute();
const accepting = (hash: string, at: string) =>
  store.tx((tx) =>
    accept(tx, [{ circuit_id: 'p_a', training_hash: hash, inputs_digest: 'd2' }], {
      reason: 'only a rename',
      by: 'ann',
      at,
    }),
  );

describe('the good model of a circuit', () => {
  it('is the newest version that nobody withdrew', async () => {
    await addModel(store, { circuit_id: 'p_a', version: 1, training_hash: 'h1' });
    await addModel(store, { circuit_id: 'p_a', version: 2, training_hash: 'h2' });
    expect(await goodModel(store.db, 'p_a')).toMatchObject({ version: 2, training_hash: 'h2' });
    await withdraw(2);
    expect(await goodModel(store.db, 'p_a')).toMatchObject({ version: 1, training_hash: 'h1' });
    await withdraw(1);
    expect(await goodModel(store.db, 'p_a')).toBeNull();
  });

  it('is never one of a pull-request run', async () => {
    await addModel(store, { circuit_id: 'p_a', version: 1 });
    await addModel(store, { circuit_id: 'p_a', version: 2, pr: true });
    expect((await goodModel(store.db, 'p_a'))?.version).toBe(1);
  });

  it('is told alike for one circuit and for all', async () => {
    for (const [circuit_id, version] of [
      ['p_a', 1],
      ['p_a', 2],
      ['p_b', 1],
    ] as const)
      await addModel(store, { circuit_id, version });
    const all = await goodModels(store.db);
    expect([...all.keys()].toSorted()).toEqual(['p_a', 'p_b']);
    for (const [id, model] of all) expect(await goodModel(store.db, id)).toEqual(model);
  });

  it('brings its settings, of the circuits asked for and no others', async () => {
    await addModel(store, { circuit_id: 'p_a', version: 1, settings: '{"v":1}' });
    await addModel(store, { circuit_id: 'p_a', version: 2, settings: '{"v":2}' });
    await addModel(store, { circuit_id: 'p_b', version: 1, settings: '{"b":1}' });
    expect([...(await goodSettings(store.db, ['p_a', 'p_none']))]).toEqual([['p_a', '{"v":2}']]);
  });
});

describe('accept', () => {
  it('lets the model stand for another hash, the newest word counting', async () => {
    await addModel(store, { circuit_id: 'p_a', version: 1, training_hash: 'h1' });
    await accepting('h2', '2026-03-01T00:00:00.000Z');
    await accepting('h3', '2026-03-02T00:00:00.000Z');
    expect((await goodModel(store.db, 'p_a'))?.accepted).toMatchObject({
      hash: 'h3',
      digest: 'd2',
      by: 'ann',
      reason: 'only a rename',
    });
    expect((await goodModels(store.db)).get('p_a')?.accepted?.hash).toBe('h3');
  });

  it('holds for that version only: a newer model does not inherit it, nor does an older one', async () => {
    await addModel(store, { circuit_id: 'p_a', version: 1, training_hash: 'h1' });
    await accepting('h2', '2026-03-01T00:00:00.000Z');
    await addModel(store, { circuit_id: 'p_a', version: 2, training_hash: 'h9' });
    expect((await goodModel(store.db, 'p_a'))?.accepted).toBeNull();
    await withdraw(2);
    expect((await goodModel(store.db, 'p_a'))?.accepted?.hash).toBe('h2');
  });

  it('needs a model, a reason and a name', async () => {
    await expect(accepting('h2', '2026-03-01T00:00:00.000Z')).rejects.toMatchObject({ exit_code: 5 });
    await addModel(store, { circuit_id: 'p_a', version: 1 });
    await expect(
      store.tx((tx) =>
        accept(tx, [{ circuit_id: 'p_a', training_hash: 'h', inputs_digest: 'd' }], {
          reason: ' ',
          by: 'ann',
          at: '2026-03-01T00:00:00.000Z',
        }),
      ),
    ).rejects.toMatchObject({ exit_code: 2 });
    expect((await goodModel(store.db, 'p_a'))?.accepted).toBeNull();
  });
});
