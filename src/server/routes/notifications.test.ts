import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { testWorld } from '../../testing/test-world.ts';
import type { TestWorld } from '../../testing/test-world.ts';
import { createApp } from '../app.ts';

let open: TestWorld[] = [];
const servers: Server[] = [];
afterEach(async () => {
  for (const each of open) await each[Symbol.asyncDispose]();
  open = [];
  for (const server of servers.splice(0)) server.close();
});

/** A project whose channel `hook` leads to a server that answers with `status`. */
const api = async (status = 204) => {
  const got: string[] = [];
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => got.push(chunk.toString()));
    request.on('end', () => response.writeHead(status).end());
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const settings = `notifications:
  channels: {hook: {type: webhook, url: "http://127.0.0.1:${port}/secretpath"}}
  routes: [{channels: [hook], events: ["run.*"], severity: info}]
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
  return { world, ask, got };
};

/** Messages as the outbox has them. */
const messages = (w: TestWorld, states: readonly string[]): Promise<unknown> =>
  w.project.store.db
    .insertInto('notifications')
    .values(
      states.map((state, i) => ({
        id: `ntf_${i}`,
        channel: i % 2 === 0 ? 'hook' : 'other',
        lane: '',
        kind: 'event',
        state,
        title: `message ${i}`,
        events: 1,
        first_event: i,
        last_event: i,
        opens: 0,
        payload: '{"secret": "inside"}',
        attempts: 0,
        due_at: '2026-01-01T00:00:00.000Z',
        queued_at: '2026-01-01T00:00:00.000Z',
        created_at: '2026-01-01T00:00:00.000Z',
      })),
    )
    .execute();

describe('channels over HTTP', () => {
  it('are listed with what each is told, and without their addresses', async () => {
    const { ask } = await api();
    const { body } = await ask('GET', '/channels');
    expect(body).toMatchObject({
      items: [{ name: 'hook', type: 'webhook', ok: true, pending: 0, routes: [{ events: ['run.*'] }] }],
      next: null,
    });
    expect(JSON.stringify(body)).not.toContain('secretpath');
  });

  it('are tested with a real message', async () => {
    const { ask, got } = await api();
    expect(await ask('POST', '/channels/hook/test')).toMatchObject({
      status: 200,
      body: { channel: 'hook', type: 'webhook' },
    });
    expect(got.join('')).toContain('notification.test');
  });

  it('that do not take it say so, and those that are not there are missed', async () => {
    const { ask } = await api(500);
    expect(await ask('POST', '/channels/hook/test')).toMatchObject({
      status: 503,
      body: { code: 'provider_unavailable', detail: expect.stringContaining('did not take') },
    });
    expect((await ask('POST', '/channels/hok/test')).body).toMatchObject({
      code: 'not_found',
      hint: expect.stringContaining('hook'),
    });
  });
});

describe('messages over HTTP', () => {
  it('are listed by state and channel, page by page, without what they carry', async () => {
    const { world, ask } = await api();
    await messages(world, ['pending', 'dead', 'dead', 'delivered', 'dead']);
    const all = await ask('GET', '/notifications?limit=3');
    expect(all.body).toMatchObject({
      items: [{ id: 'ntf_4' }, { id: 'ntf_3' }, { id: 'ntf_2' }],
      next: 'ntf_2',
    });
    expect(JSON.stringify(all.body)).not.toContain('inside');
    expect((await ask('GET', '/notifications?limit=3&cursor=ntf_2')).body).toMatchObject({
      items: [{ id: 'ntf_1' }, { id: 'ntf_0' }],
      next: null,
    });
    expect((await ask('GET', '/notifications?state=dead&channel=hook')).body).toMatchObject({
      items: [{ id: 'ntf_4' }, { id: 'ntf_2' }],
    });
  });

  it('that could not be delivered are sent again or forgotten', async () => {
    const { world, ask } = await api();
    await messages(world, ['dead', 'dead', 'dead', 'pending']);
    expect((await ask('POST', '/notifications/replay', { ids: ['ntf_1'] })).body).toEqual({
      at: expect.any(String),
      replayed: 1,
    });
    expect(await ask('POST', '/notifications/replay', { ids: ['ntf_3'] })).toMatchObject({ status: 409 });
    expect((await ask('POST', '/notifications/drop', { all: true, channel: 'hook' })).body).toEqual({
      dropped: 2,
    });
    expect((await ask('GET', '/notifications?state=dead')).body).toMatchObject({ items: [] });
  });

  it('that wait for their next try are due now where somebody asks, of the channels that are named', async () => {
    const { world, ask } = await api();
    const { db } = world.project.store;
    await messages(world, ['pending', 'pending', 'dead']);
    const later = '2099-01-01T00:00:00.000Z';
    await db.updateTable('notifications').set({ due_at: later }).execute();
    expect(await ask('POST', '/notifications/send', { channels: ['hook'] })).toMatchObject({
      status: 202,
      body: { at: new Date(world.clock.now()).toISOString(), waiting: 1 },
    });
    const due = await db.selectFrom('notifications').select(['id', 'due_at']).orderBy('id').execute();
    expect(due.map(({ id, due_at }) => [id, due_at === later])).toEqual([
      ['ntf_0', false],
      ['ntf_1', true],
      ['ntf_2', true],
    ]);
    expect((await ask('POST', '/notifications/send', { channels: ['hok'] })).body).toMatchObject({
      code: 'not_found',
      hint: expect.stringContaining('hook'),
    });
  });

  it.each([[{}], [{ ids: ['ntf_0'], all: true }], [{ ids: ['ntf_0'], channel: 'hook' }], [{ all: false }]])(
    'must be named: %j',
    async (body) => {
      const { ask } = await api();
      expect((await ask('POST', '/notifications/drop', body)).status).toBe(400);
    },
  );
});
