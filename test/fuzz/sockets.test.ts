import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listen } from '../../src/server/index.ts';
import { verifyAudit } from '../../src/store/index.ts';
import { tokenHeaders } from '../../src/testing/test-callers.ts';
import { fleetOf, testWorld } from '../../src/testing/test-world.ts';
import type { TestWorld } from '../../src/testing/test-world.ts';
import { dial, raw, request } from './raw-http.ts';

/** Stands outside everything that may be shown. */
const SECRET = 'nobody-may-read-this';
let world: TestWorld;
let url: string;
let close: () => Promise<void>;

beforeAll(async () => {
  world = await testWorld({ environment: null, circuits: fleetOf(3), fail: ['p_c001'] });
  await world.run();
  await writeFile(join(world.root, 'secret.txt'), SECRET);
  const served = await listen({ project: world.project }, { host: '127.0.0.1', port: 0 });
  ({ url, close } = served);
});
afterAll(async () => {
  await close();
  await world[Symbol.asyncDispose]();
});

const lives = async (): Promise<number> => (await fetch(`${url}/api/v1/me`)).status;
const json = 'Content-Type: application/json';

/** Ways up and out of a folder, as paths of URLs spell them. */
const WAYS_UP = [
  '../secret.txt',
  '..%2fsecret.txt',
  '%2e%2e/secret.txt',
  '%2e%2e%2fsecret.txt',
  '..%5csecret.txt',
  '..\\secret.txt',
  '%252e%252e%252fsecret.txt',
  '....//secret.txt',
  '..;/secret.txt',
  '%00../secret.txt',
  'failed_jobs.json%00.txt',
  '%c0%ae%c0%ae/secret.txt',
  '%uff0e%uff0e/secret.txt',
  '/etc/passwd',
  '%2fetc%2fpasswd',
  '../../../../../../../../etc/passwd',
  '%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  'C:%5cwindows%5cwin.ini',
  'file:%2f%2f%2fetc%2fpasswd',
  '.',
  '..',
  '%2e',
];

/** Where a name that a client gives leads to a file, or might. */
const NAMED = [
  '/',
  '/assets/',
  '/api/',
  '/api/v1/runs/1/artifacts/',
  '/api/v1/runs/',
  '/api/v1/jobs/',
  '/api/v1/jobs/p_c001_2026_01_31/logs/',
  '/api/v1/models/p-c000/versions/1/files/',
  '/api/v1/plans/',
  '/api/v1/circuits/',
];

describe('a path that leads out of where files are', () => {
  it.each(NAMED)('below %s finds nothing', async (place) => {
    for (const way of WAYS_UP) {
      const answer = await raw(url, [request(url, `GET ${place}${way}`)]);
      expect(answer.status, way).toBeLessThan(500);
      expect(answer.body, way).not.toContain(SECRET);
      expect(answer.body, way).not.toMatch(/root:.*:0:0:/);
    }
    const attempt = await raw(url, [request(url, `GET /api/v1/jobs/p_c001_2026_01_31/logs?attempt=..%2f1`)]);
    expect(attempt.status).toBe(400);
  });
});

