import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createToken } from '../../access/index.ts';
import { openProject } from '../../app.ts';
import { SYSTEM } from '../../kernel/actor.ts';
import { listAudit } from '../../store/index.ts';
import { CLIENT, TestBrowser, testOidc } from '../../testing/test-oidc.ts';
import type { TestOidc } from '../../testing/test-oidc.ts';
import { testWorld } from '../../testing/test-world.ts';
import type { TestWorld } from '../../testing/test-world.ts';
import { createApp } from '../app.ts';
import { listen } from '../listen.ts';
import type { Listening } from '../listen.ts';

let open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.toReversed()) await each[Symbol.asyncDispose]();
  open = [];
});
const keep = <T extends AsyncDisposable>(made: T): T => {
  open.push(made);
  return made;
};

interface House {
  readonly w: TestWorld;
  readonly oidc: TestOidc;
  /** Of our server. */
  readonly url: string;
  readonly server: Listening;
  readonly browser: TestBrowser;
  /** From a page of ours to the end: where the browser is, and what it was last told. */
  signIn(return_to?: string): Promise<{ url: string; response: Response }>;
  /** The same, stopped before the callback, whose URL it returns. */
  toCallback(): Promise<string>;
  me(): Promise<Response>;
}

const SECRET = { OIDC_SECRET: CLIENT.secret };

/** A server of ours and a provider that know each other. */
async function house(settings = '', env: Record<string, string> = {}): Promise<House> {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const oidc = keep(await testOidc(`${url}/auth/callback`));
  const w = keep(
    await testWorld({
      environment: null,
      settings: `
groups: {crew: [olga@x]}
server:
  oidc:
    issuer: ${oidc.issuer}
    client_id: ${CLIENT.id}
    client_secret: \${env:OIDC_SECRET}
    groups_claim: groups
${settings}
  roles: {viewer: ["*"], operator: ["@crew"], approver: ["oidc:Leads"], admin: []}
`,
    }),
  );
  const project = { ...w.project, env: { ...SECRET, ...env } };
  const server = await listen({ project }, { host: '127.0.0.1', port });
  keep({ [Symbol.asyncDispose]: () => server.close() });
  const browser = new TestBrowser();
  const ours = (at: string): boolean => at.startsWith(`${url}/auth/`);
  const theirs = (at: string): boolean => at.startsWith(oidc.issuer);
  return {
    w,
    oidc,
    url,
    server,
    browser,
    signIn: (to = '/runs/7?tab=jobs') =>
      browser.follow(`${url}/auth/login?return_to=${encodeURIComponent(to)}`, (at) => ours(at) || theirs(at)),
    toCallback: async () =>
      (await browser.follow(`${url}/auth/login`, (at) => !at.startsWith(`${url}/auth/callback`))).url,
    me: () => browser.open(`${url}/api/v1/me`, { headers: { 'sec-fetch-site': 'same-origin' } }),
  };
}

