import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { openingKeys, sealingKey } from './index.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const HOUR = 3600_000;
let folder: string;
let stores: Store[] = [];
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'trainyard-keys-'))));
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  await rm(folder, { recursive: true });
});
const server = async (): Promise<Store> => {
  const store = await openStore(folder);
  stores = [...stores, store];
  return store;
};
const hex = (keys: readonly Buffer[]): string[] => keys.map((key) => key.toString('hex'));

describe('the key of sign-ins', () => {
  it('is one for all servers of a project, whichever asks first, and after a restart', async () => {
    const [a, b] = [await server(), await server()];
    expect(await openingKeys(a.db, START)).toEqual([]);
    // Both find none, and the second finds the first one's once it is its turn.
    const keys = await Promise.all([sealingKey(a, START), sealingKey(a, START)]);
    expect(hex(keys)[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(
      new Set(hex([...keys, await sealingKey(b, START), await sealingKey(await server(), START + HOUR)]))
        .size,
    ).toBe(1);
    expect(hex(await openingKeys(b.db, START))).toEqual(hex(keys.slice(0, 1)));
  });

  it('is a new one each day, and the old one opens what was sealed last', async () => {
    const store = await server();
    const first = await sealingKey(store, START);
    expect(hex([await sealingKey(store, START + 24 * HOUR - 1)])).toEqual(hex([first]));
    const second = await sealingKey(store, START + 24 * HOUR);
    expect(hex([second])).not.toEqual(hex([first]));
    expect(hex(await openingKeys(store.db, START + 24 * HOUR))).toEqual(hex([second, first]));
    expect(hex(await openingKeys(store.db, START + 25 * HOUR))).toEqual(hex([second]));
    expect(hex(await openingKeys(store.db, START + 60 * HOUR))).toEqual([]);
    await sealingKey(store, START + 60 * HOUR);
    const { value } = await store.db
      .selectFrom('meta')
      .select('value')
      .where('key', '=', 'sign_in_keys')
      .executeTakeFirstOrThrow();
    expect(JSON.parse(value)).toHaveLength(1);
  });

  it('stands in no event and in no record', async () => {
    const store = await server();
    const key = (await sealingKey(store, START)).toString('base64url');
    for (const table of ['events', 'audit', 'answers'] as const)
      expect(JSON.stringify(await store.db.selectFrom(table).selectAll().execute())).not.toContain(key);
  });
});
