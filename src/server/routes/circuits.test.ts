import { afterEach, describe, expect, it } from 'vitest';
import { fleetOf } from '../../testing/test-world.ts';
import type { TestWorld, testWorld } from '../../testing/test-world.ts';
import { FleetWatch, fleetWatch } from '../fleet-watch.ts';
import { testApi } from '../test-api.ts';

let open: TestWorld[] = [];
afterEach(async () => {
  for (const each of open) await each[Symbol.asyncDispose]();
  open = [];
});

async function world(options: Parameters<typeof testWorld>[0] = {}) {
  const { world: w, get } = await testApi({ environment: null, ...options });
  open.push(w);
  return { w, get, fresh: () => fleetWatch(w.project).fresh() };
}

/** `p_c000 good` and so on. */
const standings = (body: Record<string, unknown>): string[] =>
  (body['items'] as { id: string; state: string }[]).map((c) => `${c.id} ${c.state}`);

describe('circuits', () => {
  it('stand as the plan, their jobs and their models say', async () => {
    const { w, get, fresh } = await world({
      circuits: fleetOf(6),
      fail: ['p_c001', 'p_c002'],
      settings: 'gates: {training-retry: {expires: 1h}}\n',
    });
    await w.run({ circuits: ['p_c000', 'p_c001', 'p_c004'], approve: ['training-retry'] });
    await w.run({ circuits: ['p_c002'] });
    await w.start({ circuits: ['p_c003'] });
    await w.write(
      'config/circuits.yaml',
      fleetOf(6).replace('circuit_id: c004', 'circuit_id: c004, training_days: 60'),
    );
    await fresh();
    const { body } = await get('/circuits');
    expect(standings(body)).toEqual([
      'p_c000 good',
      'p_c001 failed',
      'p_c002 waiting',
      'p_c003 training',
      'p_c004 stale',
      'p_c005 new',
    ]);
    expect(body).toMatchObject({
      total: 6,
      problem: null,
      items: [
        {
          last_good: { version: 1, run: 1 },
          last_job: { name: 'p_c000_2026_01_31', run: 1 },
          owed_since: null,
        },
        { cause: 'owed_failed', last_good: null, last_job: { status: 'failed', run: 1 } },
        { cause: 'owed_failed', last_job: { status: 'failed', run: 2 } },
        { cause: 'owed_unfinished' },
        { cause: 'config', reason: 'training_days 30 → 60', last_good: { version: 1 } },
        { cause: 'new', last_job: null },
      ],
    });
  });

  it('are owed since they were first tried, or since somebody looked', async () => {
    const { w, fresh, get } = await world({ circuits: fleetOf(2), fail: ['p_c000'] });
    await w.run({ circuits: ['p_c000'], approve: ['training-retry'] });
    const tried = w.clock.now();
    w.clock.jumpTo(tried + 86_400_000);
    await fresh();
    const first = (await get('/circuits/p_c001')).body['owed_since'];
    await fresh();
    const { body } = await get('/circuits');
    const items = body['items'] as { owed_since: string }[];
    expect(Date.parse(items[0]?.owed_since ?? '')).toBeLessThanOrEqual(tried);
    expect(items[1]?.owed_since).toBe(first);
  });

  it('are listed page by page in any order, filtered on the server', async () => {
    const { w, get, fresh } = await world({ circuits: fleetOf(7) });
    await w.run({ circuits: ['p_c002', 'p_c005'] });
    await fresh();
    for (const sort of ['id', '-id', 'state', '-state', 'owed_since', '-last_good']) {
      const whole = standings((await get(`/circuits?sort=${sort}`)).body);
      const paged: string[] = [];
      for (let cursor = ''; ;) {
        const { body } = await get(`/circuits?sort=${sort}&limit=2${cursor}`);
        paged.push(...standings(body));
        if (body['next'] === null) break;
        cursor = `&cursor=${String(body['next'])}`;
      }
      expect(paged).toEqual(whole);
      expect(new Set(paged).size).toBe(7);
    }
    expect(standings((await get('/circuits?state=good')).body)).toEqual(['p_c002 good', 'p_c005 good']);
    expect((await get('/circuits?state=good&sort=-id&limit=1')).body).toMatchObject({ total: 2 });
    expect(standings((await get('/circuits?q=C005')).body)).toEqual(['p_c005 good']);
    expect(standings((await get('/circuits?cause=new&q=p_c00&limit=1')).body)).toEqual(['p_c000 new']);
    expect(standings((await get('/circuits?plant=other')).body)).toEqual([]);
  });

  it('show one metric over their last versions', async () => {
    const { w, get, fresh } = await world({ circuits: fleetOf(1), settings: 'quality: [mae <= 100]\n' });
    await w.run();
    await w.run({ circuits: ['p_c000'] });
    await fresh();
    const { body } = await get('/circuits?trend=auto');
    expect(body).toMatchObject({ items: [{ trend: { metric: 'mae' } }] });
    const [item] = body['items'] as {
      trend: { values: number[] };
      last_good: { metrics: { mae: number } };
    }[];
    expect(item?.trend.values).toHaveLength(2);
    expect(item?.trend.values[1]).toBe(item?.last_good.metrics.mae);
    expect((await get('/circuits?trend=nothing')).body).toMatchObject({ items: [{ trend: null }] });
  });

  it('fit on one board, which answers with nothing when nothing changed', async () => {
    const { w, get, fresh } = await world({ circuits: fleetOf(3) });
    await w.run({ circuits: ['p_c001'] });
    await fresh();
    const { body, headers } = await get('/circuits/board');
    expect(body).toMatchObject({
      counts: { good: 1, new: 2, stale: 0 },
      problem: null,
      refreshing: false,
    });
    const { states, causes, plants } = body as {
      states: string[];
      causes: string[];
      plants: { plant_id: string; circuits: [string, number, number][] }[];
    };
    expect(plants.map((p) => p.plant_id)).toEqual(['p']);
    expect(plants[0]?.circuits.map(([id, s, c]) => [id, states[s], causes[c]])).toEqual([
      ['c000', 'new', 'new'],
      ['c001', 'good', 'unchanged'],
      ['c002', 'new', 'new'],
    ]);
    const again = await get('/circuits/board', { 'if-none-match': headers.get('etag') ?? '' });
    expect(again.status).toBe(304);
  });

  it('tell what is known at once, and look again behind when something has changed', async () => {
    const { w, get } = await world({ circuits: fleetOf(2) });
    const watch = fleetWatch(w.project);
    expect((await get('/circuits/board')).body).toMatchObject({ counts: { new: 2 }, refreshing: false });
    let looks = 0;
    const stop = watch.onChange(() => looks++);
    await w.run({ circuits: ['p_c000'] });
    // It rests after a look.
    w.clock.jumpTo(w.clock.now() + 60_000);
    const [one, two] = await Promise.all([get('/circuits/board'), get('/circuits')]);
    expect(one.body).toMatchObject({ counts: { new: 2 }, refreshing: true });
    expect(two.body).toMatchObject({ refreshing: true });
    await expect.poll(() => looks, { timeout: 50_000 }).toBe(1);
    stop();
    expect((await get('/circuits/board')).body).toMatchObject({
      counts: { new: 1, good: 1 },
      refreshing: false,
    });
  });

  it('are looked at once more after a rest in which something changed, without being asked again', async () => {
    const { w, get } = await world({ circuits: fleetOf(2) });
    await get('/circuits/board');
    const { body } = await get('/circuits/board');
    expect(body).toMatchObject({ refreshing: false });
    await w.run({ circuits: ['p_c000'] });
    w.clock.jumpTo(Date.parse(body['at'] as string) + 1);
    expect((await get('/circuits/board')).body).toMatchObject({ counts: { new: 2 }, refreshing: true });
    let looks = 0;
    const stop = fleetWatch(w.project).onChange(() => looks++);
    await w.clock.advance(60_000);
    await expect.poll(() => looks, { timeout: 50_000 }).toBe(1);
    stop();
    expect((await get('/circuits/board')).body).toMatchObject({ counts: { new: 1, good: 1 } });
  });

  it('are known after a restart before anybody looked again', async () => {
    const { w, fresh } = await world({ circuits: fleetOf(2) });
    await fresh();
    const restarted = new FleetWatch(w.project);
    const { fleet, refreshing } = await restarted.now();
    expect([fleet.circuits.length, refreshing]).toEqual([2, true]);
    const { circuit } = await restarted.circuit('p_c000');
    expect(circuit?.settings).toContain('"training_days":30');
  });

  it('show what was known, and the problem, when circuits.yaml cannot be used', async () => {
    const { w, get, fresh } = await world({ circuits: fleetOf(2) });
    await fresh();
    await w.write('config/circuits.yaml', 'circuits: [{plant_id: p}]\n');
    await fresh();
    for (const path of ['/circuits', '/circuits/board']) {
      const { status, body } = await get(path);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        problem: { problems: [{ file: 'config/circuits.yaml', line: 1, path: 'circuits[0]' }] },
      });
    }
    expect((await get('/circuits')).body).toMatchObject({ total: 2 });
    await w.write('config/circuits.yaml', fleetOf(3));
    await fresh();
    expect((await get('/circuits')).body).toMatchObject({ total: 3, problem: null });
  });

  it('say of one why it stands as it does, with settings, versions and jobs', async () => {
    const { w, get, fresh } = await world({ circuits: fleetOf(1) });
    await w.run();
    await w.write('config/circuits.yaml', fleetOf(1, ', hyperparameters: {alpha: 1.0}'));
    await fresh();
    const { body } = await get('/circuits/p_c000');
    expect(body).toMatchObject({
      id: 'p_c000',
      state: 'stale',
      settings: { training_days: 30 },
      why: {
        cause: 'config',
        changes: [{ field: 'hyperparameters.alpha', before: null }],
        previous_hash: expect.stringMatching(/^[0-9a-f]{12}$/),
      },
      history: [{ version: 1, run: 1, withdrawn: false }],
      jobs: [{ name: 'p_c000_2026_01_31', status: 'succeeded', run: 1 }],
    });
  });

  it.each([
    ['an unknown id', '/circuits/p_c00', 404],
    ['an id that is a path', '/circuits/%2e%2e%2fetc', 404],
    ['a very long id', `/circuits/${'x'.repeat(301)}`, 400],
    ['an unknown state', '/circuits?state=fine', 400],
    ['an unknown order', '/circuits?sort=colour', 400],
    ['too large a page', '/circuits?limit=501', 400],
    ['a cursor that is none', '/circuits?cursor=nonsense', 400],
    ['a cursor of another list', `/circuits?cursor=${Buffer.from('[1]').toString('base64url')}`, 400],
    ['too long a search', `/circuits?q=${'x'.repeat(201)}`, 400],
  ])('refuse %s', async (_, path, status) => {
    const { get } = await world({ circuits: fleetOf(1) });
    expect((await get(path)).status).toBe(status);
  });
});