describe('bytes that are no request', () => {
  it.each([
    ['nothing of HTTP', ['\0\0\0\0\r\n\r\n']],
    ['a TLS handshake', [new Uint8Array([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, ...new Uint8Array(64)])]],
    ['a method that there is not', ['BREW /api/v1/me HTTP/1.1\r\nHost: x\r\n\r\n']],
    ['no host', ['GET /api/v1/me HTTP/1.1\r\n\r\n']],
    ['two hosts', ['GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n']],
    ['a host that is none', ['GET /api/v1/me HTTP/1.1\r\nHost: a b\r\n\r\n']],
    ['headers without end', [`GET /api/v1/me HTTP/1.1\r\nHost: x\r\n${'X-A: b\r\n'.repeat(3000)}\r\n`]],
    ['one header without end', [`GET /api/v1/me HTTP/1.1\r\nHost: x\r\nX-A: ${'b'.repeat(70_000)}\r\n\r\n`]],
    ['an address without end', [`GET /${'a'.repeat(70_000)} HTTP/1.1\r\nHost: x\r\n\r\n`]],
    ['a header cut by a newline', ['GET /api/v1/me HTTP/1.1\r\nHost: x\r\nX-A: a\n b\r\n\r\n']],
    ['a NUL in a header', ['GET /api/v1/me HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n']],
    [
      'two lengths',
      [
        `POST /api/v1/plans HTTP/1.1\r\nHost: x\r\n${json}\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
      ],
    ],
    [
      'a length and chunks',
      [
        `POST /api/v1/plans HTTP/1.1\r\nHost: x\r\n${json}\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /api/v1/me HTTP/1.1\r\nHost: x\r\n\r\n`,
      ],
    ],
    [
      'chunks that are none',
      [`POST /api/v1/plans HTTP/1.1\r\nHost: x\r\n${json}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n`],
    ],
    [
      'a negative length',
      [`POST /api/v1/plans HTTP/1.1\r\nHost: x\r\n${json}\r\nContent-Length: -1\r\n\r\n`],
    ],
  ])('are refused: %s', async (_what, pieces) => {
    const answer = await raw(url, pieces);
    expect([0, 400, 403, 404, 405, 413, 414, 431]).toContain(answer.status);
    expect(await lives()).toBe(200);
  });
});

describe('a body', () => {
  const post = (headers: readonly string[], body: string): string =>
    request(url, 'POST /api/v1/runs/1/cancel', [json, ...headers], body);

  it('that is larger than it may be is refused, whether it says so, hides it in chunks or lies', async () => {
    const large = JSON.stringify({ stage: 'x'.repeat(2 << 20) });
    expect((await raw(url, [post([`Content-Length: ${large.length}`], large)])).status).toBe(413);
    expect((await raw(url, [post(['Content-Length: 99999999999'], '{')])).status).toBe(413);
    const chunk = `10000\r\n${'x'.repeat(0x1_0000)}\r\n`;
    expect(
      (await raw(url, [post(['Transfer-Encoding: chunked'], ''), ...Array(40).fill(chunk)])).status,
    ).toBe(413);
    expect(await lives()).toBe(200);
  });

  it('in the smallest of chunks is a body like any other', async () => {
    const text = '{"stage":"Nowhere"}';
    const chunks = [...text].map((c) => `1\r\n${c}\r\n`).join('');
    const answer = await raw(url, [post(['Transfer-Encoding: chunked'], `${chunks}0\r\n\r\n`)]);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.headers).toContain('application/problem+json');
  });

  it('that is packed, and would grow when unpacked, is not unpacked', async () => {
    const answer = await raw(url, [
      post(['Content-Encoding: gzip', 'Content-Length: 4'], '\u001F\u008B\b\0'),
    ]);
    expect([400, 415]).toContain(answer.status);
  });

  it('that breaks off leaves nothing behind', async () => {
    const before = await world.project.store.db.selectFrom('audit').select('seq').execute();
    const socket = await dial(url);
    socket.write(post(['Content-Length: 1000'], '{"stage":'));
    await sleep(50);
    socket.destroy();
    expect(await lives()).toBe(200);
    expect(await world.project.store.db.selectFrom('audit').select('seq').execute()).toEqual(before);
  });
});

describe('a request that pretends', () => {
  it.each([
    ['to be for another name', ['Host: evil.example']],
    ['to be for another name of a proxy', ['X-Forwarded-Host: localhost']],
    ['to come from another site', ['Origin: https://evil.example']],
    ['to come from nowhere', ['Origin: null']],
    ['to come from another port', ['Origin: http://127.0.0.1:1']],
    ['not to come from another site', ['Origin: https://evil.example', 'Sec-Fetch-Site: same-origin']],
    ['to be from this machine, through a proxy', ['X-Forwarded-For: 127.0.0.1']],
    ['to be from this machine, in a newer way', ['Forwarded: for=127.0.0.1']],
    ['to have signed in', ['Cookie: trainyard_session=AAAA; trainyard=1']],
    ['to have a token', ['Authorization: Bearer ty_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA']],
    ['to be somebody', ['Authorization: Basic YWRtaW46YWRtaW4=']],
  ])('%s changes nothing', async (what, headers) => {
    const own = headers.some((h) => h.startsWith('Host'))
      ? headers
      : [`Host: ${new URL(url).host}`, ...headers];
    const answer = await raw(url, [
      `POST /api/v1/runs/1/cancel HTTP/1.1\r\n${own.join('\r\n')}\r\nConnection: close\r\n${json}\r\nContent-Length: 2\r\n\r\n{}`,
    ]);
    // A cookie that means nothing is as good as none: whoever sits here is let in.
    const refused = what === 'to have signed in' ? [202, 401] : [400, 401, 403];
    expect(refused).toContain(answer.status);
  });

  it.each(['TRACE', 'PUT', 'PATCH', 'PROPFIND', 'DELETE', 'OPTIONS'])(
    'to be a %s ends with a problem',
    async (method) => {
      const answer = await raw(url, [request(url, `${method} /api/v1/runs/1`)]);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(answer.headers).not.toContain('access-control-allow');
    },
  );

  it('by an address in full is answered for the host that it names, and no other', async () => {
    const answer = await raw(url, [request(url, 'GET http://evil.example/api/v1/me')]);
    expect([400, 403, 404]).toContain(answer.status);
  });
});

describe('an event stream', () => {
  const stream = (...headers: readonly string[]): string =>
    request(url, 'GET /api/v1/events/stream', headers);

  it('is refused a place that is none, and serves any other, a thousand times over', async () => {
    const places = [
      '-1',
      '1.5',
      '1e3',
      ' 1',
      '0x1',
      'NaN',
      'null',
      '1,2',
      '9'.repeat(400),
      '\u00E4',
      '%31',
      '1;2',
      '{"a":1}',
      '../1',
      "1' OR 1=1",
    ];
    for (const place of places) {
      const answer = await raw(url, [stream(`Last-Event-ID: ${place}`)], { head_only: true });
      expect([200, 400], place).toContain(answer.status);
      // ' 1' is a number with blanks around it, which headers do not count.
      if (answer.status === 200) expect(place.trim()).toMatch(/^\d{1,15}$/);
    }
    const asked = Array.from({ length: 2000 }, (_, i) => i * 7919);
    for (let i = 0; i < asked.length; i += 100) {
      const answers = await Promise.all(
        asked.slice(i, i + 100).map(async (id) => {
          const response = await fetch(`${url}/api/v1/events/stream`, {
            headers: { 'last-event-id': String(id) },
          });
          await response.body?.cancel();
          return response.status;
        }),
      );
      expect(new Set(answers)).toEqual(new Set([200]));
    }
    expect(await lives()).toBe(200);
  });

  it('that is left half-open, or never read, holds nobody else up', async () => {
    const sockets = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const socket = await dial(url);
        socket.on('error', () => undefined);
        socket.pause();
        socket.write(stream());
        // Half of them say that they are done, and stay.
        if (i % 2 === 0) socket.end();
        return socket;
      }),
    );
    expect(await lives()).toBe(200);
    for (const socket of sockets) socket.destroy();
    expect(await lives()).toBe(200);
  });
});

describe('a verdict', () => {
  it('that is said again, late, or with a token that ended, changes nothing and loses nothing', async () => {
    const { store } = world.project;
    const request_ = await store.db
      .selectFrom('approvals')
      .select(['id'])
      .where('status', '=', 'waiting')
      .where('gate', '=', 'training-retry')
      .executeTakeFirstOrThrow();
    const vote = (verdict: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
      fetch(`${url}/api/v1/approvals/${request_.id}/votes`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ verdict }),
      });
    const votes = async (): Promise<number> =>
      (
        await store.db
          .selectFrom('approval_votes')
          .select('voter')
          .where('approval_id', '=', request_.id)
          .execute()
      ).length;

    const ended = await tokenHeaders(world.project, { name: 'ended', roles: ['approver'] });
    await fetch(`${url}/api/v1/tokens/ended`, { method: 'DELETE' });
    expect((await vote('approve', ended)).status).toBe(401);
    const viewer = await tokenHeaders(world.project, { name: 'viewer', roles: ['viewer'] });
    expect((await vote('approve', viewer)).status).toBe(403);
    expect(await votes()).toBe(0);

    const key = { 'idempotency-key': 'once' };
    const said = await Promise.all(Array.from({ length: 8 }, () => vote('approve', key)));
    const statuses = new Set(said.map((each) => each.status));
    expect([...statuses].filter((status) => status !== 200 && status !== 409)).toEqual([]);
    expect(statuses).toContain(200);
    const again = await vote('approve', key);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await again.json()).toEqual(await said.find((each) => each.status === 200)?.json());
    expect((await vote('reject', key)).status).toBe(422);
    expect((await vote('reject')).status).toBe(409);
    expect(await votes()).toBe(1);

    expect(await verifyAudit(store.db)).toMatchObject({ ok: true });
    const refused = await store.db.selectFrom('audit').select('type').execute();
    expect(refused.map(({ type }) => type)).toEqual(expect.arrayContaining(['access.refused']));
  });
});
