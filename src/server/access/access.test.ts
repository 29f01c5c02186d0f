import { createRoute, z } from '@hono/zod-openapi';
import { afterEach, describe, expect, it } from 'vitest';
import { Role } from '../../kernel/roles.ts';
import { testWorld } from '../../testing/test-world.ts';
import type { TestWorld } from '../../testing/test-world.ts';
import { createApp } from '../app.ts';
import { listen } from '../listen.ts';
import { mustBe } from './route-roles.ts';

let open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.toReversed()) await each[Symbol.asyncDispose]();
  open = [];
});
const world = async (settings = ''): Promise<TestWorld> => {
  const made = await testWorld({ environment: null, settings });
  open.push(made);
  return made;
};
const me = '/api/v1/me';

describe('the local user', () => {
  it('is let in unasked, as on the command line, and may do everything', async () => {
    const w = await world();
    const response = await createApp({ project: w.project }).request(me);
    expect(await response.json()).toEqual({
      name: (await w.project.actor()).name,
      identity: 'claimed',
      via: 'local',
      roles: ['viewer', 'operator', 'approver', 'admin'],
    });
  });

  it.each([
    ['server: {require_sign_in: true}\n', undefined],
    ['server: {public_url: "https://trains.example"}\n', undefined],
    ['', { host: '0.0.0.0' }],
  ])('is nobody where people sign in: %j at %j', async (settings, listening) => {
    const w = await world(settings);
    const response = await createApp({
      project: w.project,
      ...(listening === undefined ? {} : { listening }),
    }).request(me);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: 'unauthenticated' });
  });

  it('is known by the socket: another port in the name, another name, or a proxy in between is refused', async () => {
    const w = await world();
    const server = await listen({ project: w.project }, { host: '127.0.0.1', port: 0 });
    open.push({ [Symbol.asyncDispose]: () => server.close() });
    const { port } = new URL(server.url);
    const ask = async (headers: Record<string, string>): Promise<number> => statusOf(server.url, headers);
    expect(await ask({ host: `127.0.0.1:${port}` })).toBe(200);
    expect(await ask({ host: `localhost:${port}` })).toBe(200);
    expect(await ask({ host: `LOCALHOST:${port}` })).toBe(200);
    expect(await ask({ host: 'localhost:1' })).toBe(403);
    expect(await ask({ host: 'localhost' })).toBe(403);
    expect(await ask({ host: `evil.example:${port}` })).toBe(403);
    expect(await ask({ host: `localhost.evil.example:${port}` })).toBe(403);
    expect(await ask({ host: `127.0.0.1:${port}@evil.example` })).toBe(400);
    expect(await ask({ host: `localhost:${port}`, 'x-forwarded-for': '203.0.113.9' })).toBe(401);
  });
});

describe('another web site', () => {
  it.each([
    [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, 403],
    [{ 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }, 403],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'http://localhost:3000' }, 403],
    [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }, 403],
    [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, 200],
    [{ 'sec-fetch-site': 'same-origin', origin: 'http://localhost' }, 200],
    [{ 'sec-fetch-site': 'none' }, 200],
  ])('reads nothing: %j', async (headers, status) => {
    const w = await world();
    const response = await createApp({ project: w.project }).request(me, { headers });
    expect(response.status).toBe(status);
    if (status === 403) expect(await response.json()).toMatchObject({ code: 'cross_site' });
  });

  it('changes nothing, and neither does a form', async () => {
    const w = await world();
    await w.run();
    const app = createApp({ project: w.project });
    const cancel = (headers: Record<string, string>): Promise<Response> =>
      Promise.resolve(app.request('/api/v1/runs/1/cancel', { method: 'POST', headers }));
    expect((await cancel({ origin: 'https://evil.example' })).status).toBe(403);
    expect(
      (
        await cancel({
          'sec-fetch-site': 'cross-site',
          'sec-fetch-mode': 'navigate',
          'sec-fetch-dest': 'document',
        })
      ).status,
    ).toBe(403);
    expect((await cancel({ 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415);
    expect((await cancel({ 'content-type': 'text/plain' })).status).toBe(415);
    expect(
      await w.project.store.db.selectFrom('runs').select('cancel_requested_at').distinct().execute(),
    ).toEqual([{ cancel_requested_at: null }]);
    expect((await cancel({ origin: 'http://localhost' })).status).toBe(202);
  });
});

describe('roles', () => {
  it('are named by every route of the API', async () => {
    const w = await world();
    const document = (await (
      await createApp({ project: w.project }).request('/api/openapi.json')
    ).json()) as {
      paths: Record<string, Record<string, Record<string, unknown>>>;
    };
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        route: `${method} ${path}`,
        role: Role.safeParse(operation['x-role']).data ?? null,
      })),
    );
    expect(operations.length).toBeGreaterThan(3);
    expect(operations.filter(({ role }) => role === null)).toEqual([]);
  });

  it('keep a change for nobody until its route names one, whether it is in the document or not', async () => {
    const w = await world();
    const app = createApp({ project: w.project });
    const called: string[] = [];
    app.openapi(
      createRoute({
        method: 'post',
        path: '/api/v1/forgotten/{id}',
        request: { params: z.object({ id: z.string() }) },
        responses: { 204: { description: 'Done' } },
      }),
      (c) => {
        called.push(c.req.path);
        return c.body(null, 204);
      },
    );
    app.delete('/api/v1/plain', (c) => {
      called.push(c.req.path);
      return c.body(null, 204);
    });
    expect((await app.request('/api/v1/forgotten/1', { method: 'POST' })).status).toBe(403);
    expect((await app.request('/api/v1/plain', { method: 'DELETE' })).status).toBe(403);
    expect(called).toEqual([]);
  });
});

describe('a part of a call', () => {
  it('may need more than the rest of it', async () => {
    const w = await world();
    const app = createApp({ project: w.project });
    app.get('/api/v1/sealed', (c) => {
      c.set('caller', { ...c.get('caller'), name: 'ada@x', roles: ['viewer', 'operator'] });
      mustBe(c, 'operator', 'running a plan');
      mustBe(c, 'approver', 'approving in advance');
      return c.text('never');
    });
    const response = await app.request('/api/v1/sealed');
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({
      detail: 'ada@x is viewer, operator; approving in advance needs the role approver.',
    });
  });
});

/** With a `Host` of one's own, which `fetch` does not allow. */
async function statusOf(url: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    request(`${url}${me}`, { headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}
