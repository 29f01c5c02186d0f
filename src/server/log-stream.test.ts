import { afterEach, describe, expect, it } from 'vitest';
import { createToken, revokeToken } from '../access/index.ts';
import { findJob } from '../jobs/index.ts';
import type { Compute } from '../jobs/index.ts';
import { NotFoundError } from '../kernel/errors.ts';
import { logStream } from './log-stream.ts';
import { testApi } from './test-api.ts';
import type { TestApi } from './test-api.ts';

const open: TestApi[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.world[Symbol.asyncDispose]();
});

/** A log that a test lets grow. */
class GrowingLog {
  text = '';
  over = false;
  looks = 0;
  error: Error | null = null;

  readonly read: NonNullable<Compute['logs']> = async ({ offset, limit }) => {
    this.looks++;
    if (this.error !== null) throw this.error;
    const bytes = Buffer.from(this.text);
    const from = Math.min(offset < 0 ? Math.max(0, bytes.length + offset) : offset, bytes.length);
    const to = Math.min(bytes.length, from + limit);
    return {
      text: bytes.toString('utf8', from, to),
      next_offset: to,
      ended: this.over && to === bytes.length,
    };
  };
}

interface Frame {
  readonly event: string;
  readonly id: string;
  readonly data: Record<string, unknown>;
}

class Following {
  readonly response: Response;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(response: Response) {
    this.response = response;
    if (response.body === null) throw new Error('no stream');
    this.#reader = response.body.getReader();
  }

  /** The next piece as it was sent; null: the stream has ended. */
  async raw(): Promise<string | null> {
    const { value, done } = await this.#reader.read();
    return done ? null : new TextDecoder().decode(value);
  }

