import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { afterEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../kernel/digest.ts';
import { fleetOf } from '../../testing/test-world.ts';
import type { TestWorld } from '../../testing/test-world.ts';
import { testApi } from '../test-api.ts';

let open: TestWorld[] = [];
afterEach(async () => {
  for (const each of open) await each[Symbol.asyncDispose]();
  open = [];
});

async function world() {
  const api = await testApi({ environment: null, circuits: fleetOf(3) });
  open.push(api.world);
  await api.world.run();
  return api;
}

interface Artifact {
  readonly name: string;
  readonly file: string;
  readonly size: number;
  readonly sha256: string;
}
const itemsOf = (body: Record<string, unknown>): Artifact[] => body['items'] as Artifact[];

describe('artifacts', () => {
  it('are listed, and come as they were written', async () => {
    const { get, request } = await world();
    const { body } = await get('/runs/1/artifacts');
    expect(body).toMatchObject({ run: 1, next: null });
    expect(itemsOf(body).map((a) => a.name)).toEqual(
      expect.arrayContaining(['changed_circuits', 'training_jobs', 'registered_models']),
    );
    for (const { name, file, size, sha256: digest } of itemsOf(body)) {
      for (const asked of [name, file]) {
        const response = await request(`/runs/1/artifacts/${asked}`);
        const bytes = new Uint8Array(await response.arrayBuffer());
        expect([response.headers.get('content-length'), sha256(bytes)]).toEqual([String(size), digest]);
        expect(response.headers.get('content-disposition')).toContain(`filename="run-1-${name}.json"`);
      }
    }
  });

  it('come in one archive', async () => {
    const { get, request } = await world();
    const response = await request('/runs/1/artifacts.zip');
    expect(response.headers.get('content-type')).toBe('application/zip');
    expect(response.headers.get('content-disposition')).toContain('filename="run-1-artifacts.zip"');
    const files = unzipSync(new Uint8Array(await response.arrayBuffer()));
    const items = itemsOf((await get('/runs/1/artifacts')).body);
    expect(Object.entries(files).map(([name, bytes]) => [name, sha256(bytes)])).toEqual(
      items.map((a) => [a.file, a.sha256]),
    );
  });

  it('that were changed on disk do not pass for what the run wrote', async () => {
    const { get, request, world: w } = await world();
    const [first] = itemsOf((await get('/runs/1/artifacts')).body);
    const file = join(w.project.store.folder, 'runs', '1', 'artifacts', first?.file ?? '');
    await writeFile(file, 'x'.repeat(first?.size ?? 0));
    await expect(request(`/runs/1/artifacts/${first?.name}`).then((r) => r.arrayBuffer())).rejects.toThrow();
    await expect(request('/runs/1/artifacts.zip').then((r) => r.arrayBuffer())).rejects.toThrow();
    await writeFile(file, 'shorter');
    expect((await get(`/runs/1/artifacts/${first?.name}`)).status).toBe(409);
    expect((await get('/runs/1/artifacts.zip')).status).toBe(409);
  });

  it.each([
    ['an unknown run', '/runs/9/artifacts', 404],
    ['an unknown run, as an archive', '/runs/9/artifacts.zip', 404],
    ['a run without any', '/runs/2/artifacts.zip', 404],
    ['an unknown name', '/runs/1/artifacts/plan', 404],
    ['a path', '/runs/1/artifacts/..%2f..%2f..%2ftrainyard.db', 404],
    ['a path of Windows', '/runs/1/artifacts/..%5c..%5ctrainyard.db', 404],
    ['an encoded parent', '/runs/1/artifacts/%2e%2e%2ftraining_jobs', 404],
    ['a name with a zero byte', '/runs/1/artifacts/training_jobs%00', 404],
    ['a very long name', `/runs/1/artifacts/${'x'.repeat(201)}`, 400],
  ])('refuse %s', async (_, path, status) => {
    const { get, world: w } = await world();
    await w.start({ circuits: ['p_c001'] });
    expect((await get(path)).status).toBe(status);
  });
});
