import { afterEach, describe, expect, it } from 'vitest';
import { testWorld } from '../testing/test-world.ts';
import type { TestWorld } from '../testing/test-world.ts';
import { createApp } from './app.ts';

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

describe('the API', () => {
  it('lists runs page by page, newest first', async () => {
    const w = await world();
    await w.run({ circuits: ['p_c000'] });
    await w.run({ circuits: ['p_c001'] });
    const app = createApp({ project: w.project });
    const first = (await (await app.request('/api/v1/runs?limit=1')).json()) as { next: string };
    expect(first).toMatchObject({ items: [{ number: 2, status: 'waiting', pr: false }], next: '2' });
    const second = await (await app.request(`/api/v1/runs?limit=1&cursor=${first.next}`)).json();
    expect(second).toMatchObject({ items: [{ number: 1 }] });
  });

  it('shows a run as the command line does', async () => {
    const w = await world();
    await w.run();
    const shown = await (await createApp({ project: w.project }).request('/api/v1/runs/1')).json();
    expect(shown).toMatchObject({
      number: 1,
      jobs: { succeeded: 3 },
      approvals: [{ title: 'Promote 3 models' }],
    });
    expect(JSON.stringify(shown)).not.toContain('lease');
  });

  it.each([
    ['/api/v1/runs/77', 404, 'not_found'],
    ['/api/v1/runs?limit=0', 400, 'usage'],
    ['/api/v1/runs?cursor=x', 400, 'usage'],
    ['/api/v1/nothing', 404, 'not_found'],
  ])('answers %s with a problem', async (path, status, code) => {
    const w = await world();
    const response = await createApp({ project: w.project }).request(path);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(await response.json()).toMatchObject({
      code,
      status,
      request_id: expect.stringMatching(/^[\w-]+$/),
    });
  });

  it('says in its document what holds for every route', async () => {
    const w = await world();
    const document = await (await createApp({ project: w.project }).request('/api/openapi.json')).json();
    const named = (name: string) => expect.objectContaining({ in: 'header', name });
    expect(document).toMatchObject({
      paths: {
        '/api/v1/runs': {
          get: { parameters: expect.arrayContaining([named('If-None-Match')]) },
        },
        '/api/v1/runs/{run}/cancel': {
          post: { parameters: expect.arrayContaining([named('Idempotency-Key')]) },
        },
      },
    });
  });

  it('is described by an OpenAPI document', async () => {
    const w = await world();
    const document = await (await createApp({ project: w.project }).request('/api/openapi.json')).json();
    expect(document).toMatchObject({
      openapi: '3.1.0',
      paths: { '/api/v1/runs/{run}': { get: { tags: ['runs'] } } },
    });
  });
});
