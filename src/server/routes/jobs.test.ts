import { afterEach, describe, expect, it } from 'vitest';
import { fleetOf } from '../../testing/test-world.ts';
import { addRun, jobRow } from '../../testing/test-rows.ts';
import { testApi } from '../test-api.ts';
import type { TestApi } from '../test-api.ts';

const open: TestApi[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.world[Symbol.asyncDispose]();
});
const api = async (...options: Parameters<typeof testApi>): Promise<TestApi> => {
  const made = await testApi(...options);
  open.push(made);
  return made;
};
const names = (body: Record<string, unknown>): string[] =>
  (body['items'] as { name: string }[]).map((j) => j.name);

describe('a list of jobs', () => {
  it('is filtered by run, circuit, status, stage and text, page by page', async () => {
    const { world, get } = await api({ environment: null, circuits: fleetOf(4), fail: ['p_c002'] });
    await world.run();
    const first = (await get('/jobs?run=1&limit=3')).body;
    expect(first).toMatchObject({ items: [{ run: 1, circuit_id: 'p_c003', retry: false }, {}, {}] });
    const rest = (await get(`/jobs?run=1&limit=3&cursor=${String(first['next'])}`)).body;
    expect(rest).toMatchObject({ items: [{ circuit_id: 'p_c000' }], next: null });
    expect((await get('/jobs?status=failed')).body).toMatchObject({
      items: [{ circuit_id: 'p_c002', status: 'failed' }],
      next: null,
    });
    expect(names((await get('/jobs?q=C001')).body)).toEqual(['p_c001_2026_01_31']);
    expect(names((await get('/jobs?q=_')).body)).toHaveLength(4);
    expect(names((await get('/jobs?q=%25')).body)).toEqual([]);
    expect(names((await get('/jobs?run=1&circuit=p_c000&stage=SubmitTraining')).body)).toHaveLength(1);
    expect(names((await get('/jobs?stage=Nowhere')).body)).toEqual([]);
  });

  it('searches all runs a bounded number of jobs at a time, and loses none on the way', async () => {
    const { world, get } = await api();
    const { store } = world.project;
    await addRun(store);
    const id = (i: number): string => `job_${String(i).padStart(6, '0')}`;
    const rows = Array.from({ length: 12_000 }, (_, i) =>
      jobRow(`${i % 5000 === 0 ? 'needle' : 'hay'}_${i}`, { id: id(i), circuit_id: `c${i}` }),
    );
    await store.tx(async (tx) => {
      for (let i = 0; i < rows.length; i += 500)
        await tx
          .insertInto('jobs')
          .values(rows.slice(i, i + 500))
          .execute();
    });
    const found: string[] = [];
    let pages = 0;
    for (let cursor: string | null = ''; cursor !== null; pages++) {
      const { body } = await get(`/jobs?q=needle${cursor === '' ? '' : `&cursor=${cursor}`}`);
      found.push(...names(body));
      cursor = body['next'] as string | null;
    }
    expect(found).toEqual(['needle_10000', 'needle_5000', 'needle_0']);
    expect(pages).toBe(2);
  });

  it.each(['run=77', 'status=gone', 'cursor=%27or1', 'limit=x', 'retry=maybe', 'q='])(
    'refuses %s',
    async (query) => {
      const { get } = await api();
      expect((await get(`/jobs?${query}`)).status).toBe(query === 'run=77' ? 404 : 400);
    },
  );
});

