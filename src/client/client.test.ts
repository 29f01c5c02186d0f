import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { listen } from '../server/index.ts';
import { appendEvents } from '../store/index.ts';
import { tokenHeaders } from '../testing/test-callers.ts';
import { testWorld } from '../testing/test-world.ts';
import type { TestWorld } from '../testing/test-world.ts';
import { ApiError, createClient, items, ok, pages } from './index.ts';
import type { Client, ClientOptions, LiveMessage } from './index.ts';

let open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.toReversed()) await each[Symbol.asyncDispose]();
  open = [];
});

interface Yard {
  readonly world: TestWorld;
  /** Of a token that may read. */
  readonly secret: string;
  readonly client: (more?: Partial<ClientOptions>) => Client;
}

async function yard(settings = ''): Promise<Yard> {
  const world = await testWorld({ environment: null, settings });
  open.push(world);
  const { authorization = '' } = await tokenHeaders(world.project, { name: 'reader', roles: ['viewer'] });
  const server = await listen({ project: world.project }, { host: '127.0.0.1', port: 0 });
  open.push({ [Symbol.asyncDispose]: () => server.close() });
  return {
    world,
    secret: authorization.replace('Bearer ', ''),
    client: (more) => createClient({ url: server.url, retries_ms: [0, 0], ...more }),
  };
}

const thrown = async (work: Promise<unknown>): Promise<ApiError> => {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof ApiError) return error;
  throw new TypeError(`expected an ApiError, got ${String(error)}`);
};

