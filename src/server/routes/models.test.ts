import { chmod, writeFile } from 'node:fs/promises';
import { unzipSync } from 'fflate';
import { afterEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../kernel/digest.ts';
import { fleetOf } from '../../testing/test-world.ts';
import type { TestWorld, testWorld } from '../../testing/test-world.ts';
import { disposition } from '../download.ts';
import { testApi } from '../test-api.ts';
import type { Answer } from '../test-api.ts';

let open: TestWorld[] = [];
afterEach(async () => {
  for (const each of open) await each[Symbol.asyncDispose]();
  open = [];
});

/** Two versions of three circuits, the first ones promoted; `p-c002` has a third from a pull request. */
async function world(options: Parameters<typeof testWorld>[0] = {}) {
  const api = await testApi({ environment: null, circuits: fleetOf(3), ...options });
  open.push(api.world);
  await api.world.run({ approve: ['all'] });
  await api.world.run({ circuits: ['p_c*'] });
  await api.world.run({ circuits: ['p_c002'], pr: true });
  return api;
}

/** `p-c000:2 good` and so on. */
const told = ({ body }: Answer): string[] =>
  (body['items'] as { model_name: string; version: number; state: string; promoted: boolean }[]).map(
    (m) => `${m.model_name}:${m.version} ${m.state}${m.promoted ? ' promoted' : ''}`,
  );

describe('models', () => {
  it('are listed with what became of them', async () => {
    const { get } = await world();
    const all = await get('/models');
    expect(told(all)).toEqual([
      'p-c000:2 good',
      'p-c000:1 superseded promoted',
      'p-c001:2 good',
      'p-c001:1 superseded promoted',
      'p-c002:3 pull_request',
      'p-c002:2 good',
      'p-c002:1 superseded promoted',
    ]);
    expect(all.body).toMatchObject({
      next: null,
      items: [
        { run: 2, metrics: { mae: expect.any(Number) }, size: expect.any(Number), withdrawn: null },
        {},
        {},
        {},
        {},
        {},
        {},
      ],
    });
    expect(told(await get('/models?registry=shared'))).toEqual([
      'p-c000:1 promoted promoted',
      'p-c001:1 promoted promoted',
      'p-c002:1 promoted promoted',
    ]);
  });

  it.each([
    ['state=good', ['p-c000:2 good', 'p-c001:2 good', 'p-c002:2 good']],
    ['state=superseded&circuit=p_c000', ['p-c000:1 superseded promoted']],
    ['state=superseded', ['p-c000:1 superseded promoted', 'p-c002:1 superseded promoted']],
    ['state=pull_request', ['p-c002:3 pull_request']],
    ['state=withdrawn', ['p-c001:1 withdrawn']],
    ['state=promoted', ['p-c000:1 superseded promoted', 'p-c002:1 superseded promoted']],
    ['latest=true', ['p-c000:2 good', 'p-c001:2 good', 'p-c002:3 pull_request']],
    ['latest=true&state=good', ['p-c000:2 good', 'p-c001:2 good']],
    ['run=1', ['p-c000:1 superseded promoted', 'p-c001:1 withdrawn', 'p-c002:1 superseded promoted']],
    ['q=C002&state=good', ['p-c002:2 good']],
    ['q=nothing', []],
    ['tag=pr=true', ['p-c002:3 pull_request']],
    ['tag=pr=true&tag=retry=true', []],
    ['registry=shared&state=withdrawn', ['p-c001:1 withdrawn']],
    ['registry=rehearsal-dev', []],
  ])('are found by %s, page by page as in one', async (query, expected) => {
    const { get, post } = await world();
    await post('/models/p-c001/versions/1/withdraw', { reason: 'a broken sensor' });
    expect(told(await get(`/models?${query}`))).toEqual(expected);
    const paged: string[] = [];
    for (let cursor = ''; ;) {
      const page = await get(`/models?${query}&limit=1${cursor}`);
      paged.push(...told(page));
      if (page.body['next'] === null) break;
      cursor = `&cursor=${String(page.body['next'])}`;
    }
    expect(paged).toEqual(expected);
  });

  it('are found by a search although they came after the last one', async () => {
    const { get, world: w } = await world();
    expect(told(await get('/models?q=c003'))).toEqual([]);
    await w.write('config/circuits.yaml', fleetOf(4));
    await w.run();
    expect(told(await get('/models?q=c003'))).toEqual(['p-c003:1 good']);
  });

  it('are shown with their versions, one of them with where it comes from', async () => {
    const { get } = await world({ settings: 'quality: [mae <= 0.0001]\n' });
    expect((await get('/models/p-c002?limit=2')).body).toMatchObject({
      model_name: 'p-c002',
      registry: 'dev',
      total: 3,
      items: [{ version: 3 }, { version: 2 }],
      next: expect.any(String),
    });
    const { body } = await get('/models/p-c000/versions/1');
    expect(body).toMatchObject({
      version: 1,
      state: 'superseded',
      promoted: false,
      settings: { circuit: { id: 'p_c000' } },
      lineage: {
        circuit_id: 'p_c000',
        cutoff_date: '2026-01-31',
        job_name: 'p_c000_2026_01_31',
        retry: false,
      },
      quality: [{ rule: 'mae <= 0.0001', ok: false }],
      files: [{ path: expect.any(String) }],
    });
  });

  it('draw their metrics over versions, oldest first', async () => {
    const { get } = await world();
    const { body } = await get('/models/p-c002/metrics');
    expect(body).toMatchObject({
      names: expect.arrayContaining(['mae']),
      points: [
        { version: 1, run: 1, pr: false },
        { version: 2, run: 2 },
        { version: 3, pr: true },
      ],
    });
  });

  it('are withdrawn everywhere, once, with a reason', async () => {
    const { get, post, world: w } = await world();
    const path = '/models/p-c000/versions/1/withdraw';
    expect((await post(path, { reason: ' ' })).status).toBe(400);
    expect((await post(path)).status).toBe(400);
    expect((await post(path, { reason: 'broken' })).body).toMatchObject({
      state: 'withdrawn',
      promoted: false,
      withdrawn: { by: 'tester', reason: 'broken' },
    });
    expect((await post(path, { reason: 'another word' })).body).toMatchObject({
      withdrawn: { reason: 'broken' },
    });
    expect(told(await get('/models?registry=shared&state=withdrawn'))).toEqual(['p-c000:1 withdrawn']);
    const events = await w.project.store.db
      .selectFrom('events')
      .select('actor')
      .where('type', '=', 'model.withdrawn')
      .execute();
    expect(events).toEqual([{ actor: 'tester' }, { actor: 'tester' }]);
  });

  it('hand out their files whole, and none but theirs', async () => {
    const { get, request, world: w } = await world();
    const [file] = (await get('/models/p-c000/versions/1')).body['files'] as {
      path: string;
      size: number;
      sha256: string;
    }[];
    const path = `/models/p-c000/versions/1/files/${file?.path ?? ''}`;
    const response = await request(path);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-length')).toBe(String(file?.size));
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename="/);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(Buffer.from(await response.arrayBuffer())).toHaveLength(file?.size ?? -1);
    for (const bad of [
      '..%2f..%2ftrainyard.db',
      '..%5c..%5ctrainyard.db',
      '%2Fetc%2Fpasswd',
      'a'.repeat(2000),
      '%00',
    ])
      expect([bad, (await get(`/models/p-c000/versions/1/files/${bad}`)).status]).toEqual([bad, 404]);
    // Whoever asks takes such a path apart before it is sent.
    expect((await get('/models/p-c000/versions/1/files/%2e%2e/%2e%2e/trainyard.db')).status).toBe(400);
    expect((await get(`/models/p-c000/versions/1/files/${'a'.repeat(2001)}`)).status).toBe(400);
    expect((await get('/models/p-c000/versions/0/files/a/b')).status).toBe(400);
    // A file that is not what was registered breaks off instead of passing for it.
    const { files } = await w.project.world.registries.dev.open('p-c000', 1);
    const local = files[0]?.local_path ?? '';
    await chmod(local, 0o644);
    await writeFile(local, 'x'.repeat(file?.size ?? 0));
    await expect(request(path).then((r) => r.arrayBuffer())).rejects.toThrow();
  });

  it('hand out all their files in one archive', async () => {
    const { get, request } = await world();
    const { files } = (await get('/models/p-c000/versions/1')).body as {
      files: { path: string; sha256: string }[];
    };
    const response = await request('/models/p-c000/versions/1/files.zip');
    expect(response.headers.get('content-type')).toBe('application/zip');
    expect(response.headers.get('content-disposition')).toContain('filename="p-c000-1.zip"');
    const entries = Object.entries(unzipSync(new Uint8Array(await response.arrayBuffer())));
    expect(entries.map(([path, bytes]) => ({ path, sha256: sha256(bytes) }))).toEqual(
      files.map(({ path, sha256: digest }) => ({ path, sha256: digest })),
    );
    expect((await get('/models/p-c000/versions/9/files.zip')).status).toBe(404);
  });

  it('tell how they came into the shared registry, and that they left it', async () => {
    const { get, post } = await world();
    const { items } = (await get('/models/p-c000')).body as { items: { promoted_at: string | null }[] };
    expect(items.map((m) => m.promoted_at)).toEqual([null, expect.any(String)]);
    const { promotion } = (await get('/models/p-c000/versions/1')).body as {
      promotion: { approval_id: string };
    };
    expect(promotion).toMatchObject({ at: expect.any(String), withdrawn: false });
    const approval = await get(`/approvals/${promotion.approval_id}`);
    expect(approval.body).toMatchObject({ gate: 'registry-promotion', run: 1 });
    expect((await get('/models/p-c000/versions/2')).body).toMatchObject({ promotion: null });
    await post('/models/p-c000/versions/1/withdraw', { reason: 'broken' });
    expect((await get('/models/p-c000/versions/1')).body).toMatchObject({
      promoted_at: null,
      promotion: { withdrawn: true },
    });
    expect((await get('/models/p-c000/metrics')).body).toMatchObject({
      points: [
        { version: 1, withdrawn: true, promoted: false },
        { version: 2, withdrawn: false },
      ],
    });
  });

  it('name their files so that nothing but a name comes out', () => {
    expect(disposition('a/b/model.json')).toBe(
      `attachment; filename="model.json"; filename*=UTF-8''model.json`,
    );
    expect(disposition('..')).toBe(`attachment; filename="_"; filename*=UTF-8''..`);
    expect(disposition('a"\r\nset-cookie: x\'(1)é')).toBe(
      `attachment; filename="a_set-cookie_x_1_"; filename*=UTF-8''a%22%0D%0Aset-cookie%3A%20x%27%281%29%C3%A9`,
    );
  });

  it.each([
    ['an unknown model', '/models/nothing', 404],
    ['an unknown model for its metrics', '/models/nothing/metrics', 404],
    ['an unknown version', '/models/p-c000/versions/99', 404],
    ['a version that is no number', '/models/p-c000/versions/latest', 400],
    ['an unknown registry', '/models?registry=prod', 400],
    ['an unknown run', '/models?run=99', 404],
    ['a tag without a value', '/models?tag=pr', 400],
    ['a cursor that is none', '/models?cursor=p-c000:1', 400],
    ['a path for a name', '/models/%2e%2e%2f%2e%2e', 404],
    ['a very long name', `/models/${'x'.repeat(301)}`, 400],
  ])('refuse %s', async (_, path, status) => {
    const api = await testApi({ environment: null });
    open.push(api.world);
    expect((await api.get(path)).status).toBe(status);
  });
});
