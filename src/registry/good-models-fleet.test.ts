import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memoryStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { memoryFile, modelRequest } from '../testing/registry.conformance.ts';
import { TestClock } from '../testing/test-clock.ts';
import { accept, embeddedRegistry, goodModel, goodModels, goodSettings } from './index.ts';
import type { ModelRegistry } from './index.ts';

let folder: string;
let store: Store;
let clock: TestClock;
let dev: ModelRegistry;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'registry-'));
  store = memoryStore(folder);
  clock = new TestClock('2026-01-01T00:00:00.000Z');
  dev = embeddedRegistry({ store, registry: 'dev', clock });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

describe('good models of what was really registered', () => {
  it('are the newest also after the clock was set back and the model was renamed', async () => {
    await dev.register([modelRequest('a'), modelRequest('b')]);
    clock.jumpTo('2025-06-01T00:00:00.000Z');
    await dev.register([modelRequest('c')]);
    expect(await goodModel(store.db, 'seattle_wind')).toMatchObject({
      version: 3,
      created_at: '2026-01-01T00:00:00.002Z',
    });
    await dev.register([modelRequest('d', { model_name: 'renamed' })]);
    expect(await goodModel(store.db, 'seattle_wind')).toMatchObject({ model_name: 'renamed', version: 1 });
  });

  it('are those of the dev registry only', async () => {
    const shared = embeddedRegistry({ store, registry: 'shared', clock });
    await shared.register([modelRequest('a')]);
    expect((await goodModels(store.db)).size).toBe(0);
    expect(await goodModel(store.db, 'seattle_wind')).toBeNull();
  });

  it('are found for every circuit of a fleet larger than a page, acceptances and settings included', async () => {
    const ids = Array.from({ length: 5003 }, (_, i) => `c${i}`);
    const files = [memoryFile('model.json', '{}')];
    await dev.register(
      ids.map((id, i) =>
        modelRequest(id, { circuit_id: id, model_name: id, files, settings: `{"n":${i}.0}` }),
      ),
    );
    const accepted = ['c0', 'c5002', 'c77'];
    await store.tx((tx) =>
      accept(
        tx,
        accepted.map((circuit_id) => ({ circuit_id, training_hash: 'h', inputs_digest: '' })),
        { reason: 'same', by: 'ann', at: '2026-01-02T00:00:00.000Z' },
      ),
    );
    const found = await goodModels(store.db);
    expect([...found.keys()]).toEqual(ids.toSorted());
    expect([...found.values()].filter((m) => m.accepted !== null).map((m) => m.circuit_id)).toEqual(accepted);
    const settings = await goodSettings(store.db, [...ids.slice(0, 700), 'nowhere']);
    expect(settings.size).toBe(700);
    expect(settings.get('c699')).toBe('{"n":699.0}');
  });
});
