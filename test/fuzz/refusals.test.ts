import { createHmac } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../src/server/app.ts';
import { listen } from '../../src/server/index.ts';
import { verifyAudit } from '../../src/store/index.ts';
import { SIGN_IN, tokenHeaders } from '../../src/testing/test-callers.ts';
import { fleetOf, testWorld } from '../../src/testing/test-world.ts';
import type { TestWorld } from '../../src/testing/test-world.ts';
import { raw, request } from './raw-http.ts';

const SECRET = 'nobody-may-read-this';
let world: TestWorld;
let url: string;
let close: () => Promise<void>;

beforeAll(async () => {
  world = await testWorld({ environment: null, circuits: fleetOf(3), fail: ['p_c001'] });
  await world.run();
  await writeFile(join(world.root, 'secret.txt'), SECRET);
  ({ url, close } = await listen({ project: world.project }, { host: '127.0.0.1', port: 0 }));
});
afterAll(async () => {
  await close();
  await world[Symbol.asyncDispose]();
});

/** All that a request could change. */
async function books(): Promise<unknown> {
  const { db } = world.project.store;
  const tables = ['runs', 'jobs', 'approval_votes', 'audit', 'answers', 'schedule_firings'] as const;
  return Promise.all(
    tables.map(async (table) => [table, (await db.selectFrom(table).selectAll().execute()).length]),
  );
}

describe('a forged hook', () => {
  const body = JSON.stringify({ action: 'completed', ref: 'refs/heads/main', run: 1, verdict: 'approve' });
  const signed = createHmac('sha256', 'guessed').update(body).digest('hex');
  const HEADERS = [
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'X-GitHub-Event: push',
    `X-Hub-Signature-256: sha256=${signed}`,
    `X-Slack-Signature: v0=${signed}`,
    'X-Slack-Request-Timestamp: 1',
    `Trainyard-Signature: t=1,v1=${signed}`,
  ];

  it.each([
    '/hooks',
    '/hooks/',
    '/hooks/github',
    '/hooks/github/push',
    '/hooks/slack/actions',
    '/hooks/teams',
    '/hooks/%2e%2e/api',
    '/api/hooks',
    '/api/v1/hooks/github',
  ])('at %s finds nothing there and does nothing', async (path) => {
    const before = await books();
    for (const method of ['POST', 'PUT', 'GET', 'DELETE']) {
      const answer = await raw(url, [request(url, `${method} ${path}`, HEADERS, body)]);
      expect([method, answer.status]).toEqual([method, 404]);
      expect(answer.headers).toContain('application/problem+json');
    }
    expect(await books()).toEqual(before);
  });

  it('of somebody unknown finds nothing where people sign in either', async () => {
    const guarded = await testWorld({ environment: null, circuits: fleetOf(1), settings: SIGN_IN });
    try {
      const app = createApp({ project: guarded.project });
      const answer = await app.request('/hooks/github', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      expect(answer.status).toBe(404);
    } finally {
      await guarded[Symbol.asyncDispose]();
    }
  });
});

describe('a name that leads out of where files are', () => {
  const WAYS = [
    '..%2f..%2fsecret.txt',
    '%2e%2e%2fsecret.txt',
    '..%5csecret.txt',
    '%2fetc%2fpasswd',
    '%00',
    'a%00b',
  ];
  it.each([
    ['a log', (way: string) => `/api/v1/jobs/${way}/logs`],
    ['a log that is followed', (way: string) => `/api/v1/jobs/${way}/logs/stream`],
    ['an artifact', (way: string) => `/api/v1/runs/1/artifacts/${way}`],
    ['an archive', (way: string) => `/api/v1/runs/${way}/artifacts.zip`],
    ['a file of a model', (way: string) => `/api/v1/models/${way}/versions/1/files/${way}`],
    ['a plan', (way: string) => `/api/v1/plans/${way}/circuits`],
    ['a table of scripts', (way: string) => `/api/v1/runs/${way}/scripts`],
  ])('of %s is not found, and shows nothing', async (_what, path) => {
    for (const way of WAYS) {
      const answer = await raw(url, [request(url, `GET ${path(way)}`)]);
      expect([400, 404], `${way} ${answer.status}`).toContain(answer.status);
      expect(answer.body).not.toContain(SECRET);
      expect(answer.body).not.toMatch(/root:.*:0:0:/);
    }
  });
});

describe('a token that has expired', () => {
  it('starts, decides and reads nothing, and its use is on record', async () => {
    const headers = await tokenHeaders(world.project, { name: 'late', roles: ['admin'] });
    world.clock.jumpTo(world.clock.now() + 2 * 86_400_000);
    const { db } = world.project.store;
    const [waiting] = await db.selectFrom('approvals').select('id').where('status', '=', 'waiting').execute();
    const refusals = async (): Promise<number> =>
      (await db.selectFrom('audit').select('seq').where('type', '=', 'access.refused').execute()).length;
    const known = await refusals();
    for (const [method, path, body] of [
      ['POST', '/runs', '{}'],
      ['POST', '/scripts/run', '{}'],
      ['POST', `/approvals/${waiting?.id}/votes`, '{"verdict":"approve"}'],
      ['POST', '/tokens', '{"name":"mine","roles":["admin"]}'],
      ['GET', '/runs', null],
      ['GET', '/events/stream', null],
    ] as const) {
      const response = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        body,
      });
      expect([path, response.status]).toEqual([path, 401]);
      expect(await response.json()).toMatchObject({
        detail: expect.stringContaining('The token late expired'),
      });
    }
    expect(await refusals()).toBe(known + 1);
    expect(await db.selectFrom('runs').select('number').execute()).toHaveLength(1);
    expect(await db.selectFrom('approval_votes').select('voter').execute()).toEqual([]);
    expect(await verifyAudit(db)).toMatchObject({ ok: true });
  });
});