describe('a job', () => {
  it('shows its attempts, what it runs with its values, its inputs and why it failed', async () => {
    const { world, get } = await api({ environment: null, fail: ['p_c001=KeyError: rpm'] });
    await world.run();
    const { body } = await get('/jobs/p_c001_2026_01_31');
    expect(body).toMatchObject({
      run: 1,
      circuit_id: 'p_c001',
      status: 'failed',
      optional: false,
      attempts: [{ number: 1, status: 'failed' }],
      steps: [
        {
          name: 'trainer',
          command: 'train --alpha 1 --model ${{outputs.model}}',
          environment_variables: { TRAINYARD_CIRCUIT: 'p_c001' },
        },
      ],
      failure: { class: 'code', title: expect.stringContaining('rpm') },
      retried_by: null,
    });
    expect((await get(`/jobs/${String(body['id'])}`)).body).toEqual(body);
  });

  it('names the job that trains it again', async () => {
    const { world, get, post } = await api({ environment: null, fail: ['p_c001'] });
    await world.run();
    await post('/runs/1/retry');
    await world.settle();
    const { body } = await get('/jobs/p_c001_2026_01_31');
    expect((await get(`/jobs/${String(body['retried_by'])}`)).body).toMatchObject({
      retry: true,
      retry_of: 'p_c001_2026_01_31',
    });
  });

  it('is canceled, alone or with others, harmlessly twice', async () => {
    const { world, post, get } = await api();
    const run = await world.start();
    const { store } = world.project;
    await store.db
      .insertInto('jobs')
      .values([
        jobRow('a', { run_id: run.id }),
        jobRow('b', { run_id: run.id }),
        jobRow('c', { run_id: run.id, status: 'succeeded', ended_at: '2026-01-01T00:00:00.000Z' }),
      ])
      .execute();
    expect(await post('/jobs/a/cancel')).toMatchObject({ status: 202, body: { requested: 1 } });
    expect((await post('/jobs/cancel', { jobs: ['b', 'job_b', 'c'] })).body).toEqual({ requested: 1 });
    expect((await get('/jobs/b')).body).toMatchObject({ cancel_requested_at: expect.any(String) });
    expect((await post('/jobs/cancel', { jobs: ['b', 'nobody'] })).status).toBe(404);
    expect((await post('/jobs/cancel')).status).toBe(400);
    const events = await store.db
      .selectFrom('events')
      .select('actor')
      .where('type', '=', 'job.cancel_requested')
      .execute();
    expect(events).toEqual([{ actor: 'tester' }, { actor: 'tester' }]);
  });

  it.each([
    '/jobs/nobody',
    '/jobs/..%2F..%2Fetc%2Fpasswd',
    '/jobs/%00',
    '/jobs/nobody/logs',
    '/jobs/..%2F..%2Fetc%2Fpasswd/logs',
  ])('answers %s with 404', async (path) => {
    const { get } = await api();
    expect(await get(path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });
});

describe('the log of a job', () => {
  const PIECE = 'ä€😀 line\n';

  it('is read by byte offsets, never cutting a character, until it is over', async () => {
    const { world, get } = await api({ environment: null, fail: [`p_c001=${PIECE.trim()}`] });
    await world.run();
    const whole = (await get('/jobs/p_c001_2026_01_31/logs')).body['text'] as string;
    expect(whole).toContain('ä€😀 line');
    let text = '';
    let offset = '0';
    for (let over = 'false'; over !== 'true';) {
      const piece = await get(`/jobs/p_c001_2026_01_31/logs?limit=4&offset=${offset}`);
      text += String(piece.body['text']);
      offset = piece.headers.get('x-next-offset') ?? '';
      over = piece.headers.get('x-log-over') ?? '';
    }
    expect(text).toBe(whole);
    expect(Number(offset)).toBe(Buffer.byteLength(whole));
  });

  it('brings an offset beyond the end back to it, and counts a negative one from there', async () => {
    const { world, get } = await api();
    await world.run();
    const path = '/jobs/p_c001_2026_01_31/logs';
    const size = Buffer.byteLength(String((await get(path)).body['text']));
    const beyond = await get(`${path}?offset=${Number.MAX_SAFE_INTEGER}`);
    expect(beyond.body['text']).toBe('');
    expect(beyond.headers.get('x-next-offset')).toBe(String(size));
    expect(beyond.headers.get('x-log-over')).toBe('true');
    expect((await get(`${path}?offset=-8`)).body['text']).toBe('trained\n');
    expect(beyond.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(beyond.headers.get('etag')).toBeNull();
  });

  it('is empty while the job waits to be handed over', async () => {
    const { world, get } = await api();
    const run = await world.start();
    const { store } = world.project;
    await store.db
      .insertInto('jobs')
      .values(jobRow('a', { run_id: run.id, provider: 'simulated' }))
      .execute();
    await store.db
      .insertInto('attempts')
      .values({ key: 'a', job_id: 'job_a', run_id: run.id, number: 1, status: 'pending' })
      .execute();
    const answer = await get('/jobs/a/logs');
    expect(answer).toMatchObject({ status: 200, body: { text: '' } });
    expect(answer.headers.get('x-log-over')).toBe('false');
  });

  it.each([
    ['attempt=2', 404],
    ['attempt=0', 400],
    ['offset=1.5', 400],
    ['offset=1e99', 400],
    ['offset=NaN', 400],
    ['limit=3', 400],
    ['limit=262145', 400],
  ])('refuses %s', async (query, status) => {
    const { world, get } = await api();
    await world.run();
    expect((await get(`/jobs/p_c001_2026_01_31/logs?${query}`)).status).toBe(status);
  });
});

describe('jobs by their names', () => {
  it('stand as they are, of whichever runs, in the order of the names and each once', async () => {
    const { world, post } = await api({ environment: null, circuits: fleetOf(3), fail: ['p_c002'] });
    await world.run();
    const jobs = ['p_c002_2026_01_31', 'p_c000_2026_01_31', 'p_c002_2026_01_31'];
    const { status, body } = await post('/jobs/named', { jobs });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      items: [
        { name: jobs[0], circuit: 'p_c002', run: 1, status: 'failed', cause: { title: expect.any(String) } },
        { name: jobs[1], circuit: 'p_c000', run: 1, status: 'succeeded', cause: null },
      ],
      unknown: [],
      near: [],
    });
  });

  it('that no job has are told, with what may have been meant', async () => {
    const { world, post } = await api({ environment: null, circuits: fleetOf(2) });
    await world.run();
    expect(
      (await post('/jobs/named', { jobs: ['p_c000_2026_01_32', 'p_c001_2026_01_31'] })).body,
    ).toMatchObject({
      items: [{ circuit: 'p_c001' }],
      unknown: ['p_c000_2026_01_32'],
      near: ['p_c000_2026_01_31'],
    });
    expect((await post('/jobs/named', { jobs: [] })).status).toBe(400);
  });
});
