import type { Handler } from 'hono';
import { sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { prepareRun } from '../actions/index.ts';
import type { Project } from '../app.ts';
import { openLog } from '../kernel/log.ts';
import { runRow } from '../views/index.ts';
import { routes } from './api.ts';
import type { ApiEnv } from './api.ts';
import { forgetAnswers, idempotent, writeOnce } from './idempotency.ts';
import { problemResponse } from './problem.ts';
import { testApi } from './test-api.ts';
import type { TestApi } from './test-api.ts';

const open: TestApi[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.world[Symbol.asyncDispose]();
});
const api = async (): Promise<TestApi> => {
  const made = await testApi();
  open.push(made);
  return made;
};

/** Routes, called by somebody who is known. */
function known(): ReturnType<typeof routes> {
  const app = routes();
  app.use(async (c, next) => {
    c.set('actor', { name: 'tester', identity: 'claimed' });
    c.set('role', 'operator');
    await next();
  });
  return app;
}

describe('a request that comes twice with one Idempotency-Key', () => {
  it('does its work once, and is answered the same', async () => {
    const { world, post } = await api();
    await world.start();
    const key = { 'idempotency-key': 'k1' };
    const first = await post('/runs/1/cancel', { circuits: ['p_c001'] }, key);
    const second = await post('/runs/1/cancel', { circuits: ['p_c001'] }, key);
    expect(first).toMatchObject({ status: 202, body: { requested: true } });
    expect(second).toMatchObject({ status: 202, body: { requested: true } });
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(second.headers.get('idempotency-replayed')).toBe('true');
  });

  it('is refused with another body, and is another request on another path or a day later', async () => {
    const { world, post } = await api();
    await world.start();
    const key = { 'idempotency-key': 'k1' };
    await post('/runs/1/cancel', { stage: 'PromoteModels' }, key);
    expect(await post('/runs/1/cancel', {}, key)).toMatchObject({ status: 422, body: { code: 'usage' } });
    expect((await post('/runs/1/resume', undefined, key)).status).toBe(202);
    world.clock.jumpTo(world.clock.now() + 25 * 3_600_000);
    expect((await post('/runs/1/cancel', {}, key)).status).toBe(202);
  });

  it('is worked on anew after a refusal', async () => {
    const { world, post } = await api();
    const key = { 'idempotency-key': 'k1' };
    expect((await post('/runs/1/cancel', {}, key)).status).toBe(404);
    await world.start();
    expect((await post('/runs/1/cancel', {}, key)).status).toBe(202);
  });

  it.each([{}, { 'idempotency-key': 'k1' }])('is not found where nothing is, with %j', async (headers) => {
    const { post } = await api();
    expect(await post('/nothing', {}, headers)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  it.each([
    ['empty', ''],
    ['of two words', 'a b'],
    ['beyond ASCII', 'a\u00e4'],
    ['too long', 'x'.repeat(256)],
  ])('is refused under a key that is %s', async (_what, key) => {
    const { post } = await api();
    expect((await post('/runs/1/cancel', {}, { 'idempotency-key': key })).status).toBe(400);
  });
});

describe('a token made with an Idempotency-Key', () => {
  it('has its secret kept nowhere, and is not made a second time', async () => {
    const { world, post } = await api();
    const { db } = world.project.store;
    const key = { 'idempotency-key': 'k1' };
    const made = await post('/tokens', { name: 'ci', roles: ['viewer'] }, key);
    expect(made.status).toBe(201);
    const secret = String(made.body['secret']);
    expect(secret).toMatch(/^ty_/);
    const tables = await db.introspection.getTables();
    expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(['answers', 'tokens', 'events']));
    for (const { name } of tables) {
      const rows = await sql`select * from ${sql.table(name)}`.execute(db);
      expect(JSON.stringify(rows.rows)).not.toContain(secret);
    }
    expect(await post('/tokens', { name: 'ci', roles: ['viewer'] }, key)).toMatchObject({
      status: 409,
      body: { code: 'conflict', detail: 'There is a token ci already.' },
    });
    expect(await db.selectFrom('tokens').select('name').execute()).toEqual([{ name: 'ci' }]);
  });
});

describe('answers', () => {
  const routesKept = async ({ world }: TestApi): Promise<string[]> => {
    const rows = await world.project.store.db.selectFrom('answers').select('route').execute();
    return rows.map(({ route }) => route);
  };

  it('of what a viewer may ask are not kept', async () => {
    const a = await api();
    await a.world.start();
    await a.world.write('training/train_one.py', 'print(1)\n');
    const key = { 'idempotency-key': 'k1' };
    const preview = await a.post('/scripts/preview', {}, key);
    expect(preview).toMatchObject({ status: 200, body: { jobs: [{ id: 'train_one' }] } });
    expect(await routesKept(a)).toEqual([]);
    await a.post('/runs/1/cancel', {}, key);
    expect(await routesKept(a)).toEqual(['POST /api/v1/runs/1/cancel']);
  });

  it.each([
    ['up to 256 KiB', 256 * 1024 - 2, ['POST /long']],
    ['but no larger ones', 256 * 1024 - 1, []],
  ])('of what changes something are kept, %s', async (_what, length, kept) => {
    const a = await api();
    const app = known();
    app.use(idempotent(a.world.project));
    // JSON puts it in quotes.
    app.post('/long', (c) => c.json('x'.repeat(length), 200));
    await app.request('/long', { method: 'POST', headers: { 'idempotency-key': 'k' } });
    expect(await routesKept(a)).toEqual(kept);
  });

  it('are removed after a day by a server that nobody asks anything', async () => {
    const a = await api();
    const { project, clock } = a.world;
    await a.world.start();
    await a.post('/runs/1/cancel', {}, { 'idempotency-key': 'k1' });
    const ends = new AbortController();
    const log = await openLog({ format: 'text', level: 'info', write: () => undefined });
    const forgets = forgetAnswers(project, log, ends.signal);
    await clock.advance(22 * 3_600_000);
    expect(await routesKept(a)).toHaveLength(1);
    const inAnHour = async (): Promise<string[]> => {
      await clock.advance(3_600_000);
      return routesKept(a);
    };
    await expect.poll(inAnHour, { timeout: 30_000 }).toEqual([]);
    ends.abort();
    await forgets;
  });
});

describe('a start', () => {
  it('is written with its answer, so that the work that dies after it starts nothing twice', async () => {
    const { world } = await api();
    const { project } = world;
    let dies = true;
    const app = known();
    app.onError(() => new Response(null, { status: 500 }));
    app.use(idempotent(project));
    app.post('/start', async (c) => {
      const actor = c.get('actor');
      const write = await prepareRun(project, await world.plan(), { actor, approve: [], pr: false });
      const run = await writeOnce(c, project, write, (made) => ({ status: 202, body: runRow(made) }));
      if (dies) throw new Error('the process dies here');
      return c.json(runRow(run), 202);
    });
    const ask = (): Response | Promise<Response> =>
      app.request('/start', { method: 'POST', headers: { 'idempotency-key': 'k' } });
    await ask();
    dies = false;
    const again = await ask();
    expect(await again.json()).toMatchObject({ number: 1 });
    expect(again.status).toBe(202);
    expect(await project.store.db.selectFrom('runs').select('number').execute()).toEqual([{ number: 1 }]);
  });

  it('that is still being worked on is not begun a second time', async () => {
    const { world } = await api();
    const held = Promise.withResolvers<undefined>();
    let begun = 0;
    const app = known();
    app.use(idempotent(world.project));
    app.post('/slow', async (c) => {
      begun++;
      await held.promise;
      return c.json({}, 202);
    });
    const ask = (): Response | Promise<Response> =>
      app.request('/slow', { method: 'POST', headers: { 'idempotency-key': 'k' } });
    const first = ask();
    const second = await ask();
    held.resolve(undefined);
    expect(second.status).toBe(409);
    expect((await first).status).toBe(202);
    expect(begun).toBe(1);
  });

  /** One server of two: each knows of its own requests only. `work` begins once both have begun. */
  const server = (
    project: Project,
    both: () => Promise<void>,
    work: Handler<ApiEnv>,
  ): ReturnType<typeof routes> => {
    const app = known();
    app.onError((error, c) => problemResponse(c, error));
    app.use(idempotent(project));
    app.post('/start', async (c, next) => {
      await both();
      return work(c, next);
    });
    return app;
  };
  const bothBegun = (): (() => Promise<void>) => {
    const begun = Promise.withResolvers<undefined>();
    let count = 0;
    return async () => {
      if (++count === 2) begun.resolve(undefined);
      await begun.promise;
    };
  };
  const askBoth = async (apps: readonly ReturnType<typeof routes>[], bodies: readonly object[]) =>
    Promise.all(
      apps.map(async (app, i) => {
        const response = await app.request('/start', {
          method: 'POST',
          headers: { 'idempotency-key': 'k' },
          body: JSON.stringify(bodies[i]),
        });
        const { status, headers } = response;
        return { status, replayed: headers.get('idempotency-replayed'), body: await response.json() };
      }),
    );

  it('that two servers are asked for at one time happens once, and both give its answer', async () => {
    const { world } = await api();
    const { project } = world;
    const both = bothBegun();
    const start: Handler<ApiEnv> = async (c) => {
      const actor = c.get('actor');
      const write = await prepareRun(project, await world.plan(), { actor, approve: [], pr: false });
      const run = await writeOnce(c, project, write, (made) => ({ status: 202, body: runRow(made) }));
      return c.json(runRow(run), 202);
    };
    const answers = await askBoth([server(project, both, start), server(project, both, start)], [{}, {}]);
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(answers.map(({ replayed }) => replayed).toSorted()).toEqual(['true', null].toSorted());
    expect(answers[0]?.body).toMatchObject({ number: 1 });
    expect(answers[1]?.body).toEqual(answers[0]?.body);
    expect(await project.store.db.selectFrom('runs').select('number').execute()).toEqual([{ number: 1 }]);
  });

  it.each([
    ['the first answer for both', [{}, {}], [200, 200]],
    ['a refusal for the other, where it asks something else', [{}, { other: true }], [200, 422]],
  ])('or whatever else two servers do under one key ends with %s', async (_what, bodies, statuses) => {
    const { world } = await api();
    const both = bothBegun();
    let done = 0;
    const work: Handler<ApiEnv> = (c) => c.json({ done: ++done }, 200);
    const apps = [server(world.project, both, work), server(world.project, both, work)];
    const answers = await askBoth(apps, bodies);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual(statuses);
    const shown = answers.filter(({ status }) => status === 200).map(({ body }) => body);
    expect(new Set(shown.map((body) => JSON.stringify(body))).size).toBe(1);
  });
});