  async next(): Promise<Frame | null> {
    for (;;) {
      const raw = await this.raw();
      if (raw === null) return null;
      const lines = raw.split('\n');
      const of = (field: string): string | undefined =>
        lines.find((line) => line.startsWith(`${field}: `))?.slice(field.length + 2);
      const event = of('event');
      if (event !== undefined)
        return { event, id: of('id') ?? '', data: JSON.parse(of('data') ?? '') as Record<string, unknown> };
    }
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

const JOB = '/jobs/p_c001_2026_01_31/logs/stream';

async function following(
  log: GrowingLog,
): Promise<TestApi & { follow(query?: string, last?: string): Promise<Following> }> {
  const made = await testApi({ environment: null }, { logs: log.read });
  open.push(made);
  await made.world.run();
  return {
    ...made,
    follow: async (query = '', last) =>
      new Following(
        await made.request(
          `${JOB}${query}`,
          last === undefined ? {} : { headers: { 'last-event-id': last } },
        ),
      ),
  };
}

/** Moves the clock until `wanted` is there. */
async function after<T>(api: TestApi, wanted: Promise<T>): Promise<T> {
  let there = false;
  void wanted.then(() => (there = true));
  for (let i = 0; i < 200 && !there; i++) {
    await api.world.clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return wanted;
}

describe('a log that is followed', () => {
  it('comes as it grows, and ends when the job is over', async () => {
    const log = new GrowingLog();
    const api = await following(log);
    await api.world.project.store.db.updateTable('attempts').set({ status: 'running' }).execute();
    log.text = 'one ä€😀\r\n';
    const stream = await api.follow();
    expect(stream.response.headers.get('content-type')).toContain('text/event-stream');
    expect(stream.response.headers.get('etag')).toBeNull();
    expect(await stream.next()).toEqual({
      event: 'log',
      id: '1-15',
      data: { attempt: 1, text: 'one ä€😀\r\n', next_offset: 15 },
    });
    const second = stream.next();
    log.text += 'two\n';
    expect((await after(api, second))?.data).toMatchObject({ text: 'two\n' });
    const end = stream.next();
    log.over = true;
    expect(await after(api, end)).toMatchObject({
      event: 'end',
      data: { status: 'succeeded', last_attempt: 1, next_offset: 19 },
    });
    expect(await stream.next()).toBeNull();
  });

  it('goes on where the last frame ended that was seen', async () => {
    const log = new GrowingLog();
    log.text = 'one\ntwo\n';
    log.over = true;
    const api = await following(log);
    const stream = await api.follow('?offset=0', '1-4');
    expect((await stream.next())?.data).toMatchObject({ text: 'two\n' });
    expect((await (await api.follow('?offset=-4')).next())?.data).toMatchObject({ text: 'two\n' });
    expect((await api.follow('?offset=99')).response.status).toBe(200);
  });

  it('is read no further than the client takes, and not at all once it has gone', async () => {
    const log = new GrowingLog();
    log.text = 'x'.repeat(10_000_000);
    const api = await following(log);
    const stream = await api.follow();
    await stream.next();
    await stream.next();
    const looks = log.looks;
    await api.world.clock.advance(60_000);
    expect(log.looks).toBe(looks);
    await stream.cancel();
    await api.world.clock.advance(60_000);
    expect(log.looks).toBeLessThanOrEqual(looks + 1);
  });

  it('is looked at ever more seldom while nothing comes, and says now and then that it lives', async () => {
    const log = new GrowingLog();
    const api = await following(log);
    await api.world.project.store.db.updateTable('attempts').set({ status: 'running' }).execute();
    const stream = await api.follow();
    expect(await stream.raw()).toContain('retry');
    const heartbeat = stream.raw();
    const looks = log.looks;
    expect(await after(api, heartbeat)).toBe(': still there\n\n');
    expect(log.looks - looks).toBeLessThan(30);
    expect(log.looks - looks).toBeGreaterThan(5);
  });

  it('says what is wrong when it can be read no more', async () => {
    const log = new GrowingLog();
    log.text = 'one\n';
    const api = await following(log);
    await api.world.project.store.db.updateTable('attempts').set({ status: 'running' }).execute();
    const stream = await api.follow();
    await stream.next();
    const next = stream.next();
    log.error = new NotFoundError('The logs of run 1 were removed.', { hint: 'Keep them longer.' });
    expect(await after(api, next)).toMatchObject({
      event: 'problem',
      data: { code: 'not_found', detail: 'The logs of run 1 were removed.', hint: 'Keep them longer.' },
    });
    expect(await stream.next()).toBeNull();
  });

  it('ends for whoever may see it no more, however much it says', async () => {
    const log = new GrowingLog();
    const api = await testApi(
      { environment: null, settings: 'server: {require_sign_in: true}\n' },
      { logs: log.read },
    );
    open.push(api);
    await api.world.run();
    const { store, clock } = api.world.project;
    await store.db.updateTable('attempts').set({ status: 'running' }).execute();
    const admin = { name: 'tester', identity: 'claimed' } as const;
    const wanted = { name: 'reader', roles: ['viewer'], expires_s: null } as const;
    const { secret } = await createToken(store, clock.now(), wanted, admin);
    const stream = new Following(await api.request(JOB, { headers: { authorization: `Bearer ${secret}` } }));
    const told = async (): Promise<boolean> => {
      log.text += 'a line\n';
      return (await after(api, stream.next())) !== null;
    };
    for (let i = 0; i < 100; i++) expect(await told()).toBe(true);
    await revokeToken(store, clock.now(), 'reader', admin);
    let lines = 0;
    while (await told()) lines++;
    expect(lines).toBeLessThan(160);
  });

  it('ends when the server does', async () => {
    const log = new GrowingLog();
    const api = await following(log);
    const { project } = api.world;
    await project.store.db.updateTable('attempts').set({ status: 'running' }).execute();
    const ending = new AbortController();
    const compute = await project.world.compute('simulated');
    const stream = new Following(
      new Response(
        await logStream(
          { ...project, world: { ...project.world, compute: async () => ({ ...compute, logs: log.read }) } },
          await findJob(project.store.db, 'p_c001_2026_01_31'),
          { attempt: 1, offset: 0 },
          { stillMay: async () => true, ending: ending.signal },
        ),
      ),
    );
    expect(await stream.raw()).toContain('retry');
    const next = stream.raw();
    ending.abort();
    expect(await next).toBeNull();
  });

  it.each([
    ['/jobs/nobody/logs/stream', undefined, 404],
    [`${JOB}?attempt=7`, undefined, 404],
    [`${JOB}?attempt=x`, undefined, 400],
    [JOB, 'hello', 400],
    [JOB, '9-0', 404],
  ])('answers %s after frame %s with %i', async (path, last, status) => {
    const api = await following(new GrowingLog());
    const response = await api.request(
      path,
      last === undefined ? {} : { headers: { 'last-event-id': last } },
    );
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
  });
});
