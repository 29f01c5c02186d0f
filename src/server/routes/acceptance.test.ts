import { afterEach, describe, expect, it } from 'vitest';
import { fleetOf } from '../../testing/test-world.ts';
import { testApi } from '../test-api.ts';
import type { TestApi } from '../test-api.ts';

const open: TestApi[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.world[Symbol.asyncDispose]();
});

/** A fleet of four, trained, of which two want something else since, and one is new. */
async function changedFleet(): Promise<
  TestApi & { readonly plan: (circuits?: string[]) => Promise<string> }
> {
  const api = await testApi({ environment: null, circuits: fleetOf(3) });
  open.push(api);
  await api.world.run({ approve: ['all'] });
  await api.world.write(
    'config/circuits.yaml',
    fleetOf(4)
      .replace('circuit_id: c000', 'circuit_id: c000, training_days: 60')
      .replace('circuit_id: c001', 'circuit_id: c001, hyperparameters: {alpha: 7}'),
  );
  const plan = async (circuits: string[] = []): Promise<string> =>
    String((await api.post('/plans', { circuits, if_changed: true })).body['plan_id']);
  return { ...api, plan };
}
const words = async ({ world }: TestApi) =>
  (await world.project.store.db.selectFrom('events').select(['type', 'actor', 'message']).execute()).filter(
    (event) => event.type === 'model.accepted',
  );

// Each plan takes a thread of its own.
describe('accepting models over HTTP', { timeout: 120_000 }, () => {
  it('lets those of the plan stand for what it says that they want, on record, and trains nothing', async () => {
    const api = await changedFleet();
    const { post, plan } = api;
    const accepted = await post(`/plans/${await plan(['p_c00[0-2]'])}/accept`, { reason: 'only rounded' });
    expect(accepted).toMatchObject({
      status: 200,
      body: {
        accepted: [
          { circuit: 'p_c000', model_name: 'p-c000', version: 1 },
          { circuit: 'p_c001', model_name: 'p-c001', version: 1 },
        ],
      },
    });
    expect(await words(api)).toMatchObject([
      { actor: 'tester', message: expect.stringMatching(/^tester accepted p-c000 v1 for .*: only rounded$/) },
      { actor: 'tester' },
    ]);
    const next = await post('/plans');
    expect(next.body).toMatchObject({
      summary: { train: 1 },
      groups: [
        { cause: 'new', circuits: ['p_c003'] },
        { cause: 'unchanged' },
        { cause: 'accepted', count: 2 },
      ],
    });
  });

  it('takes those that are named, or those of a group', async () => {
    const api = await changedFleet();
    const { post, get, plan } = api;
    const id = await plan();
    const named = await post(`/plans/${id}/accept`, { circuits: ['p_c000', 'p_c002'], reason: 'a test' });
    expect(named.body).toMatchObject({ accepted: [{ circuit: 'p_c000' }] });
    const groups = (await get(`/plans/${id}`)).body['groups'] as { group: number; circuits: string[] }[];
    const group = groups.find((each) => each.circuits[0] === 'p_c001')?.group;
    const grouped = await post(`/plans/${id}/accept`, { group, reason: 'a test' });
    expect(grouped.body).toMatchObject({ accepted: [{ circuit: 'p_c001' }] });
  });

  it('says nothing of models that were trained on just that, though somebody picked them', async () => {
    const api = await changedFleet();
    const { post } = api;
    const picked = (await post('/plans', { circuits: ['p_c000', 'p_c002'] })).body;
    expect(picked).toMatchObject({ groups: [{ cause: 'selected', count: 2 }, { cause: 'unchanged' }] });
    const accepted = await post(`/plans/${String(picked['plan_id'])}/accept`, { group: 0, reason: 'x' });
    expect(accepted.body).toMatchObject({ accepted: [{ circuit: 'p_c000' }] });
    expect(await words(api)).toHaveLength(1);
  });

  it('takes none of a circuit that wants something else than was seen of it', async () => {
    const api = await changedFleet();
    const { post, get, plan } = api;
    const id = await plan(['p_c000']);
    const planned = (await get(`/plans/${id}/circuits/p_c000`)).body;
    const seen = { training_hash: planned['training_hash'], inputs_digest: planned['inputs_digest'] };
    const accept = (what: object) =>
      post(`/plans/${id}/accept`, { reason: 'a test', seen: { p_c000: { ...seen, ...what } } });
    for (const other of [{ training_hash: 'another' }, { inputs_digest: 'another' }])
      expect(await accept(other)).toMatchObject({
        status: 409,
        body: { detail: 'p_c000 wants something else by now than what was seen of it.' },
      });
    expect(await words(api)).toEqual([]);
    expect(await accept({})).toMatchObject({ status: 200, body: { accepted: [{ circuit: 'p_c000' }] } });
  });

  it('takes none where one has no model, is not in the plan, or no reason is given', async () => {
    const api = await changedFleet();
    const { post, plan } = api;
    const path = `/plans/${await plan()}/accept`;
    expect(await post(path, { reason: 'all of them' })).toMatchObject({
      status: 404,
      body: { detail: 'The circuit p_c003 has no good model that could be accepted.' },
    });
    expect(await post(path, { circuits: ['p_c000', 'p_c009'], reason: 'x' })).toMatchObject({
      status: 404,
      body: { detail: 'The plan has no circuit p_c009.' },
    });
    expect(await post(path, { group: 77, reason: 'x' })).toMatchObject({ status: 404 });
    expect(await post(path, { group: 0, circuits: ['p_c000'], reason: 'x' })).toMatchObject({ status: 400 });
    expect(await post(path, { circuits: ['p_c000'], reason: '  ' })).toMatchObject({ status: 400 });
    expect(await post('/plans/plan_000000000000-000000/accept', { reason: 'x' })).toMatchObject({
      status: 404,
    });
    expect(await words(api)).toEqual([]);
  });
});
