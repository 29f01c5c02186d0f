import { createRoute, z } from '@hono/zod-openapi';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createToken, revokeToken } from '../../access/index.ts';
import { SYSTEM } from '../../kernel/actor.ts';
import { tokenHeaders } from '../../testing/test-callers.ts';
import { testWorld } from '../../testing/test-world.ts';
import type { TestWorld } from '../../testing/test-world.ts';
import { createApp } from '../app.ts';
import { listen } from '../listen.ts';
import type { Listening } from '../listen.ts';
import { needs } from './route-roles.ts';

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
const serving = async (
  w: TestWorld,
  ...more: [patience?: Parameters<typeof listen>[2]]
): Promise<Listening> => {
  const server = await listen({ project: w.project }, { host: '127.0.0.1', port: 0 }, ...more);
  open.push({ [Symbol.asyncDispose]: () => server.close() });
  return server;
};

describe('a response', () => {
  it.each(['/api/v1/me', '/api/v1/nothing', '/somewhere', '/api/openapi.json'])(
    'of %s lets browsers take nothing from elsewhere',
    async (path) => {
      const w = await world();
      const { headers } = await createApp({ project: w.project }).request(path);
      expect(headers.get('content-security-policy')).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      );
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('strict-transport-security')).toBe(null);
      expect(headers.get('x-powered-by')).toBe(null);
      expect(headers.get('access-control-allow-origin')).toBe(null);
    },
  );

  it('asks for https from then on where the server is reached by it', async () => {
    const w = await world('server: {public_url: "https://trains.example"}\n');
    const { headers } = await createApp({ project: w.project }).request('/somewhere');
    expect(headers.get('strict-transport-security')).toBe('max-age=15552000');
  });

  it('with what one may see is kept by nobody else', async () => {
    const w = await world();
    const { headers } = await createApp({ project: w.project }).request('/api/v1/me');
    expect(headers.get('cache-control')).toBe('private, no-cache');
  });
});

describe('a body', () => {
  const MIB = 1 << 20;

  it('of more than 1 MiB is refused, told in advance or not', async () => {
    const w = await world();
    const { url } = await serving(w);
    const send = async (body: RequestInit['body'], more: object = {}): Promise<Response> =>
      fetch(`${url}/api/v1/tokens`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: body ?? null,
        ...more,
      });
    const large = JSON.stringify({ name: 'x'.repeat(MIB) });
    const told = await send(large);
    expect(told.status).toBe(413);
    expect(told.headers.get('content-type')).toContain('application/problem+json');
    expect(await told.json()).toMatchObject({ code: 'usage', detail: 'The body is larger than 1 MiB.' });
    const chunked = await send(new Blob([large]).stream(), { duplex: 'half' });
    expect(chunked.status).toBe(413);
    expect((await send(JSON.stringify({ name: 'x'.repeat(1000), roles: ['viewer'] }))).status).toBe(400);
    expect(
      (await send(new Blob(['{"name":"ci","roles":["viewer"]}']).stream(), { duplex: 'half' })).status,
    ).toBe(201);
  });

  it('that is no JSON is a bad request, and no fault of the server', async () => {
    const w = await world();
    const app = createApp({ project: w.project });
    for (const body of ['{', '', 'null', '[]', '"x"', '{"name":1e999}', '\u0000']) {
      const response = await app.request('/api/v1/tokens', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      expect([body, response.status]).toEqual([body, 400]);
      expect(response.headers.get('content-type')).toContain('application/problem+json');
    }
  });

  it('of somebody unknown is not even read', async () => {
    const w = await world('server: {require_sign_in: true}\n');
    const app = createApp({ project: w.project });
    let read = 0;
    const body = new ReadableStream({
      pull: (controller) => {
        read++;
        controller.enqueue(new Uint8Array(1024));
      },
    });
    const response = await app.request('/api/v1/tokens', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      ...{ duplex: 'half' },
    });
    expect(response.status).toBe(401);
    expect(read).toBeLessThan(3);
  });

  it('reaches a route whose schema knows it', async () => {
    const w = await world();
    const app = createApp({ project: w.project });
    app.openapi(
      createRoute({
        method: 'post',
        path: '/api/v1/echo',
        ...needs('viewer'),
        request: {
          body: {
            required: true,
            content: { 'application/json': { schema: z.object({ said: z.string() }) } },
          },
        },
        responses: { 200: { description: 'The same' } },
      }),
      (c) => c.text(c.req.valid('json').said),
    );
    const response = await app.request('/api/v1/echo', {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify({ said: 'hello' }),
    });
    expect(await response.text()).toBe('hello');
  });
});

describe('a slow client', () => {
  it.each([
    ['never ends its headers', 'GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\n'],
    [
      'never sends its body',
      'POST /api/v1/tokens HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{',
    ],
  ])('that %s is let go', async (_what, text) => {
    const w = await world();
    const { url } = await serving(w, { headers_ms: 200, request_ms: 400 });
    const { port, host } = new URL(url);
    const said = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(text.replace('HOST', host)));
      let answer = '';
      socket.on('data', (piece) => (answer += String(piece)));
      socket.on('close', () => resolve(answer)).on('error', reject);
    });
    expect(said).toMatch(/^HTTP\/1\.1 408 /);
    expect((await fetch(`${url}/api/v1/me`)).status).toBe(200);
  });
});

describe('a server that others reach', () => {
  const elsewhere = { host: '0.0.0.0', port: 0 };

  it('does not start while nothing tells them apart', async () => {
    const w = await world();
    await expect(listen({ project: w.project }, elsewhere)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('0.0.0.0'),
      hint: expect.stringContaining('trainyard tokens create'),
    });
  });

  it('starts once there is a token, and wants it of everybody', async () => {
    const w = await world();
    const headers = await tokenHeaders(w.project, { roles: ['viewer'] });
    const server = await listen({ project: w.project }, elsewhere);
    open.push({ [Symbol.asyncDispose]: () => server.close() });
    const url = `http://127.0.0.1:${new URL(server.url).port}/api/v1/me`;
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(url, { headers })).status).toBe(200);
  });

  it('does not start with tokens that let nobody in', async () => {
    const w = await world();
    const { store, clock } = w.project;
    await createToken(store, clock.now(), { name: 'a', roles: ['admin'], expires_s: 60 }, SYSTEM);
    await createToken(store, clock.now(), { name: 'b', roles: ['admin'], expires_s: null }, SYSTEM);
    await revokeToken(store, clock.now(), 'b', SYSTEM);
    w.clock.jumpTo(w.clock.now() + 60_000);
    await expect(listen({ project: w.project }, elsewhere)).rejects.toMatchObject({ code: 'usage' });
  });

  it('has to know where sign-in comes back to', async () => {
    const w = await world(
      'server: {oidc: {issuer: "https://login.example", client_id: x}, roles: {viewer: ["*"]}}\n',
    );
    await expect(listen({ project: w.project }, elsewhere)).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringContaining('server.public_url'),
    });
  });

  it('on this machine does not start either where everybody has to sign in and nobody can', async () => {
    const w = await world('server: {require_sign_in: true}\n');
    const here = { host: '127.0.0.1', port: 0 };
    await expect(listen({ project: w.project }, here)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('require_sign_in'),
    });
  });
});
