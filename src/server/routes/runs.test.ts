import { afterEach, describe, expect, it } from 'vitest';
import { tokenHeaders } from '../../testing/test-callers.ts';
import { jobRow } from '../../testing/test-rows.ts';
import { fleetOf } from '../../testing/test-world.ts';
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
const withFailures = (): Promise<TestApi> =>
  api({ environment: null, circuits: fleetOf(4), fail: ['p_c001=out of memory', 'p_c002=no such column'] });

describe('a list of runs', () => {
  it('is filtered and searched on the server, page by page', async () => {
    const { world, get } = await api();
    await world.run({ circuits: ['p_c000'] });
    await world.run({ circuits: ['p_c001'] });
    await world.start({ circuits: ['p_c002'] });
    const numbers = async (query: string): Promise<unknown> =>
      ((await get(`/runs?${query}`)).body['items'] as { number: number }[]).map((r) => r.number);
    expect(await numbers('status=pending')).toEqual([3]);
    expect(await numbers('q=TEST')).toEqual([3, 2, 1]);
    expect(await numbers('q=2')).toEqual([2]);
    expect(await numbers('q=%25')).toEqual([]);
    expect(await numbers('requested_by=somebody')).toEqual([]);
    expect(await numbers('rehearsal=false&pipeline=train&requested_by=tester')).toEqual([3, 2, 1]);
    expect(await numbers('rehearsal=true')).toEqual([]);
    const all = await get('/runs?limit=3');
    expect(all.body['next']).toBeNull();
  });

  it('tells how the stages of each stand, so that a list can show the line', async () => {
    const { world, get } = await api({ environment: null });
    await world.run({ circuits: ['p_c000'] });
    await world.start({ circuits: ['p_c001'] });
    const [pending, run] = (await get('/runs')).body['items'] as { stages: { name: string }[] }[];
    expect(run?.stages.map((s) => s.name)).toEqual(pending?.stages.map((s) => s.name));
    expect(run?.stages).toHaveLength(9);
    expect(run?.stages[5]).toEqual({
      name: 'MonitorTraining',
      status: 'succeeded',
      counts: { succeeded: 1, failed: 0, canceled: 0 },
    });
    expect(pending?.stages[5]).toEqual({ name: 'MonitorTraining', status: 'pending', counts: {} });
  });

  it.each([
    'limit=0',
    'limit=501',
    'cursor=-1',
    'cursor=1e9',
    'status=gone',
    'rehearsal=1',
    `q=${'x'.repeat(201)}`,
  ])('refuses %s as a request that makes no sense', async (query) => {
    const { get } = await api();
    expect(await get(`/runs?${query}`)).toMatchObject({ status: 400, body: { code: 'usage' } });
  });
});

describe('the plan of a run', () => {
  it('tells of each circuit what was decided and why', async () => {
    const { world, get } = await api();
    await world.run();
    const first = await get('/runs/1/circuits?limit=2');
    expect(first.body).toMatchObject({
      items: [
        { circuit_id: 'p_c000', action: 'train', cause: 'new', changes: [] },
        { circuit_id: 'p_c001', reason: expect.any(String) },
      ],
      next: 'p_c001',
    });
    const rest = await get('/runs/1/circuits?limit=2&cursor=p_c001&q=C002&action=train');
    expect(rest.body).toMatchObject({ items: [{ circuit_id: 'p_c002' }], next: null });
    expect((await get('/runs/1/circuits?cause=owed_failed')).body).toEqual({ items: [], next: null });
  });
});

describe('the matrix of a run', () => {
  it('holds every job in few bytes, retries after what they retry', async () => {
    const { world, get, post } = await withFailures();
    await world.run();
    await post('/runs/1/retry', { circuits: ['p_c001'] });
    await world.settle();
    const { body } = await get('/runs/1/matrix');
    const statuses = body['statuses'] as string[];
    const rows = (body['circuits'] as [string, string, number, number, number, string | null][]).map(
      ([circuit, , status, attempt, retry, reason]) => [circuit, statuses[status], attempt, retry, reason],
    );
    expect(rows).toEqual([
      ['p_c000', 'succeeded', 1, 0, null],
      ['p_c001', 'failed', 1, 0, 'out_of_memory'],
      ['p_c001', 'failed', 1, 1, 'out_of_memory'],
      ['p_c002', 'failed', 1, 0, 'user_code'],
      ['p_c003', 'succeeded', 1, 0, null],
    ]);
  });

  it('shows circuits that are planned and have no job yet', async () => {
    const { world, get } = await api();
    await world.start();
    expect((await get('/runs/1/matrix')).body).toMatchObject({
      circuits: [
        ['p_c000', null, 0, 0, 0, null],
        ['p_c001', null, 0, 0, 0, null],
        ['p_c002', null, 0, 0, 0, null],
      ],
    });
  });

  it('is not sent twice to who has seen it, and is sent again when a job moves', async () => {
    const { world, get } = await api();
    const run = await world.run();
    const first = await get('/runs/1/matrix');
    const tag = first.headers.get('etag') ?? '';
    expect((await get('/runs/1/matrix', { 'if-none-match': tag })).status).toBe(304);
    await world.project.store.db
      .updateTable('jobs')
      .set({ attempt: 2 })
      .where('run_id', '=', run.id)
      .execute();
    expect((await get('/runs/1/matrix', { 'if-none-match': tag })).status).toBe(200);
  });
});

