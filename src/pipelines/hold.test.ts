import { spawn } from 'node:child_process';
import { hostname } from 'node:os';
import { beforeEach, describe, expect, it } from 'vitest';
import { ConflictError } from '../kernel/errors.ts';
import { processStart } from '../kernel/processes.ts';
import { addSeconds, memoryStore } from '../store/index.ts';
import type { Store, WorkersTable } from '../store/index.ts';
import { addRun } from '../testing/test-rows.ts';
import { currentHolder, holdProject, holdUnlessServed } from './index.ts';

let store: Store;
beforeEach(() => {
  store = memoryStore();
  return () => store.close();
});

const worker = async (more: Partial<WorkersTable> = {}): Promise<void> => {
  const row = {
    id: 'wrk_other',
    kind: 'run',
    pid: 1,
    pid_start: processStart(1),
    host: hostname(),
    started_at: store.now(),
    heartbeat_at: store.now(),
    ...more,
  };
  await store.db.insertInto('workers').values(row).execute();
};
const workers = () => store.db.selectFrom('workers').selectAll().execute();
const lease = { lease_token: 't', lease_owner: 'wrk_other', lease_expires_at: '2999-01-01T00:00:00.000Z' };

describe('holdProject', () => {
  it('is for one process at a time, and names the one that has it', async () => {
    await using hold = await holdProject(store, 0, 'run');
    await expect(holdProject(store, 0, 'worker')).rejects.toThrow(ConflictError);
    await expect(holdProject(store, 0, 'worker')).rejects.toMatchObject({
      exit_code: 6,
      message: expect.stringContaining(`held by \`trainyard run\` (process ${process.pid} on ${hostname()}`),
      details: { holder: { kind: 'run', pid: process.pid } },
    });
    expect((await workers()).map((w) => w.id)).toEqual([hold.id]);
  });

  it('is given back, with its leases, so that the next process begins at once', async () => {
    await addRun(store, { due_at: null });
    {
      await using hold = await holdProject(store, 0, 'run');
      await store.db
        .updateTable('runs')
        .set({ ...lease, lease_owner: hold.id })
        .execute();
    }
    expect(await workers()).toEqual([]);
    expect(await store.db.selectFrom('runs').select(['lease_token', 'lease_owner']).execute()).toEqual([
      { lease_token: null, lease_owner: null },
    ]);
    await using again = await holdProject(store, 0, 'worker');
    expect((await currentHolder(store))?.id).toBe(again.id);
  });

  it('replaces a holder that died on this machine, and its leases fall', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => child.once('exit', resolve));
    await worker({ pid: child.pid ?? 0, pid_start: '12345' });
    await addRun(store, lease);
    expect(await currentHolder(store)).toBeNull();
    await using _hold = await holdProject(store, 0, 'run');
    expect((await workers()).map((w) => w.pid)).toEqual([process.pid]);
    expect(await store.db.selectFrom('runs').select('lease_owner').execute()).toEqual([
      { lease_owner: null },
    ]);
  });

  it('does not take a later process with the same pid for the holder', async () => {
    await worker({ pid: process.pid, pid_start: `${processStart(process.pid)}9` });
    expect(await currentHolder(store)).toBeNull();
    await using _hold = await holdProject(store, 0, 'run');
  });

  it('believes a process of another machine as long as it is heard of', async () => {
    await worker({
      host: 'elsewhere',
      pid: 4_000_000,
      pid_start: 'x',
      heartbeat_at: addSeconds(store.now(), -80),
    });
    await expect(holdProject(store, 0, 'run')).rejects.toThrow(/process 4000000 on elsewhere/);
    await store.db
      .updateTable('workers')
      .set({ heartbeat_at: addSeconds(store.now(), -100) })
      .execute();
    await using _hold = await holdProject(store, 0, 'run');
  });
});

describe('holdUnlessServed', () => {
  it('leaves the work to a worker that is there', async () => {
    await worker({ kind: 'worker' });
    expect(await holdUnlessServed(store, 0, 'run')).toBeNull();
  });

  it('refuses beside another command, which will not stay', async () => {
    await worker({ kind: 'run' });
    await expect(holdUnlessServed(store, 0, 'run')).rejects.toThrow(ConflictError);
  });

  it('holds the project when nobody does', async () => {
    await using hold = await holdUnlessServed(store, 0, 'run');
    expect(hold?.id).toMatch(/^wrk_/);
  });
});
