import { afterEach, describe, expect, it } from 'vitest';
import { testWorld } from '../../testing/test-world.ts';
import type { TestWorld } from '../../testing/test-world.ts';
import { testServing } from './test-serving.ts';

let w: TestWorld;
afterEach(async () => w[Symbol.asyncDispose]());

describe('a request', () => {
  it('is one line with its id, route, status, time and who asked; nothing of what was sent', async () => {
    w = await testWorld({ environment: null });
    const s = await testServing(w.project);
    const answer = await s.app.request('/api/v1/runs?limit=3&cursor=hush');
    await s.app.request('/api/v1/runs', {
      headers: { authorization: 'Bearer ty_0123456789012345678901234567890123456789012' },
    });
    const [line, refused] = s.lines.filter((each) => each['route'] === '/api/v1/runs');
    expect(line).toMatchObject({
      level: 'info',
      request_id: answer.headers.get('x-request-id'),
      method: 'GET',
      route: '/api/v1/runs',
      ms: expect.any(Number),
      via: 'local',
      caller: expect.any(String),
    });
    expect(refused).toMatchObject({ status: 401 });
    expect(JSON.stringify(s.lines)).not.toMatch(/hush|ty_0123/);
  });

  it('that meets a fault of ours is told with where it happened; the answer is not', async () => {
    w = await testWorld({ environment: null });
    const s = await testServing(w.project);
    await w.project.store.db.schema.alterTable('schedule_firings').renameTo('lost').execute();
    await w.project.store.db.schema.alterTable('runs').renameTo('gone').execute();
    const answer = await s.app.request('/api/v1/runs');
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('no such table');
    expect(s.lines).toContainEqual(
      expect.objectContaining({
        level: 'error',
        status: 500,
        error: expect.objectContaining({ stack: expect.stringContaining('no such table') }),
      }),
    );
  });

  it('that machines make all the time is told of only when asked for', async () => {
    w = await testWorld({ environment: null });
    const s = await testServing(w.project);
    await s.app.request('/healthz');
    await s.app.request('/metrics');
    expect(s.lines.map((line) => [line['route'], line['level']])).toEqual([
      ['/healthz', 'debug'],
      ['/metrics', 'debug'],
    ]);
  });
});
