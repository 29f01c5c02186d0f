import { afterEach, describe, expect, it } from 'vitest';
import { testWorld } from '../../testing/test-world.ts';
import type { TestWorld } from '../../testing/test-world.ts';
import { createApp } from '../app.ts';

let open: TestWorld[] = [];
afterEach(async () => {
  for (const each of open) await each[Symbol.asyncDispose]();
  open = [];
});
const api = async () => {
  const settings = `schedules:
  nightly: {cron: "0 2 * * *", timezone: Europe/Berlin}
  resting: {cron: "0 4 * * *", enabled: false}
`;
  const world = await testWorld({ environment: null, settings });
  open.push(world);
  const app = createApp({ project: world.project });
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await app.request(`/api/v1${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    return { status: answer.status, body: await answer.json() };
  };
  return { world, ask };
};

describe('schedules over HTTP', () => {
  it('are listed with their next times on both clocks', async () => {
    const { ask } = await api();
    expect((await ask('GET', '/schedules')).body).toMatchObject({
      fires: false,
      next: null,
      items: [
        {
          name: 'nightly',
          timezone: 'Europe/Berlin',
          enabled: true,
          next: [{ local: expect.stringContaining('02:00'), utc: '2026-01-01T01:00Z' }, {}, {}],
          last: null,
        },
        { name: 'resting', enabled: false, next: [] },
      ],
    });
  });

  it('are paused and go on, each once, on record with who did it', async () => {
    const { world, ask } = await api();
    expect(await ask('POST', '/schedules/nightly/pause', { reason: 'audit week' })).toMatchObject({
      status: 200,
      body: { changed: true, next: [], paused: { reason: 'audit week' } },
    });
    expect((await ask('POST', '/schedules/nightly/pause')).body).toMatchObject({ changed: false });
    expect((await ask('POST', '/schedules/nightly/resume')).body).toMatchObject({
      changed: true,
      paused: null,
    });
    expect((await ask('POST', '/schedules/nightly/resume')).body).toMatchObject({ changed: false });
    const { name } = await world.project.actor();
    const record = (await ask('GET', `/audit?type=schedule.*&by=${name}`)).body;
    expect(record).toMatchObject({ items: [{ type: 'schedule.resumed' }, { type: 'schedule.paused' }] });
  });

  it('tell of a run as it is kept for whoever asks again, also where it is on its way a moment later', async () => {
    const { world } = await api();
    const { project } = world;
    const tx: typeof project.store.tx = async (work) => {
      const done = await project.store.tx(work);
      await project.store.db.updateTable('runs').set({ due_at: null }).execute();
      return done;
    };
    const app = createApp({ project: { ...project, store: { ...project.store, tx } } });
    const run = () =>
      app.request('/api/v1/schedules/nightly/run', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'one' },
        body: '{}',
      });
    const first = await run();
    expect(first.status).toBe(202);
    expect(await (await run()).json()).toEqual(await first.json());
  });

  it('run when asked, and not twice at once', async () => {
    const { world, ask } = await api();
    expect(await ask('POST', '/schedules/nightly/run')).toMatchObject({
      status: 202,
      body: { firing: { kind: 'manual', outcome: 'started', run_number: 1 }, run: { number: 1 } },
    });
    world.clock.jumpTo(world.clock.now() + 1000);
    expect(await ask('POST', '/schedules/nightly/run')).toMatchObject({
      status: 409,
      body: { code: 'conflict', detail: expect.stringContaining('Nothing was started') },
    });
    expect((await ask('GET', '/schedules/nightly?count=2')).body).toMatchObject({
      next: [{}, {}],
      firings: [{ outcome: 'skipped' }, { outcome: 'started', run_number: 1 }],
    });
  });

  it.each(['GET /schedules/nightle', 'POST /schedules/nightle/run', 'POST /schedules/constructor/pause'])(
    'that are not there are missed: %s',
    async (call) => {
      const { ask } = await api();
      const [method = '', path = ''] = call.split(' ');
      expect(await ask(method, path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    },
  );
});
