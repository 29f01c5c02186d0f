import { afterEach, describe, expect, it } from 'vitest';
import { createToken } from '../../access/index.ts';
import { testWorld } from '../../testing/test-world.ts';
import type { TestWorld } from '../../testing/test-world.ts';
import { testServing } from './test-serving.ts';
import type { TestServing } from './test-serving.ts';

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each[Symbol.asyncDispose]();
});

async function serving(settings = ''): Promise<{ w: TestWorld; s: TestServing }> {
  const w = await testWorld({ environment: null, settings });
  opened.push(w);
  return { w, s: await testServing(w.project) };
}

describe('/healthz and /readyz', () => {
  it('answer without sign-in, whoever asks, and name no path, person or process', async () => {
    const { w, s } = await serving('server: {require_sign_in: true}\n');
    s.driving = { drives: false, elsewhere: 'worker', trouble: null };
    expect((await s.app.request('/api/v1/system')).status).toBe(401);
    const health = await s.app.request('/healthz', { headers: { host: 'probe.example' } });
    expect([health.status, await health.text()]).toEqual([200, '{"status":"ok"}']);
    const ready = await s.app.request('/readyz', { headers: { host: 'probe.example' } });
    const said = await ready.text();
    expect([ready.status, ready.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(said).toContain('Another process advances the runs (trainyard worker).');
    expect(said).not.toContain(w.root);
    expect(said).not.toContain('tester');
  });

  it.each([
    ['nobody advances the runs', { drives: false, elsewhere: null, trouble: null }],
    [
      'something keeps them from being advanced',
      { drives: false, elsewhere: null, trouble: 'disk /secret/path is full' },
    ],
  ])('say 503 and why where %s', async (_, driving) => {
    const { s } = await serving();
    s.driving = driving;
    const ready = await s.app.request('/readyz');
    expect(ready.status).toBe(503);
    expect(await ready.text()).not.toContain('/secret/path');
    expect((await s.app.request('/healthz')).status).toBe(200);
  });

  it('say 503 once the process ends, and after another Trainyard has changed the store', async () => {
    const { w, s } = await serving();
    expect((await s.app.request('/readyz')).status).toBe(200);
    await w.project.store.db
      .updateTable('meta')
      .set({ value: '9999' })
      .where('key', '=', 'schema_version')
      .execute();
    const newer = await s.app.request('/readyz');
    expect([newer.status, await newer.text()]).toEqual([503, expect.stringContaining('A newer Trainyard')]);
    await w.project.store.db
      .updateTable('meta')
      .set({ value: '1' })
      .where('key', '=', 'schema_version')
      .execute();
    expect((await s.app.request('/readyz')).status).toBe(503);
    s.end();
    expect(await (await s.app.request('/readyz')).text()).toContain('about to end');
  });

  it('say 503 when the store does not answer, and the log says why', async () => {
    const { w, s } = await serving();
    await w.project.store.db.schema.alterTable('meta').renameTo('lost').execute();
    const ready = await s.app.request('/readyz');
    expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining('does not answer')]);
    expect(s.lines).toContainEqual(
      expect.objectContaining({ level: 'error', message: expect.stringContaining('no such table') }),
    );
    await w.project.store.db.schema.alterTable('lost').renameTo('meta').execute();
  });
});

describe('/metrics', () => {
  it('needs a viewer where people sign in; a token is enough', async () => {
    const { w, s } = await serving('server: {require_sign_in: true}\n');
    const { store, clock } = w.project;
    expect((await s.app.request('/metrics')).status).toBe(401);
    const { secret } = await createToken(
      store,
      clock.now(),
      { name: 'prometheus', roles: ['viewer'], expires_s: null },
      { name: 'tester', identity: 'claimed' },
    );
    expect(await s.samples({ authorization: `Bearer ${secret}` })).toMatchObject({ drives: 1 });
  });

  it('is answered to the local user on this machine', async () => {
    const { s } = await serving();
    expect(await s.samples()).toMatchObject({ 'info{version="0.0.0"}': 1, event_streams: 0 });
  });
});
