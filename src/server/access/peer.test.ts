import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import { inNetworks } from '../../kernel/networks.ts';
import { listAudit } from '../../store/index.ts';
import { tokenHeaders } from '../../testing/test-callers.ts';
import { testWorld } from '../../testing/test-world.ts';
import type { TestWorld } from '../../testing/test-world.ts';
import { createApp } from '../app.ts';
import { peerOf } from './peer.ts';
import type { Peer } from './peer.ts';

let open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.toReversed()) await each[Symbol.asyncDispose]();
  open = [];
});

/** A request as it arrives over a socket from `remote`. */
const over = (remote: string, local = '10.0.3.1') => ({
  incoming: {
    url: '/',
    socket: { remoteAddress: remote, localAddress: local, localPort: 8080 },
  },
});

async function peer(
  remote: string,
  headers: Record<string, string>,
  { trusted = ['10.0.3.0/24'], local = '10.0.3.1' } = {},
): Promise<Peer> {
  const app = new Hono();
  app.get('/', (c) => c.json(peerOf(c, inNetworks(trusted))));
  return (await (await app.request('/', { headers }, over(remote, local))).json()) as Peer;
}

const forwarded = (list: string): Record<string, string> => ({ 'x-forwarded-for': list });

describe('the address of a request', () => {
  it.each([
    ['of whoever holds the socket, who is no proxy', '203.0.113.9', '1.2.3.4', '203.0.113.9'],
    ['that a trusted proxy saw', '10.0.3.7', '198.51.100.1', '198.51.100.1'],
    [
      'that it saw, and not what the client wrote before',
      '10.0.3.7',
      '1.2.3.4, 198.51.100.1',
      '198.51.100.1',
    ],
    ['before all trusted proxies', '10.0.3.7', '1.2.3.4, 198.51.100.1,10.0.3.8', '198.51.100.1'],
    ['of a trusted proxy that asks by itself', '10.0.3.7', '10.0.3.8', '10.0.3.8'],
    ['of a proxy whose word for it is no address', '10.0.3.7', '1.2.3.4, unknown', '10.0.3.7'],
    ['of a proxy that names nobody', '10.0.3.7', '', '10.0.3.7'],
    ['behind a proxy seen by a socket for both versions', '::ffff:10.0.3.7', '::ffff:1.2.3.4', '1.2.3.4'],
    ['with a port', '10.0.3.7', '198.51.100.1:4711', '198.51.100.1'],
    ['of version 6', '10.0.3.7', '[2001:db8::1]:4711', '2001:db8::1'],
  ])('is that %s', async (_what, remote, list, address) => {
    expect(await peer(remote, forwarded(list))).toMatchObject({ address, local: false });
  });

  it('is the last one that a proxy on this machine tells, whoever is trusted', async () => {
    const here = { local: '127.0.0.1', trusted: [] };
    expect(await peer('127.0.0.1', forwarded('1.2.3.4, 198.51.100.1'), here)).toMatchObject({
      address: '198.51.100.1',
      local: false,
    });
    expect(await peer('127.0.0.1', forwarded('1.2.3.4, 127.0.0.1'), here)).toMatchObject({
      address: '127.0.0.1',
    });
    expect(
      await peer('127.0.0.1', forwarded('198.51.100.1, 10.0.3.8'), { local: '127.0.0.1' }),
    ).toMatchObject({ address: '198.51.100.1' });
    // A port that a container publishes: one end only is on this machine.
    expect(await peer('127.0.0.1', forwarded('1.2.3.4'))).toMatchObject({ address: '127.0.0.1' });
  });

  it('makes nobody local whose proxy says that it is one, by whichever header', async () => {
    const here = { local: '127.0.0.1' };
    expect(await peer('127.0.0.1', {}, here)).toMatchObject({ local: true });
    for (const name of ['forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'via'])
      expect(await peer('127.0.0.1', { [name]: '127.0.0.1' }, here)).toMatchObject({ local: false });
    expect(await peer('10.0.3.7', forwarded('127.0.0.1'))).toMatchObject({
      address: '127.0.0.1',
      local: false,
    });
  });
});

describe('how a server is called', () => {
  const headers = {
    host: 'backend:8080',
    'x-forwarded-host': 'trains.example',
    'x-forwarded-proto': 'https',
  };

  it('is told by a trusted proxy alone', async () => {
    expect(await peer('10.0.3.7', headers)).toMatchObject({ host: 'trains.example', https: true });
    expect(await peer('203.0.113.9', headers)).toMatchObject({ host: 'backend:8080', https: null });
    // A page may write these headers itself; that no proxy stands before us is all that is known here.
    expect(await peer('127.0.0.1', headers, { local: '127.0.0.1' })).toMatchObject({
      host: 'backend:8080',
      https: null,
    });
  });

  it.each([
    ['evil.example, trains.example', 'trains.example'],
    ['TRAINS.example:8443', 'trains.example:8443'],
    ['[2001:db8::1]:8443', '[2001:db8::1]:8443'],
    ['trains.example@evil.example', 'backend:8080'],
    ['trains.example/x', 'backend:8080'],
    ['', 'backend:8080'],
  ])('is the last name in %j, where it is one', async (said, host) => {
    expect(await peer('10.0.3.7', { ...headers, 'x-forwarded-host': said })).toMatchObject({ host });
  });

  it.each([
    ['http', false],
    ['http, https', true],
    ['wss', null],
  ])('is by the last scheme in %j, where it is one', async (said, https) => {
    expect(await peer('10.0.3.7', { ...headers, 'x-forwarded-proto': said })).toMatchObject({ https });
  });
});

describe('a server behind a proxy on another host', () => {
  const server = async (settings: string): Promise<{ w: TestWorld; ask: Ask }> => {
    const w = await testWorld({ environment: null, settings });
    open.push(w);
    const app = createApp({ project: w.project, listening: { host: '0.0.0.0' } });
    return { w, ask: async (remote, path, init) => app.request(path, init, over(remote)) };
  };
  type Ask = (remote: string, path: string, init: RequestInit) => Promise<Response>;
  const TRUSTED = 'server: {trusted_proxies: [10.0.3.7]}\n';
  const wrong = (list: string): RequestInit => ({
    headers: { authorization: 'Bearer ty_wrong', ...forwarded(list) },
  });

  it('limits each client by itself, and none by the addresses that it makes up', async () => {
    const { w, ask } = await server(TRUSTED);
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++)
      statuses.push((await ask('10.0.3.7', '/api/v1/me', wrong(`1.2.3.${i}, 198.51.100.1`))).status);
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
    expect((await ask('10.0.3.7', '/api/v1/me', wrong('198.51.100.2'))).status).toBe(401);
    const told = await listAudit(w.project.store.db, { limit: 9, type: 'access.refused' });
    expect(told.map(({ data }) => data['address'])).toEqual(['198.51.100.2', '198.51.100.1']);
  });

  it('takes nobody else for a proxy: a client counts as itself, whatever it sends', async () => {
    const { w, ask } = await server(TRUSTED);
    const statuses: number[] = [];
    for (let i = 0; i < 11; i++)
      statuses.push((await ask('10.0.3.8', '/api/v1/me', wrong(`1.2.3.${i}`))).status);
    expect(statuses.at(-1)).toBe(429);
    const told = await listAudit(w.project.store.db, { limit: 9, type: 'access.refused' });
    expect(told.map(({ data }) => data['address'])).toEqual(['10.0.3.8']);
  });

  it('signs people in by the name and scheme that the proxy was called by, with a cookie for https alone', async () => {
    const { w, ask } = await server(TRUSTED);
    const { authorization = '' } = await tokenHeaders(w.project, { roles: ['viewer'] });
    const token = authorization.replace('Bearer ', '');
    const signIn = async (remote: string, origin: string): Promise<Response> =>
      ask(remote, '/auth/token', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          host: 'backend:8080',
          origin,
          'x-forwarded-host': 'trains.example',
          'x-forwarded-proto': 'https',
        },
        body: JSON.stringify({ token }),
      });
    const response = await signIn('10.0.3.7', 'https://trains.example');
    expect(response.status).toBe(204);
    expect(response.headers.get('set-cookie')).toMatch(/^__Host-trainyard_session=.*; Secure; SameSite=Lax$/);
    expect((await signIn('10.0.3.7', 'http://trains.example')).status).toBe(403);
    expect((await signIn('10.0.3.7', 'https://backend:8080')).status).toBe(403);
    expect((await signIn('10.0.3.8', 'https://trains.example')).status).toBe(403);
  });
});
