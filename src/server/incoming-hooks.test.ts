import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { HookSender } from '../config/index.ts';
import { listDeliveries, signCall } from '../hooks/index.ts';
import { testWorld } from '../testing/test-world.ts';
import type { TestWorld } from '../testing/test-world.ts';
import { createApp } from './app.ts';

const KEY = Buffer.from('a secret of thirty-two bytes, ok').toString('base64');
const PUSH = { ref: 'refs/heads/main', after: 'b'.repeat(40) };
const SETTINGS = `hooks:
  arrived: {secret: "\${env:KEY}", circuits_from_body: true}
  pushed: {sender: github, secret: "\${env:KEY}", branches: [main]}
  bare: {sender: bearer, secret: "\${env:KEY}"}
  unset: {sender: bearer, secret: "\${env:NO_SUCH_KEY}"}
  resting: {sender: bearer, secret: "\${env:KEY}", enabled: false}
`;

let w: TestWorld;
afterEach(() => w[Symbol.asyncDispose]());

async function serving(settings = SETTINGS) {
  w = await testWorld({ settings, environment: null, env: { KEY } });
  const app = createApp({ project: w.project });
  const post = async (path: string, body: string, headers: Record<string, string> = {}) => {
    const answer = await app.request(path, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
    });
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as object };
  };
  /** As the sender does. */
  const call = (sender: HookSender, name: string, body: object, more: Record<string, string> = {}) => {
    const text = JSON.stringify(body);
    const id = randomBytes(6).toString('hex');
    const signed = signCall(sender, KEY, { id, event: 'push', body: text }, w.clock.now());
    return post(`/hooks/${name}`, text, { ...signed, ...more });
  };
  const api = async (path: string) => (await (await app.request(`/api/v1${path}`)).json()) as object;
  const kept = async (hook: string) => listDeliveries(w.project.store.db, { hook, limit: 50 });
  return { app, post, call, api, kept };
}

