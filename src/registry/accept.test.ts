import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memoryStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { addModel } from '../testing/test-rows.ts';
import { accept } from './accept.ts';
import type { Acceptance, Word } from './accept.ts';
import { goodModel } from './good-models.ts';

let store: Store;
beforeEach(async () => {
  store = memoryStore();
  await addModel(store, { circuit_id: 'p_a', version: 1, training_hash: 'h1' });
});
afterEach(() => store.close());

const say = async (changes: Partial<Acceptance & Word> = {}) => {
  const said = {
    circuit_id: 'p_a',
    training_hash: 'h2',
    inputs_digest: 'd2',
    reason: 'only a rename',
    by: 'ann',
    at: '2026-03-01T00:00:00.000Z',
    ...changes,
  };
  const { reason, by, at, ...acceptance } = said;
  const [model] = await store.tx((tx) => accept(tx, [acceptance], { reason, by, at }));
  return model;
};
const records = async () =>
  (await store.db.selectFrom('acceptances').select('training_hash').execute()).length;

describe('accept', () => {
  it('returns the model as it counts from now on, its own hash unchanged', async () => {
    const model = await say();
    expect(model).toMatchObject({ version: 1, training_hash: 'h1', accepted: { hash: 'h2', digest: 'd2' } });
    expect(await goodModel(store.db, 'p_a')).toEqual(model);
  });

  it('adds nothing when the same is said again, and a record when the reason is another', async () => {
    const first = await say();
    expect(await say({ at: '2026-04-01T00:00:00.000Z' })).toEqual(first);
    expect(await records()).toBe(1);
    await say({ reason: 'looked at it again' });
    expect(await records()).toBe(2);
  });

  it('lets the last word count also at the same instant and after the clock was set back', async () => {
    await say();
    await say({ training_hash: 'h3' });
    expect((await goodModel(store.db, 'p_a'))?.accepted).toMatchObject({
      hash: 'h3',
      at: '2026-03-01T00:00:00.001Z',
    });
    await say({ training_hash: 'h4', at: '2025-01-01T00:00:00.000Z' });
    expect((await goodModel(store.db, 'p_a'))?.accepted).toMatchObject({
      hash: 'h4',
      at: '2026-03-01T00:00:00.002Z',
    });
  });

  it('adds nothing of what a model was trained on', async () => {
    await addModel(store, { circuit_id: 'p_b', version: 1, training_hash: 'h2', inputs_digest: 'd2' });
    expect(await say({ circuit_id: 'p_b' })).toMatchObject({ accepted: null });
    expect(await records()).toBe(0);
  });

  it('takes many at once, all of them or none', async () => {
    const ids = Array.from({ length: 1200 }, (_, i) => `q_${i}`);
    for (const circuit_id of ids) await addModel(store, { circuit_id, version: 1, training_hash: 'h1' });
    const word = { reason: 'only a rename', by: 'ann', at: '2026-03-01T00:00:00.000Z' };
    const all = (more: readonly string[]) =>
      store.tx((tx) =>
        accept(
          tx,
          [...ids, ...more].map((circuit_id) => ({ circuit_id, training_hash: 'h2', inputs_digest: 'd2' })),
          word,
        ),
      );
    await expect(all(['q_none'])).rejects.toThrow('The circuit q_none has no good model');
    expect(await records()).toBe(0);
    expect((await all([])).map((model) => model.circuit_id)).toEqual(ids);
    expect(await records()).toBe(1200);
  });
});
