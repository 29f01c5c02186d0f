import { afterEach, describe, expect, it } from 'vitest';
import { appendEvents } from '../../store/index.ts';
import { testWorld } from '../../testing/test-world.ts';
import type { TestWorld } from '../../testing/test-world.ts';
import { createApp } from '../app.ts';

let open: TestWorld[] = [];
afterEach(async () => {
  for (const each of open) await each[Symbol.asyncDispose]();
  open = [];
});
const api = async () => {
  const world = await testWorld({ environment: null });
  open.push(world);
  const actor = (name: string) => ({ name, identity: 'verified' as const });
  await world.project.store.tx((tx) =>
    appendEvents(
      tx,
      world.clock.now(),
      Array.from({ length: 9 }, (_, i) => ({
        type: i % 3 === 0 ? 'approval.decided' : i % 3 === 1 ? 'approval.reopened' : 'model.withdrawn',
        actor: actor(i % 2 === 0 ? 'ada@x' : 'bob@x'),
        circuit_id: i === 5 ? 'p_c005' : null,
        message: `m${i}`,
      })),
    ),
  );
  const app = createApp({ project: world.project });
  const get = async (path: string): Promise<Record<string, unknown>> =>
    (await (await app.request(`/api/v1${path}`)).json()) as Record<string, unknown>;
  return { world, app, get };
};

describe('the record over HTTP', () => {
  it.each([
    ['', [9, 8, 7, 6, 5, 4, 3, 2, 1]],
    ['by=bob@x', [8, 6, 4, 2]],
    ['type=approval.decided', [7, 4, 1]],
    ['type=approval.*&limit=2', [8, 7, 5, 4, 2, 1]],
    ['type=approval.*&by=ada@x', [7, 5, 1]],
    ['circuit=p_c005', [6]],
  ])('is listed page by page: %s', async (query, expected) => {
    const { get } = await api();
    const seqs: number[] = [];
    for (let cursor: unknown = ''; cursor !== null;) {
      const page = await get(`/audit?${query}${cursor === '' ? '' : `&cursor=${String(cursor)}`}`);
      seqs.push(...(page['items'] as { seq: number }[]).map((entry) => entry.seq));
      cursor = page['next'];
    }
    expect(seqs).toEqual(expected);
  });

  it('is verified, and found out when somebody edited it', async () => {
    const { world, get } = await api();
    const whole = await get('/audit/verify');
    expect(whole).toMatchObject({ ok: true, entries: 9, seq: null, problem: null });
    expect(await get(`/audit/verify?head=${String(whole['head'])}`)).toMatchObject({ ok: true });
    await world.project.store.db
      .updateTable('audit')
      .set({ message: 'nothing happened' })
      .where('seq', '=', 4)
      .execute();
    expect(await get('/audit/verify')).toMatchObject({ ok: false, entries: 3, seq: 4, head: null });
  });

  it('is verified by one look at a time: few wait for it, the same one is shared, others are put off', async () => {
    const { app } = await api();
    const head = (seq: number): string => `?head=${seq}:${'0'.repeat(64)}`;
    const ask = async (query: string) => app.request(`/api/v1/audit/verify${query}`);
    const all = await Promise.all(['', head(1), head(2), head(3), head(1), '', head(4), head(5)].map(ask));
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200, 503, 503]);
    const refused = all.at(-1);
    expect(refused?.headers.get('retry-after')).toBe('10');
    expect(await refused?.json()).toMatchObject({
      status: 503,
      hint: expect.stringContaining('ten seconds'),
    });
    expect((await ask(head(5))).status).toBe(200);
  });

  it('refuses a head that is none', async () => {
    const { app } = await api();
    expect((await app.request('/api/v1/audit/verify?head=12')).status).toBe(400);
  });
});
