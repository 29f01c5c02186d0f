import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { ApiEnv } from '../api.ts';
import { readCookie, writeCookie } from './cookies.ts';
import type { Peer } from './peer.ts';

/** What a browser is given, and what is read when it comes back with it. */
async function roundTrip(
  public_url: string | null,
  came: Pick<Peer, 'port'> & Partial<Peer>,
): Promise<[string, string | null]> {
  const app = new Hono<ApiEnv>();
  app.use(async (c, next) => {
    c.set('peer', { address: '127.0.0.1', local: true, host: 'localhost', https: null, ...came });
    await next();
  });
  app.get('/set', (c) => {
    writeCookie(c, { public_url }, 'session', 'abc', 60.9);
    return c.text('');
  });
  app.get('/get', (c) => c.json(readCookie(c, { public_url }, 'session')));
  const header = (await app.request('/set')).headers.get('set-cookie') ?? '';
  const cookie = header.split(';')[0] ?? '';
  return [header, (await (await app.request('/get', { headers: { cookie } })).json()) as string | null];
}

describe('a cookie', () => {
  it('goes over https alone, to this host alone, where people reach the server by it', async () => {
    expect(await roundTrip('https://trains.example', { port: 8080 })).toEqual([
      '__Host-trainyard_session=abc; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax',
      'abc',
    ]);
    expect((await roundTrip(null, { port: 8080, https: true }))[0]).toContain(
      '__Host-trainyard_session=abc; Max-Age=60; Path=/; HttpOnly; Secure;',
    );
  });

  it('is one of its own on each port of this machine', async () => {
    expect(await roundTrip(null, { port: 8080 })).toEqual([
      'trainyard_session_8080=abc; Max-Age=60; Path=/; HttpOnly; SameSite=Lax',
      'abc',
    ]);
    expect((await roundTrip('http://localhost:8081', { port: 8081, https: false }))[0]).toContain(
      'trainyard_session_8081=abc;',
    );
  });
});