describe('the timeline of a run', () => {
  it('counts in each bucket how many jobs were in which phase, on average', async () => {
    const { world, get } = await api();
    const run = await world.start();
    const { store } = world.project;
    const at = (s: number): string => new Date(Date.UTC(2026, 0, 1) + s * 1000).toISOString();
    const attempt = (
      name: string,
      [submitted, running, ended]: readonly number[],
      queued_s: number,
      preparing_s: number,
    ) => ({
      key: name,
      job_id: `job_${name}`,
      run_id: run.id,
      number: 1,
      status: 'succeeded',
      submitted_at: at(submitted ?? 0),
      running_at: at(running ?? 0),
      ended_at: at(ended ?? 0),
      queued_s,
      preparing_s,
    });
    await store.db
      .insertInto('jobs')
      .values(['a', 'b', 'c'].map((name) => jobRow(name, { run_id: run.id })))
      .execute();
    await store.db
      .insertInto('attempts')
      .values([
        attempt('a', [0, 10, 40], 1, 1),
        attempt('b', [0, 20, 25], 20, 0),
        { key: 'c', job_id: 'job_c', run_id: run.id, number: 1, status: 'pending' },
      ])
      .execute();
    const { body } = await get('/runs/1/timeline?buckets=4');
    expect(body).toMatchObject({
      run: 1,
      from: at(0),
      to: at(40),
      bucket_s: 10,
      queued: [1.5, 1, 0, 0],
      preparing: [0.5, 0, 0, 0],
      running: [0, 1, 1.5, 1],
    });
    expect((body['stages'] as unknown[])[0]).toMatchObject({
      name: 'RegisterEnvironment',
      status: 'pending',
    });
    expect(((await get('/runs/1/timeline?buckets=300')).body['queued'] as unknown[]).length).toBe(40);
  });

  it('has no buckets before the first job, and refuses more than it can draw', async () => {
    const { world, get } = await api();
    await world.start();
    expect((await get('/runs/1/timeline')).body).toMatchObject({ from: null, queued: [], running: [] });
    expect((await get('/runs/1/timeline?buckets=301')).status).toBe(400);
    expect((await get('/runs/1/timeline?buckets=0')).status).toBe(400);
  });

  it('adds up to the time that the jobs took', async () => {
    const { world, get } = await api({ environment: null, circuits: fleetOf(40) });
    const run = await world.run();
    const { body } = await get('/runs/1/timeline');
    const bucket_s = body['bucket_s'] as number;
    const seconds = (body['running'] as number[]).reduce((sum, n) => sum + n * bucket_s, 0);
    const rows = await world.project.store.db
      .selectFrom('jobs')
      .select(['running_at', 'ended_at'])
      .where('run_id', '=', run.id)
      .execute();
    const took = rows.reduce(
      (sum, r) => sum + (Date.parse(r.ended_at ?? '') - Date.parse(r.running_at ?? '')) / 1000,
      0,
    );
    expect(took).toBeGreaterThan(0);
    expect(Math.abs(seconds - took)).toBeLessThan(0.01 * bucket_s * (body['running'] as number[]).length);
  });
});

describe('failures of a run', () => {
  it('are grouped by cause with what to do, and say which circuits a retry would take', async () => {
    const { world, get } = await withFailures();
    await world.run();
    const { body } = await get('/runs/1/failures');
    expect(body).toMatchObject({
      run: 1,
      failed: 2,
      groups: [
        { number: 1, count: 1 },
        { number: 2, count: 1 },
      ],
      retryable: ['p_c001', 'p_c002'],
    });
    const [group] = body['groups'] as { advice: string; circuits: string[]; jobs: string[] }[];
    expect(group?.advice).not.toBe('');
    expect(group?.jobs[0]).toContain(group?.circuits[0]);
  });
});

