import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nextTurn } from '../kernel/clock.ts';
import { addRun, runRow } from '../testing/test-rows.ts';
import { openStore } from './index.ts';
import type { Store, Tx } from './index.ts';

let root: string;
let store: Store;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'trainyard-serving-'));
  store = await openStore(join(root, '.trainyard'), { serving: true });
  await addRun(store);
});
afterEach(async () => {
  await store.close();
  await rm(root, { recursive: true, force: true });
});

const ids = async (): Promise<string[]> =>
  (await store.db.selectFrom('runs').select('id').orderBy('number').execute()).map(({ id }) => id);
const insert = async (tx: Tx, number: number): Promise<void> => {
  await tx
    .insertInto('runs')
    .values(runRow({ id: `run_${number}`, number }))
    .execute();
};

describe('a store that serves', () => {
  it('reads what was committed last, and waits for no transaction', async () => {
    const { promise: gone_on, resolve: goOn } = Promise.withResolvers<void>();
    const written = store.tx(async (tx) => {
      await insert(tx, 2);
      await gone_on;
    });
    await nextTurn();
    expect(await ids()).toEqual(['run_1']);
    goOn();
    await written;
    expect(await ids()).toEqual(['run_1', 'run_2']);
  });

  it('reads so whatever a statement begins with, and writes in turn', async () => {
    const { promise: gone_on, resolve: goOn } = Promise.withResolvers<void>();
    const written = store.tx(async (tx) => {
      await insert(tx, 2);
      await gone_on;
    });
    const named = sql<{ id: string }>`
      with named (id) as (select id from runs) select id from named order by id`;
    expect((await named.execute(store.db)).rows).toEqual([{ id: 'run_1' }]);
    const renamed = sql`
      with named (id) as (values ('run_2')) update runs set git_branch = 'b' where id in (select id from named)`;
    const writing = renamed.execute(store.db);
    goOn();
    await written;
    expect((await writing).numAffectedRows).toBe(1n);
  });

  it('shows within a transaction what it has written', async () => {
    await store.tx(async (tx) => {
      await insert(tx, 2);
      expect(await tx.selectFrom('runs').select('id').execute()).toHaveLength(2);
    });
  });

  it('lets one write at a time, in the order in which they came', async () => {
    const order: number[] = [];
    const write = (n: number) =>
      store.tx(async (tx) => {
        await insert(tx, n);
        await nextTurn();
        order.push(n);
      });
    const done = [write(2), write(3), write(4)];
    await nextTurn();
    const outside = store.db.updateTable('runs').set({ reason: 'seen' }).where('id', '=', 'run_4');
    // It waits for the last of them, or it would find nothing.
    expect((await outside.executeTakeFirst()).numUpdatedRows).toBe(1n);
    await Promise.all(done);
    expect(order).toEqual([2, 3, 4]);
    expect(await ids()).toEqual(['run_1', 'run_2', 'run_3', 'run_4']);
  });

  it('keeps nothing of a transaction that failed, and lets the next one write', async () => {
    const failed = store.tx(async (tx) => {
      await insert(tx, 2);
      throw new Error('no');
    });
    const next = store.tx((tx) => insert(tx, 3));
    await expect(failed).rejects.toThrow('no');
    await next;
    expect(await ids()).toEqual(['run_1', 'run_3']);
  });

  it('has another mark once something is committed here, and none before', async () => {
    const before = store.readMark();
    await store.tx(async (tx) => {
      await insert(tx, 2);
      expect(store.readMark()).toBe(before);
    });
    const after = store.readMark();
    expect(after).not.toBe(before);
    expect(await ids()).toHaveLength(2);
    expect(store.readMark()).toBe(after);
  });

  it('has another mark once another process has written', async () => {
    const before = store.readMark();
    const other = await openStore(store.folder);
    await other.tx((tx) => insert(tx, 2));
    await other.close();
    expect(store.readMark()).not.toBe(before);
    expect(await ids()).toEqual(['run_1', 'run_2']);
  });

  it('gives others a turn within a long transaction', async () => {
    let turns = 0;
    let over = false;
    const others = (async () => {
      for (; !over; turns++) await nextTurn();
    })();
    await store.tx(async (tx) => {
      const until = performance.now() + 200;
      while (performance.now() < until) await tx.selectFrom('runs').select('id').execute();
    });
    over = true;
    await others;
    expect(turns).toBeGreaterThan(1);
  });

  it('refuses what would wait for its own transaction for ever', async () => {
    await expect(store.tx(() => store.db.selectFrom('runs').selectAll().execute())).rejects.toThrow(
      'Inside a transaction, use the transaction',
    );
  });
});
