import { afterEach, describe, expect, it } from 'vitest';
import { tokenHeaders } from '../../testing/test-callers.ts';
import { fleetOf } from '../../testing/test-world.ts';
import { testApi } from '../test-api.ts';
import type { TestApi } from '../test-api.ts';

const open: TestApi[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.world[Symbol.asyncDispose]();
});

/** A run whose retry failed again, and callers: an operator, and two who may vote as well. */
async function failedAgain(gate: string, approve: readonly string[]) {
  const made = await testApi({
    environment: null,
    circuits: fleetOf(2),
    fail: ['p_c001=out of memory'],
    settings: `gates: {${gate}}\n`,
  });
  open.push(made);
  const { world, post } = made;
  const [operator, both, third] = [
    await tokenHeaders(world.project, { name: 'op', roles: ['operator'] }),
    await tokenHeaders(world.project, { name: 'both', roles: ['operator', 'approver'] }),
    await tokenHeaders(world.project, { name: 'third', roles: ['operator', 'approver'] }),
  ];
  await world.run({ approve });
  // Two, where the gate wants as many.
  for (const who of [both, third]) await post('/runs/1/retry', {}, who);
  await world.settle();
  return { ...made, operator, both, third };
}

const PATH = '/runs/1/accept-partial';

describe('accepting a partial success over HTTP', () => {
  it.each([
    ['training-retry: {approvers: ["token:op", "token:both"]}', []],
    ['training-retry: {required: 2}', []],
    ['registry-promotion: {approvers: ["token:op", "token:both", tester]}', ['registry-promotion']],
    ['registry-promotion: {required: 2}', ['all']],
  ])('takes more than an operator where the gate is %s, and the run began with %j', async (gate, approve) => {
    const { world, get, post, operator, both } = await failedAgain(gate, approve);
    expect(await post(PATH, {}, operator)).toMatchObject({
      status: 403,
      body: {
        code: 'not_allowed',
        detail:
          'token:op is viewer, operator; accepting a partial success at a gate with approvers of its own needs the role approver.',
      },
    });
    expect((await get('/runs/1')).body).toMatchObject({ partial_accepted_by: null });
    expect(await post(PATH, {}, both)).toMatchObject({
      status: 202,
      body: { partial_accepted_by: 'token:both' },
    });
    await world.settle();
    expect((await get('/runs/1')).body).toMatchObject({ partial_accepted_by: 'token:both' });
  });

  it('takes one of the approvers that the gate names, and no other approver', async () => {
    const { post, both, third } = await failedAgain('training-retry: {approvers: ["token:both"]}', []);
    expect(await post(PATH, {}, third)).toMatchObject({
      status: 403,
      body: { detail: 'token:third is not an approver of gate training-retry.' },
    });
    expect((await post(PATH, {}, both)).status).toBe(202);
  });

  it('is an operator’s where the retry is for anybody, and promotion then asks those who decide on it', async () => {
    const { world, get, post, operator } = await failedAgain(
      'registry-promotion: {approvers: ["token:both"]}',
      [],
    );
    expect((await post(PATH, {}, operator)).status).toBe(202);
    await world.settle();
    expect((await get('/approvals?gate=registry-promotion')).body).toMatchObject({
      items: [{ run: 1, status: 'waiting' }],
    });
  });
});