describe('sign-in', () => {
  it('leads to the provider and back to the page that was wanted, as the person that it vouches for', async () => {
    const h = await house();
    expect((await h.me()).status).toBe(401);
    const { url } = await h.signIn();
    expect(url).toBe(`${h.url}/runs/7?tab=jobs`);
    expect(await (await h.me()).json()).toEqual({
      name: 'ada@x',
      identity: 'verified',
      via: 'session',
      roles: ['viewer'],
    });
    const [event] = await listAudit(h.w.project.store.db, { limit: 1, type: 'access.signed_in' });
    expect(event).toMatchObject({ actor: 'ada@x', identity: 'verified', data: { issuer: h.oidc.issuer } });
  });

  it('asks with PKCE, a state and a nonce, and shows no secret in any address', async () => {
    const h = await house();
    const response = await h.browser.open(`${h.url}/auth/login`);
    const asked = new URL(response.headers.get('location') ?? '');
    expect(Object.fromEntries(asked.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: CLIENT.id,
      redirect_uri: `${h.url}/auth/callback`,
      scope: 'openid profile email',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{20,}$/),
      nonce: expect.stringMatching(/^[\w-]{20,}$/),
    });
    expect(asked.href).not.toContain(encodeURIComponent(CLIENT.secret));
    const cookie = response.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(Buffer.from(cookie.split(/[=;]/)[1] ?? '', 'base64url').toString('latin1')).not.toContain(
      'verifier',
    );
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it('gives roles by groups of trainyard.yaml and of the provider', async () => {
    const h = await house();
    h.oidc.as = { sub: 'olga', claims: { email: 'Olga@x', email_verified: true, groups: ['Leads', 7] } };
    await h.signIn();
    expect(await (await h.me()).json()).toMatchObject({
      name: 'Olga@x',
      roles: ['viewer', 'operator', 'approver'],
    });
  });

  it('makes a new session each time, and ends the one before', async () => {
    const h = await house();
    await h.signIn();
    const jar = h.browser.cookies.get(new URL(h.url).host);
    const [name, before] = [...(jar ?? [])].find(([key]) => key.startsWith('trainyard_session')) ?? ['', ''];
    await h.signIn();
    expect(jar?.get(name)).not.toBe(before);
    const old = await fetch(`${h.url}/api/v1/me`, { headers: { cookie: `${name}=${before}` } });
    expect(old.status).toBe(401);
    expect((await h.me()).status).toBe(200);
  });

  it('ends when somebody signs out, asked by a page of ours', async () => {
    const h = await house();
    await h.signIn();
    const out = (headers: Record<string, string>): Promise<Response> =>
      h.browser.open(`${h.url}/auth/logout`, { method: 'POST', headers });
    expect((await out({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await out({})).status).toBe(403);
    expect((await h.me()).status).toBe(200);
    const kept = [...(h.browser.cookies.get(new URL(h.url).host) ?? [])]
      .map((pair) => pair.join('='))
      .join('; ');
    expect((await out({ origin: h.url })).status).toBe(204);
    expect((await h.me()).status).toBe(401);
    expect((await fetch(`${h.url}/api/v1/me`, { headers: { cookie: kept } })).status).toBe(401);
  });

  it('ends by itself', async () => {
    const h = await house();
    await h.signIn();
    h.w.clock.jumpTo(h.w.clock.now() + 8 * 3600_000);
    expect((await h.me()).status).toBe(401);
  });
});

describe('a sign-in that was begun at one server', () => {
  it.each([
    ['at another one of the project', false],
    ['after a restart', true],
  ])('is finished %s', async (_where, restart) => {
    const h = await house();
    const callback = new URL(await h.toCallback());
    if (restart) await h.server.close();
    const again = await openProject({ folder: h.w.root, mode: 'write', env: SECRET, clock: h.w.clock });
    keep({ [Symbol.asyncDispose]: () => again.close() });
    const other = await listen({ project: again }, { host: '127.0.0.1', port: 0 });
    keep({ [Symbol.asyncDispose]: () => other.close() });
    // Behind one public URL the cookie is the same; here each port has its own.
    const begun = h.browser.cookies.get(callback.host)?.get(`trainyard_sign_in_${callback.port}`) ?? '';
    const { port } = new URL(other.url);
    const response = await fetch(`${other.url}${callback.pathname}${callback.search}`, {
      headers: { cookie: `trainyard_sign_in_${port}=${begun}` },
      redirect: 'manual',
    });
    expect(response.status).toBe(302);
    const session = response.headers.getSetCookie().find((cookie) => /_session_/.test(cookie)) ?? '';
    const me = await fetch(`${other.url}/api/v1/me`, {
      headers: { cookie: session.split(';')[0] ?? '', 'sec-fetch-site': 'same-origin' },
    });
    expect(await me.json()).toMatchObject({ name: 'ada@x', via: 'session' });
  });
});

describe('sign-in is refused', () => {
  const refused = async (h: House, response: Response, told: RegExp): Promise<void> => {
    expect(response.status).toBe(403);
    const text = await response.text();
    expect(text).toMatch(told);
    expect(text).not.toContain(CLIENT.secret);
    expect((await h.me()).status).toBe(401);
    expect(await h.w.project.store.db.selectFrom('sessions').selectAll().execute()).toEqual([]);
    expect(await listAudit(h.w.project.store.db, { limit: 9, type: 'access.*' })).toMatchObject([
      { type: 'access.refused', actor: 'trainyard' },
    ]);
  };

  it('with another state', async () => {
    const h = await house();
    const callback = new URL(await h.toCallback());
    callback.searchParams.set('state', 'x'.repeat(43));
    await refused(h, await h.browser.open(callback.href), /&quot;state&quot;/);
  });

  it('in a browser that did not begin it', async () => {
    const h = await house();
    const callback = await h.toCallback();
    const response = await new TestBrowser().open(callback);
    expect(response.headers.get('set-cookie')).not.toContain('session');
    await refused(h, response, /begun elsewhere/);
  });

  it('that was begun in another browser with a cookie of its own', async () => {
    const h = await house();
    const victim = new TestBrowser();
    await victim.open(`${h.url}/auth/login`);
    await refused(h, await victim.open(await h.toCallback()), /&quot;state&quot;/);
  });

  it('that took too long', async () => {
    const h = await house();
    const callback = await h.toCallback();
    h.w.clock.jumpTo(h.w.clock.now() + 600_000);
    await refused(h, await h.browser.open(callback), /took too long/);
  });

  it('with a code that was used', async () => {
    const h = await house();
    const callback = await h.toCallback();
    const jar = h.browser.cookies.get(new URL(h.url).host) ?? new Map<string, string>();
    const begun = new Map(jar);
    expect((await h.browser.open(callback)).status).toBe(302);
    const again = new TestBrowser();
    again.cookies.set(new URL(h.url).host, begun);
    const response = await again.open(callback);
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('The provider says invalid_grant.');
  });

  it('with a code that was made up', async () => {
    const h = await house();
    const callback = new URL(await h.toCallback());
    callback.searchParams.set('code', 'made-up');
    await refused(h, await h.browser.open(callback.href), /invalid_grant/);
  });

  it('in the name of another provider', async () => {
    const h = await house();
    const callback = new URL(await h.toCallback());
    callback.searchParams.set('iss', 'https://evil.example');
    await refused(h, await h.browser.open(callback.href), /&quot;iss&quot;/);
  });

  it('with a cookie that was changed', async () => {
    const h = await house();
    const callback = await h.toCallback();
    const jar = h.browser.cookies.get(new URL(h.url).host) ?? new Map<string, string>();
    for (const [name, value] of jar) jar.set(name, `${value.startsWith('A') ? 'B' : 'A'}${value.slice(1)}`);
    await refused(h, await h.browser.open(callback), /No sign-in waits/);
  });

  it('by the person', async () => {
    const h = await house();
    h.oidc.as = null;
    await refused(h, (await h.signIn()).response, /access_denied/);
  });

  it.each([
    [{ email: 'eve@x', email_verified: false }, /has not verified the e-mail address eve@x/],
    [{ email: 'eve@x', email_verified: 'false' }, /has not verified/],
    [{}, /the claim email is missing/],
    [{ email: 7 }, /the claim email is missing/],
    [{ email: ' ' }, /the claim email is missing/],
    [{ email: 'token:ci', email_verified: true }, /Nobody can be called token:ci/],
    [{ email: 'trainyard' }, /Nobody can be called trainyard/],
    [{ email: '<script>alert(1)</script>', email_verified: false }, /&lt;script&gt;alert/],
  ])('for %j', async (claims, told) => {
    const h = await house();
    h.oidc.as = { sub: 'eve', claims };
    await refused(h, (await h.signIn()).response, told);
  });

  it('too often from one address', async () => {
    const h = await house();
    const statuses = [];
    for (let i = 0; i < 22; i++)
      statuses.push((await new TestBrowser().open(`${h.url}/auth/callback`)).status);
    expect(statuses.filter((s) => s === 403)).toHaveLength(20);
    expect(statuses.slice(20)).toEqual([429, 429]);
  });
});

describe('an ID token', () => {
  const nowS = (): number => Math.floor(Date.now() / 1000);
  const ours = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const another = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

  /** Signs in at a provider that answers with whatever it is told to. */
  async function signInWith(
    claims: Record<string, unknown>,
    forge: { readonly key?: KeyObject; readonly alg?: string } = {},
  ): Promise<number> {
    let issuer = '';
    let nonce: string | null = null;
    const rogue = createServer((request, answer) => {
      const token = (): string => {
        const said = {
          iss: issuer,
          aud: 'trainyard',
          sub: 'ada',
          nonce,
          email: 'ada@x',
          iat: nowS(),
          exp: nowS() + 60,
          ...claims,
        };
        const text = `${part({ alg: forge.alg ?? 'RS256', kid: 'k' })}.${part(said)}`;
        const signed = sign('sha256', Buffer.from(text), forge.key ?? ours.privateKey).toString('base64url');
        return `${text}.${forge.alg === 'none' ? '' : signed}`;
      };
      const answers: Record<string, unknown> = {
        '/.well-known/openid-configuration': {
          issuer,
          authorization_endpoint: `${issuer}/ask`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/jwks`,
          id_token_signing_alg_values_supported: ['RS256'],
        },
        '/jwks': {
          keys: [{ ...ours.publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'RS256', use: 'sig' }],
        },
        '/token': { access_token: 'a', token_type: 'Bearer', id_token: token() },
      };
      answer
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify(answers[request.url ?? ''] ?? null));
    });
    await new Promise<void>((resolve) => rogue.listen(0, 'localhost', resolve));
    keep({
      [Symbol.asyncDispose]: async () => {
        rogue.close();
        rogue.closeAllConnections();
      },
    });
    issuer = `http://localhost:${(rogue.address() as AddressInfo).port}`;
    const w = keep(
      await testWorld({
        environment: null,
        settings: `server: {oidc: {issuer: "${issuer}", client_id: trainyard}, roles: {viewer: ["*"]}}\n`,
      }),
    );
    const app = createApp({ project: w.project });
    const begun = await app.request('/auth/login');
    const asked = new URL(begun.headers.get('location') ?? '');
    nonce = asked.searchParams.get('nonce');
    const cookie = (begun.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const back = `/auth/callback?code=c&state=${asked.searchParams.get('state') ?? ''}`;
    return (await app.request(back, { headers: { cookie } })).status;
  }

  it('is taken when all of it fits', async () => {
    expect(await signInWith({})).toBe(302);
  });

  it.each([
    ['for another sign-in', { nonce: 'another' }, {}],
    ['without what ties it to this one', { nonce: undefined }, {}],
    ['for another client', { aud: 'another' }, {}],
    ['of another provider', { iss: 'https://evil.example' }, {}],
    ['that is over', { exp: nowS() - 60 }, {}],
    ['signed by somebody else', {}, { key: another.privateKey }],
    ['that nobody signed', {}, { alg: 'none' }],
    ['without a subject', { sub: undefined }, {}],
  ])('%s is refused', async (_what, claims, forge) => {
    expect(await signInWith(claims, forge)).toBe(403);
  });
});

describe('after sign-in', () => {
  it.each([
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['https://evil.example/x', '/'],
    ['javascript:alert(1)', '/'],
    ['/\t/evil.example', '/'],
    ['/.//evil.example', '/'],
    ['/x/..//evil.example', '/'],
    ['/auth/login', '/'],
    ['/auth/logout?x', '/'],
    ['evil', '/'],
    ['', '/'],
    ['/runs?q=a%2F%2Fb#jobs', '/runs?q=a%2F%2Fb#jobs'],
  ])('a browser that wanted %j is at %j of this server', async (wanted, at) => {
    const h = await house();
    expect((await h.signIn(wanted)).url).toBe(`${h.url}${at}`);
  });
});

describe('a provider', () => {
  const settingsOf = (issuer: string): string =>
    `server: {oidc: {issuer: "${issuer}", client_id: x}, roles: {viewer: ["*"]}}\n`;

  it('that is away is told of, and asked again the next time', async () => {
    const port = await freePort();
    const w = keep(await testWorld({ environment: null, settings: settingsOf(`http://localhost:${port}`) }));
    const app = createApp({ project: w.project });
    const response = await app.request('/auth/login');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'provider_unavailable' });
    let asked = 0;
    const server = createServer((request, answer) => {
      asked++;
      answer.setHeader('content-type', 'application/json').end(
        JSON.stringify({
          issuer: `http://localhost:${port}`,
          authorization_endpoint: `http://localhost:${port}/ask`,
          token_endpoint: `http://localhost:${port}/token`,
          jwks_uri: `http://localhost:${port}/jwks`,
        }),
      );
    });
    await new Promise<void>((resolve) => server.listen(port, 'localhost', resolve));
    keep({ [Symbol.asyncDispose]: async () => void server.close() });
    expect((await app.request('/auth/login')).status).toBe(302);
    expect((await app.request('/auth/login')).status).toBe(302);
    expect(asked).toBe(1);
  });

  it('that calls itself something else is not taken for the one that was meant', async () => {
    const server = createServer((_request, answer) => {
      answer
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ issuer: 'https://evil.example' }));
    });
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    keep({ [Symbol.asyncDispose]: async () => void server.close() });
    const { port } = server.address() as AddressInfo;
    const w = keep(await testWorld({ environment: null, settings: settingsOf(`http://localhost:${port}`) }));
    const response = await createApp({ project: w.project }).request('/auth/login');
    expect([403, 503]).toContain(response.status);
    expect(response.headers.get('location')).toBe(null);
  });

  it('whose secret is not there is told of before the server starts', async () => {
    const w = keep(
      await testWorld({
        environment: null,
        settings:
          'server: {oidc: {issuer: "https://login.example", client_id: x, client_secret: "${env:NOT_SET}"}, roles: {viewer: ["*"]}}\n',
      }),
    );
    await expect(listen({ project: w.project }, { host: '127.0.0.1', port: 0 })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('${env:NOT_SET}'),
    });
  });

  it('is not needed to say how one may sign in', async () => {
    const h = await house();
    expect(await (await fetch(`${h.url}/auth/methods`)).json()).toEqual({
      local: false,
      oidc: { host: new URL(h.oidc.issuer).host },
      token: true,
    });
    const w = keep(await testWorld({ environment: null }));
    const app = createApp({ project: w.project });
    expect(await (await app.request('/auth/methods')).json()).toEqual({
      local: true,
      oidc: null,
      token: true,
    });
    expect((await app.request('/auth/login')).status).toBe(404);
  });
});

describe('sign-in with a token', () => {
  it('is for browsers, from a page of ours, and ends with the token', async () => {
    const w = keep(await testWorld({ environment: null, settings: 'server: {require_sign_in: true}\n' }));
    const { store, clock } = w.project;
    const { secret } = await createToken(
      store,
      clock.now(),
      { name: 'desk', roles: ['viewer'], expires_s: 3600 },
      SYSTEM,
    );
    const app = createApp({ project: w.project });
    const ask = async (token: unknown, headers: Record<string, string>): Promise<Response> =>
      app.request('/auth/token', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ token }),
      });
    const ours = { 'sec-fetch-site': 'same-origin' };
    expect((await ask(secret, {})).status).toBe(403);
    expect((await ask(secret, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await ask('ty_wrong', ours)).status).toBe(401);
    expect((await ask(7, ours)).status).toBe(400);
    const response = await ask(` ${secret}\n`, ours);
    expect(response.status).toBe(204);
    const cookie = (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const me = await app.request('/api/v1/me', { headers: { cookie } });
    expect(await me.json()).toMatchObject({ name: 'token:desk', via: 'session' });
    w.clock.jumpTo(w.clock.now() + 3600_000);
    expect((await app.request('/api/v1/me', { headers: { cookie } })).status).toBe(401);
    expect((await ask(secret, ours)).status).toBe(401);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
