import { afterEach, describe, expect, it } from 'vitest';
import { listApprovals } from '../gates/index.ts';
import type { ProjectConfig } from '../config/index.ts';
import type { Actor } from '../gates/index.ts';
import { NotAllowedError } from '../kernel/errors.ts';
import type { Run } from '../pipelines/index.ts';
import { fleetOf, testWorld } from '../testing/test-world.ts';
import type { TestWorld } from '../testing/test-world.ts';
import { acceptPartial } from './index.ts';

let w: TestWorld;
afterEach(() => w[Symbol.asyncDispose]());

const person = (name: string, identity: Actor['identity'] = 'claimed'): Actor => ({ name, identity });

/** A run of `tester` whose retry failed again. The gate is set afterwards, as an editor of trainyard.yaml may. */
async function failedAgain(
  gate: string,
  rules: Partial<ProjectConfig['gates'][string]>,
  approve: readonly string[] = ['training-retry'],
): Promise<Run> {
  w = await testWorld({ environment: null, circuits: fleetOf(2), fail: ['p_c001=out of memory'] });
  const run = await w.run({ approve });
  const { settings } = w.project;
  const before = settings.gates[gate];
  if (before === undefined) throw new Error(`no gate ${gate}`);
  await w.project.takeUp({
    ...settings,
    groups: { leads: ['ada@x'] },
    gates: { ...settings.gates, [gate]: { ...before, ...rules } },
  });
  return run;
}

const accept = (run: Run, actor: Actor): Promise<Run> => acceptPartial(w.project, run, actor, 'the sensor');

describe.each([
  ['training-retry', ['training-retry']],
  ['registry-promotion', ['training-retry', 'registry-promotion']],
  ['registry-promotion', ['all']],
])('accepting a partial success where gate %s decides (approved in advance: %j)', (gate, approve) => {
  it.each([
    ['an approver', { approvers: ['@leads'] }, person('bob@x'), /bob@x is not an approver of gate/],
    ['a signed-in person', { verified: true }, person('ada@x'), /accepts signed-in people only/],
    [
      'a signed-in person, and no token',
      { verified: true },
      person('token:ci', 'verified'),
      /token:ci is an API token/,
    ],
    ['somebody else', { requester_may_approve: false }, person('tester'), /wants somebody else to decide/],
  ])('is for %s', async (_who, rules, actor, told) => {
    const run = await failedAgain(gate, rules, approve);
    const refused = await accept(run, actor).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(NotAllowedError);
    expect(String(refused)).toMatch(told);
    expect(String(refused)).toContain(gate);
    expect(await w.again(run)).toMatchObject({ partial_accepted_by: null, status: 'failed' });
    expect(await accept(run, person('ada@x', 'verified'))).toMatchObject({ partial_accepted_by: 'ada@x' });
  });
});

describe('promotion', () => {
  it('that was not approved in advance asks its own approvers afterwards, whoever accepted', async () => {
    const run = await failedAgain('registry-promotion', { approvers: ['@leads'], required: 2 });
    await accept(run, person('bob@x'));
    await w.settle();
    const [asked] = await listApprovals(w.project.store.db, { gate: 'registry-promotion', limit: 9 });
    expect(asked).toMatchObject({ status: 'waiting', required: 2, approvers: ['@leads'] });
    expect(await w.again(run)).toMatchObject({ status: 'waiting', partial_accepted_by: 'bob@x' });
  });

  it('that one person approved in advance still wants the second yes', async () => {
    const run = await failedAgain('registry-promotion', { required: 2 }, ['all']);
    await accept(run, person('tester'));
    await w.settle();
    const [asked] = await listApprovals(w.project.store.db, { gate: 'registry-promotion', limit: 9 });
    expect(asked).toMatchObject({ status: 'waiting', required: 2, counts: { pending: 1 } });
  });
});