describe('what people do to a run', () => {
  it('retries one cause, and tells who decided', async () => {
    const { world, get, post } = await withFailures();
    await world.run();
    const groups = (await get('/runs/1/failures')).body['groups'] as { circuits: string[] }[];
    const answer = await post('/runs/1/retry', { groups: [1], comment: 'the node is back' });
    expect(answer).toMatchObject({
      status: 202,
      body: { approval: { run: 1, counts: { approve: 1, pending: 1 } } },
    });
    await world.settle();
    const jobs = (await get('/jobs?retry=true')).body['items'] as { circuit_id: string }[];
    expect(jobs.map((j) => j.circuit_id)).toEqual(groups[0]?.circuits);
  });

  it.each([
    ['/runs/1/retry', { groups: [9] }, 404],
    ['/runs/1/retry', { circuits: ['p_c000'] }, 404],
    ['/runs/1/retry', { circuits: [] }, 400],
    ['/runs/1/retry', { groups: ['one'] }, 400],
    ['/runs/77/retry', {}, 404],
    ['/runs/1/cancel', { stage: 'Nowhere' }, 400],
    ['/runs/1/cancel', { circuits: ['p_c999'] }, 404],
    ['/runs/1/cancel', { stage: 'PromoteModels', circuits: ['p_c000'] }, 400],
    ['/runs/1/accept-partial', { comment: 7 }, 400],
    ['/runs/..%2f..%2fetc/cancel', {}, 404],
  ])('refuses %s with %j', async (path, body, status) => {
    const { world, post } = await withFailures();
    await world.run();
    expect((await post(path, body)).status).toBe(status);
  });

  it('refuses a body that is no JSON', async () => {
    const { world, request } = await api();
    await world.start();
    const response = await request('/runs/1/cancel', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"stage":',
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'usage' });
  });

  it('cancels a run, a stage or circuits, and says when nothing was left', async () => {
    const { world, post, get } = await api();
    await world.start();
    expect((await post('/runs/1/cancel', { circuits: ['p_c001'] })).body).toEqual({ requested: true });
    await world.settle();
    expect((await get('/jobs?circuit=p_c001')).body).toMatchObject({ items: [] });
    expect((await post('/runs/1/cancel', { stage: 'PromoteModels' })).body).toEqual({ requested: true });
    await world.settle();
    expect((await get('/runs/1')).body).toMatchObject({ status: 'succeeded' });
    expect((await post('/runs/1/cancel')).body).toEqual({ requested: false });
  });

  it('accepts partial success once a retry failed again, and resumes what is open', async () => {
    const { world, post } = await withFailures();
    await world.run();
    expect((await post('/runs/1/accept-partial')).status).toBe(409);
    expect((await post('/runs/1/resume')).body).toMatchObject({ number: 1 });
    await post('/runs/1/retry', {});
    await world.settle();
    expect((await post('/runs/1/accept-partial', { comment: 'down for repair' })).body).toMatchObject({
      partial_accepted_by: 'tester',
    });
    await world.settle();
    await post('/runs/1/cancel');
    await world.settle();
    expect((await post('/runs/1/resume')).body).toMatchObject({ code: 'conflict', status: 409 });
  });
});

describe('an operator who is no approver', () => {
  const asOperator = ({ world }: TestApi): Promise<Record<string, string>> =>
    tokenHeaders(world.project, { name: 'op', roles: ['operator'] });
  const asBoth = ({ world }: TestApi): Promise<Record<string, string>> =>
    tokenHeaders(world.project, { name: 'both', roles: ['operator', 'approver'] });

  it('cancels circuits that no gate asks about, and gives no verdict by canceling those that one does', async () => {
    const made = await withFailures();
    const { world, get, post } = made;
    const operator = await asOperator(made);
    await world.start();
    expect(await post('/runs/1/cancel', { circuits: ['p_c003'] }, operator)).toMatchObject({
      status: 202,
      body: { requested: true },
    });
    await world.settle();
    expect(await post('/runs/1/cancel', { circuits: ['p_c000', 'p_c001'] }, operator)).toMatchObject({
      status: 403,
      body: {
        code: 'not_allowed',
        detail: 'token:op is viewer, operator; canceling what is parked at a gate needs the role approver.',
      },
    });
    const [asked] = (await get('/approvals?gate=training-retry')).body['items'] as { id: string }[];
    expect((await get(`/approvals/${asked?.id}`)).body).toMatchObject({ votes: [], counts: { pending: 2 } });
    expect((await post('/runs/1/cancel', { circuits: ['p_c001'] }, await asBoth(made))).status).toBe(202);
    expect((await get(`/approvals/${asked?.id}`)).body).toMatchObject({
      votes: [{ voter: 'token:both', verdict: 'reject' }],
    });
  });

  it('retries where the gate is for anybody', async () => {
    const made = await withFailures();
    await made.world.run();
    expect(await made.post('/runs/1/retry', {}, await asOperator(made))).toMatchObject({ status: 202 });
  });

  it.each(['{approvers: ["token:op", "token:both"]}', '{required: 2}'])(
    'does not retry where the gate is %s, whether it asks now or not',
    async (gate) => {
      const made = await api({
        environment: null,
        circuits: fleetOf(2),
        fail: ['p_c001=out of memory'],
        settings: `gates: {training-retry: ${gate}}\n`,
      });
      const { world, get, post } = made;
      const operator = await asOperator(made);
      await world.run();
      const refused = {
        status: 403,
        body: { detail: expect.stringContaining('a retry at a gate with approvers of its own needs') },
      };
      expect(await post('/runs/1/retry', {}, operator)).toMatchObject(refused);
      const [asked] = (await get('/approvals?gate=training-retry')).body['items'] as { id: string }[];
      expect((await get(`/approvals/${asked?.id}`)).body).toMatchObject({ votes: [] });
      expect(await post('/runs/1/retry', {}, await asBoth(made))).toMatchObject({ status: 202 });
      await world.settle();
      expect(await post('/runs/1/retry', {}, operator)).toMatchObject(refused);
    },
  );
});