describe('a call', () => {
  it('gives what the server answers, typed, with the version of the server', async () => {
    const { world, client } = await yard();
    const run = await world.run();
    const mine = client();
    expect(mine.server_version).toBe(null);
    const shown = await ok(mine.api.runs[':run'].$get({ param: { run: String(run.number) } }));
    expect(shown).toMatchObject({ number: run.number, status: run.status });
    expect(mine.server_version).toMatch(/^\d+\.\d+\.\d+/);
  });

  it('that is refused throws what the server says, with status, code, hint and the id of the request', async () => {
    const { client } = await yard();
    const error = await thrown(ok(client().api.runs[':run'].$get({ param: { run: '99' } })));
    expect(error).toMatchObject({ status: 404, code: 'not_found', problems: [] });
    expect(error.message).toContain('99');
    expect(error.hint).not.toBe(null);
    expect(error.request_id).toMatch(/^[\w-]{8,}$/);
  });

  it('shows its token, and one that is wrong is told apart from one that may not', async () => {
    const { client, secret } = await yard('server: {require_sign_in: true}\n');
    expect(await ok(client({ token: secret }).api.me.$get())).toMatchObject({ name: 'token:reader' });
    expect(await thrown(ok(client().api.me.$get()))).toMatchObject({ status: 401, code: 'unauthenticated' });
    expect(await thrown(ok(client({ token: 'ty_no' }).api.me.$get()))).toMatchObject({ status: 401 });
    const plan = client({ token: secret }).api.plans.$post({ json: {} });
    expect(await thrown(ok(plan))).toMatchObject({ status: 403, code: 'not_allowed' });
  });

  it('to a place where nobody listens says so, and where', async () => {
    const nobody = createServer();
    await new Promise<void>((resolve) => nobody.listen(0, '127.0.0.1', resolve));
    const { port } = nobody.address() as AddressInfo;
    await new Promise((resolve) => nobody.close(resolve));
    const client = createClient({ url: `http://127.0.0.1:${port}`, retries_ms: [0] });
    const error = await thrown(ok(client.api.me.$get()));
    expect(error).toMatchObject({ status: 0, code: 'unreachable' });
    expect(error.message).toBe(`Nobody answers at http://127.0.0.1:${port} (ECONNREFUSED).`);
  });

  it.each([
    ['a page', { status: 200, headers: { 'content-type': 'text/html' }, body: '<p>hello' }],
    ['JSON of somebody else', { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' }],
    ['an error of a proxy', { status: 502, headers: { 'content-type': 'text/html' }, body: 'bad gateway' }],
    [
      'a way to somewhere else',
      { status: 301, headers: { location: 'https://elsewhere.example' }, body: '' },
    ],
  ])('that is answered with %s is not taken for an answer of Trainyard', async (_what, answer) => {
    const fetch = async () => new Response(answer.body, answer);
    const client = createClient({ url: 'http://yard.example', fetch });
    const error = await thrown(ok(client.api.me.$get()));
    expect(error).toMatchObject({ status: answer.status, code: 'foreign_answer' });
    expect(error.message).toContain('http://yard.example');
  });

  it('whose answer is lost is sent again with the same key, and done once', async () => {
    const { world, client } = await yard();
    let sent = 0;
    const keys = new Set<string | null>();
    const fetch: ClientOptions['fetch'] = async (input, init) => {
      const response = await globalThis.fetch(input, init);
      keys.add(new Headers(init?.headers).get('idempotency-key'));
      if (++sent > 1) return response;
      await response.text();
      throw new TypeError('fetch failed');
    };
    const run = await ok(client({ fetch }).api.runs.$post({ json: {} }));
    expect(sent).toBe(2);
    expect([...keys]).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
    const runs = await world.project.store.db.selectFrom('runs').select('number').execute();
    expect(runs).toEqual([{ number: run.number }]);
  });

  it('that is given up is not sent again', async () => {
    const stop = new AbortController();
    let sent = 0;
    const fetch = async (): Promise<Response> => {
      sent++;
      stop.abort();
      throw new DOMException('gone', 'AbortError');
    };
    const client = createClient({ url: 'http://yard.example', fetch });
    await expect(client.send('/me', { signal: stop.signal })).rejects.toThrow('gone');
    expect(sent).toBe(1);
  });
});

describe('a list', () => {
  it('is gone through page by page, or item by item', async () => {
    const { world, client } = await yard();
    await world.project.store.tx((tx) =>
      appendEvents(
        tx,
        world.clock.now(),
        Array.from({ length: 5 }, (_, i) => ({ type: 'run.noted', message: `note ${i}` })),
      ),
    );
    const { api } = client();
    const ask = (cursor: string | undefined) =>
      api.events.$get({ query: { type: 'run.noted', limit: 2, cursor } });
    const sizes: number[] = [];
    for await (const page of pages(ask)) sizes.push(page.items.length);
    expect(sizes).toEqual([2, 2, 1]);
    const messages: string[] = [];
    for await (const event of items(ask)) messages.push(event.message);
    expect(messages).toEqual(['note 4', 'note 3', 'note 2', 'note 1', 'note 0']);
  });
});

describe('the event stream', () => {
  it('goes on after a lost line with what came meanwhile, and tells nothing twice', async () => {
    const { world, client } = await yard();
    const happen = (message: string): Promise<void> =>
      world.project.store.tx((tx) => appendEvents(tx, world.clock.now(), [{ type: 'run.noted', message }]));
    const lines: AbortController[] = [];
    const fetch: ClientOptions['fetch'] = (input, init) => {
      const line = new AbortController();
      lines.push(line);
      init?.signal?.addEventListener('abort', () => line.abort());
      return globalThis.fetch(input, { ...init, signal: line.signal });
    };
    const stop = new AbortController();
    const told: string[] = [];
    const kinds: LiveMessage['kind'][] = [];
    await happen('before');
    // The world's clock stands still unless it is moved, and the server looks by it.
    const ticking = setInterval(() => void world.clock.advance(100), 5);
    try {
      for await (const message of client({ fetch }).events({ after: 0, signal: stop.signal })) {
        kinds.push(message.kind);
        if (message.kind === 'lost') await happen('while the line was down');
        if (message.kind !== 'event' || message.event.type !== 'run.noted') continue;
        told.push(message.event.message);
        if (told.length === 1) await happen('one');
        else if (message.event.message === 'one') lines.at(-1)?.abort();
        else break;
      }
    } finally {
      clearInterval(ticking);
      stop.abort();
    }
    expect(told).toEqual(['before', 'one', 'while the line was down']);
    expect(kinds.filter((kind) => kind === 'open' || kind === 'lost')).toEqual(['open', 'lost', 'open']);
  });

  it('ends with the error where asking again changes nothing', async () => {
    const { client } = await yard('server: {require_sign_in: true}\n');
    const error = await thrown(client({ token: 'ty_no' }).events().next());
    expect(error).toMatchObject({ status: 401 });
  });
});

describe('a log', () => {
  it('is read to its end, from an offset on', async () => {
    const { world, client } = await yard();
    await world.run();
    const job = await world.project.store.db.selectFrom('jobs').select('name').executeTakeFirstOrThrow();
    const mine = client();
    let text = '';
    let over = false;
    for await (const piece of mine.log(job.name, { follow: true })) {
      text += piece.text;
      ({ over } = piece);
    }
    expect(over).toBe(true);
    expect(text.length).toBeGreaterThan(10);
    const rest = await mine.readLog(job.name, { offset: 5 });
    expect(rest.text).toBe(text.slice(5));
    expect(await thrown(mine.log('nobody').next())).toMatchObject({ status: 404, code: 'not_found' });
  });
});