describe('POST /hooks/NAME', () => {
  it('takes what is genuine and answers at once', async () => {
    const { call, api } = await serving();
    expect(await call('standard', 'arrived', { circuits: ['p_c000'] })).toMatchObject({
      status: 202,
      body: { outcome: 'waiting', again: false, delivery: expect.stringMatching(/^dlv_/) },
    });
    expect(await api('/hooks')).toMatchObject({
      items: [
        {
          name: 'arrived',
          path: '/hooks/arrived',
          url: null,
          secret: 'KEY',
          secret_problem: null,
          waiting: 1,
        },
        { name: 'pushed', waiting: 0, last: null },
        { name: 'bare' },
        { name: 'unset', secret: 'NO_SUCH_KEY', secret_problem: 'NO_SUCH_KEY is not set' },
        { name: 'resting', enabled: false },
      ],
    });
    expect(await api('/hooks/arrived/deliveries')).toMatchObject({
      items: [{ outcome: 'waiting', named_circuits: 1, run_number: null }],
      next: null,
    });
  });

  it('needs no token, on whatever name the server is reached, and takes no token for a signature', async () => {
    const { call, post } = await serving(`${SETTINGS}server: {public_url: "https://trains.example"}\n`);
    expect(await call('bearer', 'bare', {}, { host: 'trains.example' })).toMatchObject({ status: 202 });
    expect(await post('/hooks/bare', '{}', { authorization: 'Bearer ty_whatever' })).toMatchObject({
      status: 401,
    });
  });

  it.each([
    ['nothing', {}],
    ['another signature', { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }],
    ['a short one', { 'x-hub-signature-256': 'sha256=00' }],
    ['the old kind', { 'x-hub-signature': 'sha1=00' }],
  ])('refuses a forgery that shows %s, on record, and keeps nothing of it', async (_, headers) => {
    const { post, kept, api } = await serving();
    const answer = await post('/hooks/pushed', '{"ref":"refs/heads/main"}', headers);
    expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect(JSON.stringify(answer.body)).not.toContain(KEY);
    expect(await kept('pushed')).toEqual([]);
    expect(await api('/events?type=hook.*')).toMatchObject({
      items: [{ type: 'hook.refused', severity: 'warning' }],
    });
  });

  it('keeps a sender of genuine calls in, however many are forged from its address', async () => {
    const { post, call } = await serving();
    const answers = [];
    for (let i = 0; i < 15; i++) answers.push((await post('/hooks/pushed', '{}')).status);
    expect(answers).toEqual([...Array<number>(10).fill(401), ...Array<number>(5).fill(429)]);
    expect(await call('github', 'pushed', PUSH)).toMatchObject({ status: 202 });
  });

  it('starts nothing for a call that is sent again', async () => {
    const { call, kept } = await serving();
    const first = await call('github', 'pushed', { ...PUSH, n: 1 });
    const again = await call('github', 'pushed', { ...PUSH, n: 1 }, { 'x-github-delivery': 'new' });
    expect(first).toMatchObject({ status: 202, body: { again: false } });
    expect(again).toMatchObject({ status: 200, body: { ...first.body, again: true } });
    expect(await kept('pushed')).toHaveLength(1);
  });

  it('takes one that was recorded minutes ago no more', async () => {
    const { post, kept } = await serving();
    const text = '{"circuits":["p_c000"]}';
    const signed = signCall('standard', KEY, { id: 'msg_1', event: 'x', body: text }, w.clock.now());
    w.clock.jumpTo(w.clock.now() + 301_000);
    expect(await post('/hooks/arrived', text, signed)).toMatchObject({
      status: 401,
      body: { detail: expect.stringContaining('of another time') },
    });
    expect(await kept('arrived')).toEqual([]);
  });

  it('says what it is not for', async () => {
    const { call } = await serving();
    expect(await call('github', 'pushed', { ...PUSH, ref: 'refs/heads/work' })).toMatchObject({
      status: 200,
      body: { outcome: 'ignored', message: 'branch work is not among its branches' },
    });
  });

  it.each([
    ['standard', 'arrived', [], /no JSON object/],
    ['standard', 'arrived', { circuits: ['*'] }, /which circuits/],
  ] as const)('refuses a genuine body that makes no sense (%s)', async (sender, name, body, why) => {
    const { call, kept } = await serving();
    const answer = await call(sender, name, body);
    expect(answer).toMatchObject({ status: 400, body: { detail: expect.stringMatching(why) } });
    expect(await kept(name)).toEqual([]);
  });

  it.each(['nothing', 'constructor', '__proto__', 'resting', '..%2fapi', 'a%00b'])(
    'tells strangers nothing of hooks: %s',
    async (name) => {
      const { post } = await serving();
      const answer = await post(`/hooks/${name}`, '{}', { authorization: `Bearer ${KEY}` });
      expect(answer.status).toBe(404);
      expect(JSON.stringify(answer.body)).not.toMatch(/arrived|pushed/);
    },
  );

  it('is not ready without its secret, and does not say which variable that is', async () => {
    const { call } = await serving();
    const answer = await call('bearer', 'unset', {});
    expect(answer).toMatchObject({ status: 503, body: { code: 'provider_unavailable' } });
    expect(JSON.stringify(answer.body)).not.toContain('NO_SUCH_KEY');
  });

  it('reads nothing of a call whose headers cannot be right', async () => {
    const { app } = await serving();
    let read = false;
    const body = new ReadableStream<Uint8Array>(
      {
        pull: () => {
          read = true;
        },
      },
      { highWaterMark: 0 },
    );
    const headers = { authorization: 'Bearer another' };
    const init: RequestInit = { method: 'POST', body, duplex: 'half', headers };
    expect((await app.request('/hooks/bare', init)).status).toBe(401);
    expect(read).toBe(false);
  });

  it('waits for no body longer than fifteen seconds, and for few from one address at once', async () => {
    const { app, call } = await serving();
    const slow = () => {
      const body = new ReadableStream<Uint8Array>({ start: (c) => c.enqueue(Buffer.from('{')) });
      const headers = { authorization: `Bearer ${KEY}` };
      const init: RequestInit = { method: 'POST', body, duplex: 'half', headers };
      return Promise.resolve(app.request('/hooks/bare', init));
    };
    const waiting = Array.from({ length: 10 }, slow);
    const busy = await slow();
    expect(busy.status).toBe(503);
    expect(busy.headers.get('retry-after')).toBe('1');
    await w.clock.advance(15_001);
    expect((await Promise.all(waiting)).map((answer) => answer.status)).toEqual(Array<number>(10).fill(408));
    expect(await call('bearer', 'bare', {})).toMatchObject({ status: 202 });
  });

  it('takes a large body and refuses one without end', async () => {
    const { call } = await serving();
    expect(await call('bearer', 'bare', { filler: 'x'.repeat(4 << 20) })).toMatchObject({ status: 202 });
    expect(await call('bearer', 'bare', { filler: 'x'.repeat(5 << 20) })).toMatchObject({ status: 413 });
  });

  it.each(['GET', 'PUT', 'DELETE', 'OPTIONS'])('is no other method: %s', async (method) => {
    const { app } = await serving();
    const answer = await app.request('/hooks/pushed', { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('POST');
  });
});

describe('calls of a hook over the API', () => {
  it('are paged, and are there although the hook is gone', async () => {
    const { call, api } = await serving();
    for (const n of [1, 2, 3]) await call('bearer', 'bare', { n });
    await w.project.takeUp({ ...w.project.settings, hooks: {} });
    expect(await api('/hooks')).toMatchObject({ items: [{ name: 'bare', sender: null, enabled: false }] });
    const first = (await api('/hooks/bare/deliveries?limit=2')) as { items: object[]; next: string };
    expect(first.items).toHaveLength(2);
    const second = (await api(`/hooks/bare/deliveries?limit=2&cursor=${first.next}`)) as typeof first;
    expect(second).toMatchObject({ items: [{}], next: null });
  });

  it('cannot be tried again where none failed', async () => {
    const { app } = await serving();
    const answer = await app.request('/api/v1/hooks/bare/retry', { method: 'POST' });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ detail: 'No call of hook bare failed.' });
  });
});
