import { afterEach, describe, expect, it } from 'vitest';
import { pruneTicker } from '../../actions/index.ts';
import { quietChanges } from '../live/quiet-changes.ts';
import { fleetOf } from '../../testing/test-world.ts';
import { testApi } from '../test-api.ts';
import type { TestApi } from '../test-api.ts';

const open: TestApi[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.world[Symbol.asyncDispose]();
});

const DAY = 86_400_000;

/** A project that was trained three times, so that models and logs are old. */
async function oldProject(): Promise<TestApi> {
  const api = await testApi({ environment: null, settings: 'retention: {models: 30d, logs: 14d}\n' });
  open.push(api);
  const { world } = api;
  for (const alpha of [1, 2, 3]) {
    await world.write('config/circuits.yaml', fleetOf(3, `, hyperparameters: {alpha: ${alpha}}`));
    await world.run({ allow_wide: 'a test', pr: true });
  }
  return api;
}

/** What the process does that advances the runs. */
async function ticked({ world }: TestApi): Promise<void> {
  const ticker = pruneTicker(world.project);
  for (let at = await ticker.next(); at !== null && at <= world.clock.now(); at = await ticker.next())
    await ticker.tick(world.clock.now());
}

describe('retention over HTTP', { timeout: 120_000 }, () => {
  it('says what is kept for how long, and that nobody asked for anything', async () => {
    const { get } = await oldProject();
    expect((await get('/retention')).body).toEqual({
      retention: { models_s: 30 * 86_400, logs_s: 14 * 86_400, runs_s: null },
      served: false,
      pruned_at: null,
      asked: null,
      last: null,
    });
  });

  it('shows what would go, as many things as are asked for, and removes nothing', async () => {
    const api = await oldProject();
    const { world, post } = api;
    // The thread that looks has the time of the machine.
    const ended_at = new Date(Date.now() - 20 * DAY).toISOString();
    await world.project.store.db.updateTable('runs').set({ ended_at }).execute();
    const first = await post('/retention/preview', { items: 2 });
    expect(first).toMatchObject({
      status: 200,
      body: {
        report: { dry_run: true, removed: { logs: { count: 3 }, run: { count: 0 } } },
        items: [{ action: expect.any(String), why: expect.any(String) }, {}],
      },
    });
    const all = (await post('/retention/preview', { items: 1000 })).body;
    expect(all['more']).toBe(0);
    expect((all['items'] as unknown[]).length).toBe(Number(first.body['more']) + 2);
    expect((await post('/retention/preview')).body).toMatchObject({ items: [] });
    expect((await post('/retention/preview', { items: 2000 })).status).toBe(400);
    expect(await world.project.store.db.selectFrom('run_retention').selectAll().execute()).toEqual([]);
  });

  it('goes through once somebody asked, however often, and tells how far it is and what went', async () => {
    const api = await oldProject();
    const { world, get, post } = api;
    await ticked(api);
    world.clock.jumpTo(world.clock.now() + 20 * DAY);
    const quiet = quietChanges(world.project.store.db);
    await quiet.look();
    const asked = await post('/retention/prune', undefined, { 'idempotency-key': 'one' });
    expect(asked).toMatchObject({
      status: 202,
      body: { by: { name: 'tester' }, begun_at: null, removed: 0 },
    });
    const { id } = asked.body;
    expect((await post('/retention/prune', undefined, { 'idempotency-key': 'one' })).body).toEqual(
      asked.body,
    );
    expect((await post('/retention/prune')).body).toEqual(asked.body);
    expect((await get('/retention')).body).toMatchObject({ asked: { id }, last: { id: null } });
    expect(await quiet.look()).toContain('retention');
    await ticked(api);
    expect((await get('/retention')).body).toMatchObject({
      asked: null,
      last: { id, by: 'tester', error: null, report: { dry_run: false, removed: { logs: { count: 3 } } } },
      pruned_at: new Date(world.clock.now()).toISOString(),
    });
    expect(await quiet.look()).toContain('retention');
    const events = await get('/events?type=retention.*');
    expect(events.body).toMatchObject({
      items: [
        {
          type: 'retention.pruned',
          actor: 'tester',
          message: expect.stringMatching(/^tester removed the logs/),
        },
        { type: 'retention.asked', actor: 'tester' },
      ],
    });
  });
});
