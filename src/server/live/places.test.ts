import { afterEach, describe, expect, it } from 'vitest';
import { tokenHeaders } from '../../testing/test-callers.ts';
import { testApi } from '../test-api.ts';
import type { TestApi } from '../test-api.ts';
import { StreamPlaces } from './places.ts';

const open: TestApi[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.world[Symbol.asyncDispose]();
});

const EVENTS = '/events/stream';
const LOG = '/jobs/p_c001_2026_01_31/logs/stream';

/** An API over a run whose jobs print for ever. */
async function api(): Promise<TestApi> {
  const logs = async ({ offset }: { readonly offset: number }) => ({
    text: 'more\n',
    next_offset: offset + 5,
    ended: false,
  });
  const made = await testApi({ environment: null }, { logs });
  open.push(made);
  await made.world.run();
  return made;
}

describe('streams that one caller keeps open', () => {
  it('are so many at most, of events and logs together, and hinder nobody else', async () => {
    const { request, world } = await api();
    const [headers, others] = [
      await tokenHeaders(world.project, { name: 'ci', roles: ['viewer'] }),
      await tokenHeaders(world.project, { name: 'board', roles: ['viewer'] }),
    ];
    const streams: Response[] = [];
    for (let i = 0; i < 64; i++) streams.push(await request(i % 2 === 0 ? EVENTS : LOG, { headers }));
    expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
    for (const path of [EVENTS, LOG]) {
      const refused = await request(path, { headers });
      expect(refused.status).toBe(429);
      expect(refused.headers.get('retry-after')).toBe('10');
      expect(refused.headers.get('content-type')).toContain('application/problem+json');
      expect(await refused.json()).toMatchObject({
        code: 'too_many_requests',
        detail: 'token:ci has 64 streams of events and logs open, and may have no more.',
        hint: expect.stringContaining('a token of its own'),
      });
    }
    for (const more of [{ headers: others }, {}]) expect((await request(EVENTS, more)).status).toBe(200);
  });

  it.each([EVENTS, LOG])(
    'give their places back: when the client goes, and when only the head of %s is asked for',
    async (path) => {
      const { request, world } = await api();
      const headers = await tokenHeaders(world.project, { roles: ['viewer'] });
      const streams: Response[] = [];
      for (let i = 0; i < 64; i++) streams.push(await request(path, { headers }));
      expect((await request(path, { headers })).status).toBe(429);
      await streams[0]?.body?.cancel();
      for (let i = 0; i < 3; i++) expect((await request(path, { method: 'HEAD', headers })).status).toBe(200);
      expect((await request(path, { headers })).status).toBe(200);
      expect((await request(path, { headers })).status).toBe(429);
    },
  );

  it('give their places back when they end by themselves, and take none where there is nothing to follow', async () => {
    const made = await testApi(
      { environment: null },
      { logs: async ({ offset }) => ({ text: '', next_offset: offset, ended: true }) },
    );
    open.push(made);
    await made.world.run();
    const headers = await tokenHeaders(made.world.project, { roles: ['viewer'] });
    for (let i = 0; i < 70; i++) {
      expect(await (await made.request(LOG, { headers })).text()).toContain('event: end');
      expect((await made.request(`${LOG}?attempt=9`, { headers })).status).toBe(404);
      expect((await made.request(`${EVENTS}?run=99`, { headers })).status).toBe(404);
    }
  });

  it('are counted by person, in however many sessions, and the local user has more of them', () => {
    const places = new StreamPlaces();
    const ada = { name: 'ada@x', identity: 'verified', via: 'session', roles: [] } as const;
    const local = { name: 'ada@x', identity: 'claimed', via: 'local', roles: [] } as const;
    const taken = Array.from({ length: 64 }, () => places.take({ ...ada }));
    expect(places.take(ada)).toBeNull();
    expect(Array.from({ length: 2000 }, () => places.take(local))).not.toContain(null);
    expect(places.take(local)).toBeNull();
    taken[0]?.();
    taken[0]?.();
    expect([places.take(ada), places.take(ada)]).toEqual([expect.any(Function), null]);
  });
});
