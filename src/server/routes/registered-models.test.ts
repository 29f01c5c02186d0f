import { afterEach, describe, expect, it } from 'vitest';
import { fleetOf } from '../../testing/test-world.ts';
import type { TestWorld } from '../../testing/test-world.ts';
import { testApi } from '../test-api.ts';
import type { Answer } from '../test-api.ts';

let open: TestWorld[] = [];
afterEach(async () => {
  for (const each of open) await each[Symbol.asyncDispose]();
  open = [];
});

/** Of four models one is promoted, one has a newer version, one was never promoted, and one has none left. */
async function world() {
  const api = await testApi({ environment: null, circuits: fleetOf(4) });
  open.push(api.world);
  await api.world.run({ approve: ['all'], circuits: ['p_c000', 'p_c001'] });
  await api.world.run({ circuits: ['p_c001', 'p_c002', 'p_c003'] });
  await api.world.run({ circuits: ['p_c002'], pr: true });
  await api.post('/models/p-c003/versions/1/withdraw', { reason: 'a broken sensor' });
  return api;
}

interface Row {
  readonly model_name: string;
  readonly standing: string;
  readonly versions: number;
  readonly newest: number;
  readonly current: { readonly version: number } | null;
  readonly shared: { readonly version: number } | null;
}

const rows = ({ body }: Answer): string[] =>
  (body['items'] as Row[]).map(
    (m) =>
      `${m.model_name} ${m.standing} ${m.versions}/${m.newest} ${m.current?.version ?? '-'} ${m.shared?.version ?? '-'}`,
  );

const PROMOTED = 'p-c000 promoted 1/1 1 1';
const AHEAD = 'p-c001 ahead 2/2 2 1';
const UNPROMOTED = 'p-c002 unpromoted 2/2 1 -';
const UNUSABLE = 'p-c003 unusable 1/1 - -';

describe('registered models', () => {
  it('stand in one row each, with what is current and what is shared', async () => {
    const { get } = await world();
    const all = await get('/registered-models');
    expect(rows(all)).toEqual([PROMOTED, AHEAD, UNPROMOTED, UNUSABLE]);
    expect(all.body).toMatchObject({
      next: null,
      items: [
        {
          circuit_id: 'p_c000',
          plant_id: 'p',
          current: { run: 1, metrics: { mae: expect.any(Number) } },
          shared: { promoted_at: expect.any(String) },
        },
        { trend: { metric: expect.any(String), values: [expect.any(Number), expect.any(Number)] } },
        {},
        { trend: null },
      ],
    });
  });

  it.each([
    ['standing=promoted', [PROMOTED]],
    ['standing=ahead', [AHEAD]],
    ['standing=unpromoted', [UNPROMOTED]],
    ['standing=unusable', [UNUSABLE]],
    ['q=C00', [PROMOTED, AHEAD, UNPROMOTED, UNUSABLE]],
    ['q=p_c002', [UNPROMOTED]],
    ['q=c00&standing=ahead', [AHEAD]],
    ['plant=p&q=003', [UNUSABLE]],
    ['plant=elsewhere', []],
    ['q=nothing', []],
    ['registry=rehearsal-dev', []],
    ['registry=rehearsal-dev&plant=p', []],
  ])('are found by %s, page by page as in one', async (query, expected) => {
    const { get } = await world();
    expect(rows(await get(`/registered-models?${query}`))).toEqual(expected);
    const paged: string[] = [];
    for (let cursor = ''; ;) {
      const page = await get(`/registered-models?${query}&limit=1${cursor}`);
      paged.push(...rows(page));
      if (page.body['next'] === null) break;
      cursor = `&cursor=${String(page.body['next'])}`;
    }
    expect(paged).toEqual(expected);
  });

  it('are found by plant although they came after the last one', async () => {
    const { get, world: w } = await world();
    expect((await get('/registered-models?plant=p')).body['items']).toHaveLength(4);
    await w.write('config/circuits.yaml', fleetOf(5));
    await w.run({ circuits: ['p_c004'] });
    expect((await get('/registered-models?plant=p')).body['items']).toHaveLength(5);
  });

  it('are shown one by one, and one that is not there by what it may be', async () => {
    const { get } = await world();
    expect((await get('/registered-models/p-c001')).body).toMatchObject({ standing: 'ahead', newest: 2 });
    const missing = await get('/registered-models/p-c01');
    expect(missing).toMatchObject({ status: 404, body: { hint: expect.stringContaining('p-c0') } });
  });

  it.each([
    ['a standing that is none', 'standing=good'],
    ['a shared registry, which has no standing of its own', 'registry=shared'],
    ['a cursor that is none', 'cursor=p-c000'],
  ])('refuse %s', async (_, query) => {
    const api = await testApi({ environment: null });
    open.push(api.world);
    expect((await api.get(`/registered-models?${query}`)).status).toBe(400);
  });
});
