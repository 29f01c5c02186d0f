import { beforeEach, describe, expect, it } from 'vitest';
import { toIso } from '../kernel/clock.ts';
import { addSeconds, memoryStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { addRun } from '../testing/test-rows.ts';
import { LeaseLostError, claimDue, fenced, release } from './lease.ts';
import type { Lease } from './lease.ts';
import { wakeRun } from './run-store.ts';

const NOW = Date.UTC(2026, 0, 1);

let store: Store;
beforeEach(() => {
  store = memoryStore();
  return () => store.close();
});

const claim = async (now = NOW, limit = 4, owner = 'wrk_1'): Promise<Lease[]> =>
  claimDue(store, now, owner, limit, { pipelines: ['train'] });
const claimOne = async (now = NOW): Promise<Lease> => {
  const [lease] = await claim(now);
  if (lease === undefined) throw new Error('nothing was due');
  return lease;
};
const row = (id = 'run_1') =>
  store.db.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
const expire = () =>
  store.db
    .updateTable('runs')
    .set({ lease_expires_at: addSeconds(store.now(), -1) })
    .execute();
/** What an advance would write. */
const write = (lease: Lease): Promise<unknown> =>
  fenced(store, lease, (tx) =>
    tx.updateTable('runs').set({ reason: lease.token }).where('id', '=', 'run_1').execute(),
  );

describe('claimDue', () => {
  it('takes what is due, once', async () => {
    await addRun(store, { due_at: toIso(NOW) });
    expect((await claim(NOW - 1)).length).toBe(0);
    expect((await claim()).map((l) => l.run.id)).toEqual(['run_1']);
    expect(await claim()).toEqual([]);
    expect(await row()).toMatchObject({ lease_owner: 'wrk_1', due_at: null });
  });

  it('takes the longest-due runs first, no more than asked', async () => {
    for (const n of [1, 2, 3, 4, 5])
      await addRun(store, { id: `run_${n}`, number: n, due_at: toIso(NOW - n) });
    expect((await claim(NOW, 2)).map((l) => l.run.id).toSorted()).toEqual(['run_4', 'run_5']);
  });

  it('leaves alone what waits for somebody and what is over', async () => {
    await addRun(store, { id: 'run_waits', number: 1, due_at: null });
    await addRun(store, { id: 'run_over', number: 2, due_at: toIso(NOW), ended_at: toIso(NOW) });
    expect(await claim()).toEqual([]);
  });

  it('gives a run to one of many that ask at once', async () => {
    await addRun(store, { due_at: toIso(NOW) });
    const all = await Promise.all(Array.from({ length: 8 }, (_, i) => claim(NOW, 4, `wrk_${i}`)));
    expect(all.flat()).toHaveLength(1);
  });
});

describe('a lease', () => {
  it('runs out by the clock of the database, whatever ours says', async () => {
    await addRun(store, { due_at: toIso(NOW) });
    const first = await claimOne();
    await store.db
      .updateTable('runs')
      .set({ due_at: toIso(NOW) })
      .execute();
    // Years pass on our clock, none on the database's.
    expect(await claim(NOW + 10 * 365 * 86_400_000)).toEqual([]);
    await expire();
    const second = await claimOne();
    expect(second.token).not.toBe(first.token);
    expect((await row()).lease_expires_at?.slice(0, 4)).toBe(store.now().slice(0, 4));
  });

  it('lets its loser write nothing', async () => {
    await addRun(store, { due_at: toIso(NOW) });
    const loser = await claimOne();
    await store.db
      .updateTable('runs')
      .set({ due_at: toIso(NOW) })
      .execute();
    await expire();
    const winner = await claimOne();
    await expect(write(loser)).rejects.toThrow(LeaseLostError);
    expect((await row()).reason).toBeNull();
    await write(winner);
    expect((await row()).reason).toBe(winner.token);
  });

  it('keeps what its work wrote only when all of it was written', async () => {
    await addRun(store, { due_at: toIso(NOW) });
    const lease = await claimOne();
    const half = fenced(store, lease, async (tx) => {
      await tx.updateTable('runs').set({ reason: 'half' }).execute();
      throw new Error('power cut');
    });
    await expect(half).rejects.toThrow('power cut');
    expect((await row()).reason).toBeNull();
  });

  it('is prolonged by every write', async () => {
    await addRun(store, { due_at: toIso(NOW) });
    const lease = await claimOne();
    await store.db
      .updateTable('runs')
      .set({ lease_expires_at: addSeconds(store.now(), 1) })
      .execute();
    await write(lease);
    expect(Date.parse((await row()).lease_expires_at ?? '') - Date.parse(store.now())).toBeGreaterThan(
      50_000,
    );
  });
});

describe('release', () => {
  const letGo = (lease: Lease, due: number | null): Promise<void> =>
    fenced(store, lease, (tx) => release(tx, lease, due));

  it('lets the run go with its next due time', async () => {
    await addRun(store, { due_at: toIso(NOW) });
    const lease = await claimOne();
    await letGo(lease, NOW + 5000);
    expect(await row()).toMatchObject({
      lease_token: null,
      lease_owner: null,
      lease_expires_at: null,
      due_at: toIso(NOW + 5000),
    });
    await expect(write(lease)).rejects.toThrow(LeaseLostError);
  });

  it.each([
    ['until a time', NOW + 60_000],
    ['for somebody', null],
  ])('keeps a wake-up that came while the run was held and then waits %s', async (_what, due) => {
    await addRun(store, { due_at: toIso(NOW) });
    const lease = await claimOne();
    await wakeRun(store.db, NOW + 10, 'run_1');
    await letGo(lease, due);
    expect((await row()).due_at).toBe(toIso(NOW + 10));
  });

  it('does not put off what is due earlier anyway', async () => {
    await addRun(store, { due_at: toIso(NOW) });
    const lease = await claimOne();
    await wakeRun(store.db, NOW + 10_000, 'run_1');
    await letGo(lease, NOW + 5000);
    expect((await row()).due_at).toBe(toIso(NOW + 5000));
  });
});

describe('wakeRun', () => {
  it('does not wake what is over', async () => {
    await addRun(store, { ended_at: toIso(NOW) });
    await wakeRun(store.db, NOW, 'run_1');
    expect((await row()).due_at).toBeNull();
  });
});
