import { afterEach, describe, expect, it } from 'vitest';
import { appendEvents } from '../../store/index.ts';
import { testWorld } from '../../testing/test-world.ts';
import type { TestWorld } from '../../testing/test-world.ts';
import { createApp } from '../app.ts';
import { testServing } from '../process/test-serving.ts';

let open: TestWorld[] = [];
afterEach(async () => {
  for (const each of open) await each[Symbol.asyncDispose]();
  open = [];
});
const world = async (): Promise<TestWorld> => {
  const made = await testWorld({ environment: null });
  open.push(made);
  return made;
};
interface Page {
  readonly items: { readonly seq: number; readonly type: string; readonly run: number | null }[];
  readonly next: string | null;
}
const pages = async (w: TestWorld, query: string): Promise<Page[]> => {
  const app = createApp({ project: w.project });
  const found: Page[] = [];
  for (let cursor = ''; ; cursor = `&cursor=${found.at(-1)?.next}`) {
    const page = (await (await app.request(`/api/v1/events?${query}${cursor}`)).json()) as Page;
    found.push(page);
    if (page.next === null) return found;
  }
};
const seqs = (all: readonly Page[]): number[] => all.flatMap((page) => page.items.map((event) => event.seq));

describe('the list of events', () => {
  const ten = async (): Promise<TestWorld> => {
    const w = await world();
    const events = Array.from({ length: 10 }, (_, i) => ({
      type: i % 2 === 0 ? 'job.failed' : i % 3 === 0 ? 'run.started' : 'job.lost',
      severity: i % 2 === 0 ? ('error' as const) : i % 3 === 0 ? ('info' as const) : ('warning' as const),
      circuit_id: i === 4 ? 'p_c004' : null,
      message: `m${i}`,
    }));
    await w.project.store.tx((tx) => appendEvents(tx, w.clock.now(), events));
    return w;
  };

  it('goes back page by page, and forward after an event', async () => {
    const w = await ten();
    expect((await pages(w, 'limit=4')).map((p) => p.items.length)).toEqual([4, 4, 2]);
    expect(seqs(await pages(w, 'limit=4'))).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(seqs(await pages(w, 'limit=2&after=5'))).toEqual([6, 7, 8, 9, 10]);
    expect(seqs(await pages(w, 'limit=2&after=5&before=8'))).toEqual([6, 7]);
    expect(seqs(await pages(w, 'before=3'))).toEqual([2, 1]);
  });

  it.each([
    ['type=job.failed', [9, 7, 5, 3, 1]],
    ['type=job.*&limit=3', [9, 8, 7, 6, 5, 3, 2, 1]],
    ['type=job.*&after=4&limit=2', [5, 6, 7, 8, 9]],
    ['type=*', [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]],
    ['type=nothing.*', []],
    ['severity=error', [9, 7, 5, 3, 1]],
    ['severity=warning', [9, 8, 7, 6, 5, 3, 2, 1]],
    ['severity=info', [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]],
    ['circuit=p_c004', [5]],
  ])('filters by %s', async (query, expected) => {
    expect(seqs(await pages(await ten(), query))).toEqual(expected);
  });

  it('of a run names the run by its number', async () => {
    const w = await ten();
    await w.start();
    const [page] = await pages(w, 'run=1');
    expect(page?.items.map((e) => [e.type, e.run])).toContainEqual(['run.created', 1]);
    expect((await createApp({ project: w.project }).request('/api/v1/events?run=9')).status).toBe(404);
  });

  it('asks an index for every filter', async () => {
    const w = await world();
    const { db } = w.project.store;
    const plan = async (where: string): Promise<string> => {
      const { sql } = await import('kysely');
      const { rows } = await sql<{
        detail: string;
      }>`explain query plan select * from events where ${sql.raw(where)} order by seq desc limit 50`.execute(
        db,
      );
      return rows.map((row) => row.detail).join('; ');
    };
    expect(await plan(`type = 'a'`)).toContain('events_type');
    expect(await plan(`circuit_id = 'a'`)).toContain('events_circuit');
    expect(await plan(`severity != 'info' and severity = 'error'`)).toContain('events_trouble');
    expect(await plan(`run_id = 'a'`)).toContain('events_run');
  });

  it.each([
    ['/api/v1/events?cursor=x'],
    ['/api/v1/events?after=-1'],
    ['/api/v1/events?type=%27'],
    ['/api/v1/events?severity=grave'],
  ])('refuses %s', async (path) => {
    const w = await world();
    expect((await createApp({ project: w.project }).request(path)).status).toBe(400);
  });
});

describe('the stream of events over HTTP', () => {
  it('is a stream that nothing on the way keeps, and takes up where its client was', async () => {
    const w = await world();
    await w.start();
    const app = createApp({ project: w.project });
    const answer = await app.request('/api/v1/events/stream', { headers: { 'last-event-id': '0' } });
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const reader = answer.body?.getReader();
    let text = '';
    while (!text.includes('run.created')) {
      const piece = await reader?.read();
      text += new TextDecoder().decode(piece?.value);
    }
    expect(text).toMatch(/^retry: \d+\nid: 0\n\nid: 1\nevent: event\ndata: \{"seq":1,/);
    await reader?.cancel();
    const strange = await app.request('/api/v1/events/stream', { headers: { 'last-event-id': 'x' } });
    expect(strange.status).toBe(400);
    expect((await app.request('/api/v1/events/stream?run=44')).status).toBe(404);
  });

  it.each(['/api/v1/events/stream', '/api/v1/events/stream?run=1'])(
    'is let go at once where HEAD asks for %s',
    async (path) => {
      const w = await world();
      await w.start();
      const serving = await testServing(w.project);
      expect((await serving.app.request(path, { method: 'HEAD' })).status).toBe(200);
      expect(await serving.samples()).toMatchObject({ event_streams: 0 });
      serving.end();
    },
  );
});
