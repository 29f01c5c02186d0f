import type { KyselyPlugin } from 'kysely';
import { describe, expect, it } from 'vitest';
import { batches, memoryStore } from '../store/index.ts';
import type { Db, Store } from '../store/index.ts';
import { addRun, jobRow } from '../testing/test-rows.ts';
import { WatchedJobs, jobsNamed } from './named-jobs.ts';

const MANY = 10_000;
const name = (i: number): string => `job_${String(i).padStart(5, '0')}`;

/** Ten thousand running jobs of two runs. */
async function fleet(): Promise<Store> {
  const store = memoryStore();
  await addRun(store, { id: 'run_1', number: 1 });
  await addRun(store, { id: 'run_2', number: 2 });
  const rows = Array.from({ length: MANY }, (_, i) =>
    jobRow(name(i), { run_id: i % 2 === 0 ? 'run_1' : 'run_2', status: 'running' }),
  );
  await store.tx(async (tx) => {
    for (const some of batches(rows, 250))
      await tx
        .insertInto('jobs')
        .values([...some])
        .execute();
  });
  return store;
}

/** The same database, and how many queries it was asked. */
function counted(db: Db): { readonly db: Db; readonly asked: () => number } {
  let queries = 0;
  let before = 0;
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => {
      queries++;
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  return {
    db: db.withPlugin(plugin),
    asked: () => {
      const now = queries - before;
      before = queries;
      return now;
    },
  };
}

describe('jobs by name', () => {
  it('are found whichever run they are of, and unknown names are left out', async () => {
    const store = memoryStore();
    await addRun(store, { id: 'run_1', number: 1 });
    await addRun(store, { id: 'run_2', number: 2 });
    await store.db
      .insertInto('jobs')
      .values([jobRow('a'), jobRow('b', { run_id: 'run_2', optional: 1, status: 'failed', message: 'no' })])
      .execute();
    const found = await jobsNamed(store.db, ['b', 'c', 'a']);
    expect([...found.keys()].toSorted()).toEqual(['a', 'b']);
    expect(found.get('b')).toMatchObject({
      run_id: 'run_2',
      optional: true,
      status: 'failed',
      message: 'no',
    });
    await store.close();
  });
});

describe('ten thousand jobs that are waited for', () => {
  it('cost one query per look while nothing ends, and a few when something has', async () => {
    const store = await fleet();
    const { db, asked } = counted(store.db);
    const found = await jobsNamed(
      db,
      Array.from({ length: MANY }, (_, i) => name(i)),
    );
    expect(found.size).toBe(MANY);
    expect(asked()).toBe(20);
    const watched = new WatchedJobs(db, found.values());
    expect(await watched.look()).toBe(false);
    expect(asked()).toBeLessThanOrEqual(21);
    expect(await watched.look()).toBe(false);
    expect(asked()).toBe(1);
    await store.db
      .updateTable('jobs')
      .set({ status: 'succeeded', ended_at: '2026-01-01T00:00:00.000Z' })
      .where('name', '<', name(9000))
      .execute();
    expect(await watched.look()).toBe(true);
    expect(asked()).toBeLessThanOrEqual(21);
    expect(watched.open).toHaveLength(1000);
    await store.db
      .updateTable('jobs')
      .set({ status: 'failed', message: 'boom' })
      .where('status', '=', 'running')
      .execute();
    expect(await watched.look()).toBe(true);
    // Only what was still open is read again.
    expect(asked()).toBe(3);
    expect(watched.open).toEqual([]);
    expect(watched.all.filter((job) => job.message === 'boom')).toHaveLength(1000);
    await store.close();
  });

  it('stay open between two attempts', async () => {
    const store = memoryStore();
    await addRun(store);
    await store.db
      .insertInto('jobs')
      .values(jobRow('a', { status: 'pending', attempt: 2 }))
      .execute();
    const watched = new WatchedJobs(store.db, (await jobsNamed(store.db, ['a'])).values());
    await watched.look();
    expect(watched.open).toHaveLength(1);
    await store.close();
  });
});
