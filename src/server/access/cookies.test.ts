import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { readCookie, writeCookie } from './cookies.ts';

/** What a browser is given, and what is read when it comes back with it. */
async function roundTrip(public_url: string | null, port: number | null): Promise<[string, string | null]> {
  const app = new Hono();
  app.get('/set', (c) => {
    writeCookie(c, { public_url }, 'session', 'abc', 60.9);
    return c.text('');
  });
  app.get('/get', (c) => c.json(readCookie(c, { public_url }, 'session')));
  const env = port === null ? {} : { incoming: { socket: { localPort: port } } };
  const header = (await app.request('/set', {}, env)).headers.get('set-cookie') ?? '';
  const cookie = header.split(';')[0] ?? '';
  return [header, (await (await app.request('/get', { headers: { cookie } }, env)).json()) as string | null];
}

describe('a cookie', () => {
  it('goes over https alone, to this host alone, where people reach the server by it', async () => {
    expect(await roundTrip('https://trains.example', 8080)).toEqual([
      '__Host-trainyard_session=abc; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax',
      'abc',
    ]);
  });

  it('is one of its own on each port of this machine', async () => {
    expect(await roundTrip(null, 8080)).toEqual([
      'trainyard_session_8080=abc; Max-Age=60; Path=/; HttpOnly; SameSite=Lax',
      'abc',
    ]);
    expect((await roundTrip('http://localhost:8081', 8081))[0]).toContain('trainyard_session_8081=abc;');
  });
});
