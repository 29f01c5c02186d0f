import { afterEach, describe, expect, it } from 'vitest';
import { beginSession, createToken, revokeToken } from '../../access/index.ts';
import { SYSTEM } from '../../kernel/actor.ts';
import type { Role } from '../../kernel/roles.ts';
import { nextTurn } from '../../kernel/clock.ts';
import { listAudit, verifyAudit } from '../../store/index.ts';
import { SIGN_IN, sessionHeaders, tokenHeaders } from '../../testing/test-callers.ts';
import { testWorld } from '../../testing/test-world.ts';
import type { TestWorld } from '../../testing/test-world.ts';
import { createApp } from '../app.ts';

let open: TestWorld[] = [];
afterEach(async () => {
  for (const each of open) await each[Symbol.asyncDispose]();
  open = [];
});
const world = async (settings = ''): Promise<TestWorld> => {
  const made = await testWorld({ environment: null, settings });
  open.push(made);
  return made;
};
type App = ReturnType<typeof createApp>;
type Headers = Record<string, string>;
const get = async (app: App, headers: Headers, path = '/api/v1/me'): Promise<Response> =>
  app.request(path, { headers });
const post = async (app: App, path: string, headers: Headers, body?: unknown): Promise<Response> =>
  app.request(path, {
    method: 'POST',
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const audit = async (w: TestWorld, type: string): Promise<Record<string, unknown>[]> => {
  expect(await verifyAudit(w.project.store.db)).toMatchObject({ ok: true });
  return (await listAudit(w.project.store.db, { limit: 100, type })).map(
    ({ actor, identity, message, data }) => ({
      actor,
      identity,
      message,
      data,
    }),
  );
};

describe('a token', () => {
  it('is let in while somebody else writes, and noted as used after that', async () => {
    const w = await testWorld({ environment: null, serving: true });
    open.push(w);
    const app = createApp({ project: w.project });
    const headers = await tokenHeaders(w.project, { roles: ['viewer'] });
    const { promise: written, resolve: write } = Promise.withResolvers<void>();
    const writing = w.project.store.tx(() => written);
    expect((await get(app, headers)).status).toBe(200);
    write();
    await writing;
    const used = async (): Promise<string | null | undefined> =>
      (await w.project.store.db.selectFrom('tokens').select('last_used_at').executeTakeFirst())?.last_used_at;
    for (let turns = 0; turns < 1000 && (await used()) === null; turns++) await nextTurn();
    expect(await used()).not.toBeNull();
  });

  it('asks under its own name, with its roles and no others', async () => {
    const w = await world();
    const app = createApp({ project: w.project });
    const headers = await tokenHeaders(w.project, { roles: ['operator'] });
    expect(await (await get(app, headers)).json()).toEqual({
      name: 'token:ci',
      identity: 'verified',
      via: 'token',
      roles: ['viewer', 'operator'],
    });
    expect((await get(app, headers, '/api/v1/tokens')).status).toBe(403);
  });

  it('lets nobody in once it is expired, revoked or not known, not even the local user', async () => {
    const w = await world();
    const app = createApp({ project: w.project });
    const { token, secret } = await createToken(
      w.project.store,
      w.clock.now(),
      { name: 'ci', roles: ['viewer'], expires_s: 60 },
      SYSTEM,
    );
    const refusal = async (authorization: string): Promise<unknown> => {
      const response = await get(app, { authorization });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toContain('Bearer');
      const { code, detail } = (await response.json()) as { code: string; detail: string };
      expect(code).toBe('unauthenticated');
      return detail;
    };
    expect((await get(app, { authorization: `Bearer ${secret}` })).status).toBe(200);
    expect(await refusal(`Bearer ${secret}x`)).toBe('The token is not known here.');
    expect(await refusal('Bearer')).toContain('holds no token');
    expect(await refusal(`Basic ${btoa('a:b')}`)).toContain('holds no token');
    expect(await refusal(secret)).toContain('holds no token');
    w.clock.jumpTo(w.clock.now() + 60_000);
    expect(await refusal(`Bearer ${secret}`)).toMatch(/^The token ci expired 2026/);
    await revokeToken(w.project.store, w.clock.now(), token.id, SYSTEM);
    expect(await refusal(`Bearer ${secret}`)).toMatch(/^The token ci was revoked 2026/);
  });

  it('that is wrong is refused ever more shortly, while one that is right is not held up', async () => {
    const w = await world();
    const app = createApp({ project: w.project });
    const headers = await tokenHeaders(w.project, { roles: ['viewer'] });
    const statuses = [];
    for (let i = 0; i < 30; i++)
      statuses.push((await get(app, { authorization: `Bearer ty_${'A'.repeat(41)}${10 + i}` })).status);
    expect(statuses.filter((s) => s === 401)).toHaveLength(10);
    expect(statuses.slice(10)).toEqual(Array.from({ length: 20 }, () => 429));
    const last = await get(app, { authorization: 'Bearer x' });
    expect(Number(last.headers.get('retry-after'))).toBe(6);
    expect(await last.json()).toMatchObject({ code: 'too_many_requests', status: 429 });
    expect((await get(app, headers)).status).toBe(200);
    w.clock.jumpTo(w.clock.now() + 6000);
    expect((await get(app, { authorization: 'Bearer x' })).status).toBe(401);
  });

  it('that is wrong is on record, which nobody can fill, and no secret is', async () => {
    const w = await world();
    const app = createApp({ project: w.project });
    for (let i = 0; i < 50; i++) await get(app, { authorization: `Bearer ty_wrong${i}` });
    w.clock.jumpTo(w.clock.now() + 600_000);
    await get(app, { authorization: 'Bearer ty_wrong' });
    const told = await audit(w, 'access.refused');
    expect(told).toHaveLength(2);
    expect(told[0]).toMatchObject({
      actor: 'trainyard',
      message: expect.stringContaining('49 more refusals'),
      data: { address: 'in-process', not_recorded: 49 },
    });
    expect(JSON.stringify(told)).not.toContain('ty_wrong');
  });

  it('may ask often, but not without end', async () => {
    const w = await world();
    const app = createApp({ project: w.project });
    const headers = await tokenHeaders(w.project, { roles: ['viewer'] });
    const statuses = new Map<number, number>();
    for (let i = 0; i < 1005; i++) {
      const { status } = await get(app, headers);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    expect([...statuses]).toEqual([
      [200, 1000],
      [429, 5],
    ]);
  });

  it('does what it does under its name, on record', async () => {
    const w = await world();
    await w.run();
    const app = createApp({ project: w.project });
    const headers = await tokenHeaders(w.project, { roles: ['operator'] });
    expect((await post(app, '/api/v1/runs/1/cancel', headers)).status).toBe(202);
    expect(await audit(w, 'run.cancel*')).toContainEqual(
      expect.objectContaining({ actor: 'token:ci', identity: 'verified' }),
    );
  });
});

describe('somebody who is signed in', () => {
  it('may do what trainyard.yaml says', async () => {
    const w = await world(SIGN_IN);
    const app = createApp({ project: w.project });
    const rolesOf = async (name: string): Promise<unknown> =>
      ((await (await get(app, await sessionHeaders(w.project, { name }))).json()) as { roles: Role[] }).roles;
    expect(await rolesOf('eve@x')).toEqual(['viewer']);
    expect(await rolesOf('olga@x')).toEqual(['viewer', 'operator']);
    expect(await rolesOf('ada@x')).toEqual(['viewer', 'approver']);
    expect(await rolesOf('root@x')).toEqual(['viewer', 'operator', 'approver', 'admin']);
  });

  it('is refused what their roles do not cover, on record under their name', async () => {
    const w = await world(SIGN_IN);
    await w.run();
    const app = createApp({ project: w.project });
    const eve = await sessionHeaders(w.project, { name: 'eve@x' });
    for (let i = 0; i < 3; i++) {
      const response = await post(app, '/api/v1/runs/1/cancel', eve);
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({
        code: 'not_allowed',
        detail: 'eve@x is viewer; POST /api/v1/runs/1/cancel needs the role operator.',
      });
    }
    expect(await audit(w, 'access.denied')).toEqual([
      expect.objectContaining({ actor: 'eve@x', identity: 'verified' }),
    ]);
    const olga = await sessionHeaders(w.project, { name: 'olga@x' });
    expect((await post(app, '/api/v1/runs/1/cancel', olga)).status).toBe(202);
    expect(await audit(w, 'run.cancel*')).toContainEqual(
      expect.objectContaining({ actor: 'olga@x', identity: 'verified' }),
    );
  });

  it('changes something only from a page of this server, and the browser has to say so', async () => {
    const w = await world(SIGN_IN);
    await w.run();
    const app = createApp({ project: w.project });
    const { cookie = '' } = await sessionHeaders(w.project, { name: 'root@x' });
    const cancel = async (headers: Headers): Promise<number> =>
      (await post(app, '/api/v1/runs/1/cancel', { cookie, ...headers })).status;
    expect(await cancel({})).toBe(403);
    expect(await cancel({ origin: 'https://evil.example' })).toBe(403);
    expect(await cancel({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await cancel({ 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await cancel({ 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' })).toBe(403);
    expect(await cancel({ origin: 'http://localhost', 'content-type': 'text/plain' })).toBe(415);
    expect(await cancel({ origin: 'http://localhost' })).toBe(202);
    expect(await cancel({ 'sec-fetch-site': 'same-origin' })).toBe(202);
    expect((await get(app, { cookie })).status).toBe(200);
    expect((await get(app, { cookie, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  });

  it('is known behind a proxy by the address that people use', async () => {
    const w = await world(`${SIGN_IN}  public_url: https://trains.example\n`);
    await w.run();
    const app = createApp({ project: w.project });
    const headers = await sessionHeaders(w.project, { name: 'root@x' });
    const cookie = (headers['cookie'] ?? '').replace('trainyard_session', '__Host-trainyard_session');
    const cancel = async (origin: string): Promise<number> =>
      (await post(app, '/api/v1/runs/1/cancel', { cookie, origin, host: 'trains.example' })).status;
    expect(await cancel('https://trains.example')).toBe(202);
    expect(await cancel('http://trains.example')).toBe(403);
    expect(await cancel('https://other.example')).toBe(403);
    expect((await get(app, { cookie: headers['cookie'] ?? '' })).status).toBe(401);
  });

  it('is signed in no more when the time is up, the provider is another one, or sign-in is off', async () => {
    const w = await world(SIGN_IN);
    const app = createApp({ project: w.project });
    const headers = await sessionHeaders(w.project, { name: 'ada@x' });
    expect((await get(app, headers)).status).toBe(200);
    const { server } = w.project.config;
    const elsewhere = { ...server, oidc: server.oidc && { ...server.oidc, issuer: 'https://other.example' } };
    const withServer = (changed: typeof server): App =>
      createApp({ project: { ...w.project, config: { ...w.project.config, server: changed } } });
    expect((await get(withServer(elsewhere), headers)).status).toBe(401);
    expect((await get(withServer({ ...server, oidc: null, require_sign_in: true }), headers)).status).toBe(
      401,
    );
    w.clock.jumpTo(w.clock.now() + 8 * 3600_000);
    expect((await get(app, headers)).status).toBe(401);
  });

  it('with a token has the rights of that token, while it lasts', async () => {
    const w = await world('server: {require_sign_in: true}\n');
    const app = createApp({ project: w.project });
    const { store, clock } = w.project;
    const { token } = await createToken(
      store,
      clock.now(),
      { name: 'desk', roles: ['operator'], expires_s: null },
      SYSTEM,
    );
    const { secret } = await beginSession(store, clock.now(), token, null);
    const headers = { cookie: `trainyard_session=${secret}` };
    expect(await (await get(app, headers)).json()).toMatchObject({
      name: 'token:desk',
      via: 'session',
      roles: ['viewer', 'operator'],
    });
    await revokeToken(store, clock.now(), 'desk', SYSTEM);
    expect((await get(app, headers)).status).toBe(401);
  });

  it('is asked for again while an answer goes on', async () => {
    const w = await world(SIGN_IN);
    const app = createApp({ project: w.project });
    let still: () => Promise<boolean> = () => Promise.reject(new Error('not called'));
    app.get('/api/v1/long', (c) => {
      still = c.get('stillMay');
      return c.text('');
    });
    await get(app, await sessionHeaders(w.project, { name: 'ada@x' }), '/api/v1/long');
    expect(await still()).toBe(true);
    w.clock.jumpTo(w.clock.now() + 8 * 3600_000);
    expect(await still()).toBe(false);
    await get(app, await tokenHeaders(w.project, { roles: ['viewer'] }), '/api/v1/long');
    expect(await still()).toBe(true);
    await revokeToken(w.project.store, w.clock.now(), 'ci', SYSTEM);
    expect(await still()).toBe(false);
  });
});

describe('tokens over the API', () => {
  it('come in pages, the last of which names none after it', async () => {
    const w = await world(SIGN_IN);
    const app = createApp({ project: w.project });
    const root = await sessionHeaders(w.project, { name: 'root@x' });
    for (const name of ['a', 'b', 'c', 'd']) await tokenHeaders(w.project, { name, roles: ['viewer'] });
    const names: string[][] = [];
    for (let next: string | null = ''; next !== null;) {
      const query: string = next === '' ? '' : `&cursor=${next}`;
      const page = (await (await get(app, root, `/api/v1/tokens?limit=2${query}`)).json()) as {
        items: { name: string }[];
        next: string | null;
      };
      names.push(page.items.map(({ name }) => name));
      next = page.next;
    }
    expect(names).toEqual([
      ['d', 'c'],
      ['b', 'a'],
    ]);
    expect((await get(app, root, '/api/v1/tokens?cursor=%20')).status).toBe(400);
  });

  it('are made, listed and revoked by an admin, and told once', async () => {
    const w = await world(SIGN_IN);
    const app = createApp({ project: w.project });
    const root = await sessionHeaders(w.project, { name: 'root@x' });
    const response = await post(app, '/api/v1/tokens', root, {
      name: 'ci',
      roles: ['viewer'],
      expires_s: 3600,
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const { token, secret } = (await response.json()) as { token: { id: string }; secret: string };
    expect((await get(app, { authorization: `Bearer ${secret}` })).status).toBe(200);
    const list = await (await get(app, root, '/api/v1/tokens')).text();
    expect(JSON.parse(list)).toMatchObject({
      items: [{ name: 'ci', state: 'active', created_by: 'root@x' }],
    });
    expect(list).not.toContain(secret);
    expect(list).not.toMatch(/hash/);
    expect((await post(app, '/api/v1/tokens', root, { name: 'ci', roles: ['viewer'] })).status).toBe(409);
    for (let i = 0; i < 2; i++) {
      const revoked = await app.request(`/api/v1/tokens/${token.id}`, { method: 'DELETE', headers: root });
      expect(await revoked.json()).toMatchObject({ state: 'revoked', revoked_by: 'root@x' });
    }
    expect((await get(app, { authorization: `Bearer ${secret}` })).status).toBe(401);
    expect(await audit(w, 'access.token*')).toMatchObject([{ actor: 'root@x' }, { actor: 'root@x' }]);
  });

  it.each([
    {},
    { name: 'ci', roles: [] },
    { name: 'ci', roles: ['god'] },
    { name: 'CI', roles: ['viewer'] },
    { name: 'ci', roles: ['viewer'], expires_s: -1 },
    { name: 'ci', roles: ['viewer'], expires_s: 1e300 },
    { name: 'ci', roles: ['viewer'], more: 1 },
  ])('are not made of %j', async (body) => {
    const w = await world();
    const response = await post(createApp({ project: w.project }), '/api/v1/tokens', {}, body);
    expect(response.status).toBe(400);
    expect(await w.project.store.db.selectFrom('tokens').selectAll().execute()).toEqual([]);
  });
});
