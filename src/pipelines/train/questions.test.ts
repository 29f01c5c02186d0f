import { afterEach, describe, expect, it } from 'vitest';
import { approvalScreen } from '../../cli/render/approval.ts';
import {
  acceptPartial as acceptPartialOf,
  cancelCircuits,
  cancelRun,
  cancelStage,
  decide,
  reopen,
} from '../../actions/index.ts';
import { getApproval, listApprovals, listSubjects } from '../../gates/index.ts';
import type { Approval, Verdict } from '../../gates/index.ts';
import { listJobs } from '../../jobs/index.ts';
import { readEvents, verifyAudit } from '../../store/index.ts';
import type { Tx } from '../../store/index.ts';
import { person } from '../../testing/test-rows.ts';
import { COMPONENT, ENVIRONMENT, fleetOf, testWorld } from '../../testing/test-world.ts';
import type { TestWorld } from '../../testing/test-world.ts';
import { getStages, stageNamed, wakeRun } from '../run-store.ts';
import type { World } from '../pipeline.ts';
import type { Run } from '../run-store.ts';
import { RetryContext } from './retry-request.ts';
import { prepareRetry, retryRun } from './retry-run.ts';
import { acceptPartial } from './runs.ts';

const WITH_ENVIRONMENT = `${COMPONENT}environment: azureml:plain-env:1\n`;
const used: TestWorld[] = [];
afterEach(async () => {
  for (const w of used.splice(0)) await w[Symbol.asyncDispose]();
});
const world = async (options: Parameters<typeof testWorld>[0] = {}): Promise<TestWorld> => {
  const w = await testWorld({ environment: null, ...options });
  used.push(w);
  return w;
};
const open = async (w: TestWorld, run: Run): Promise<Approval> => {
  const [approval] = await listApprovals(w.project.store.db, { run_id: run.id, status: 'waiting', limit: 9 });
  if (approval === undefined) throw new Error('nothing waits');
  return approval;
};
const at = async (w: TestWorld, run: Run, stage: string): Promise<Approval> => {
  const waiting = await listApprovals(w.project.store.db, { run_id: run.id, status: 'waiting', limit: 9 });
  const found = waiting.find((a) => a.stage === stage);
  if (found === undefined) throw new Error(`nothing waits at ${stage}`);
  return found;
};
const subjects = async (w: TestWorld, approval: Approval): Promise<Record<string, Verdict>> =>
  Object.fromEntries(
    (await listSubjects(w.project.store.db, { approval_id: approval.id, limit: 99 })).map((s) => [
      s.subject,
      s.verdict,
    ]),
  );
const say = async (
  w: TestWorld,
  approval: Approval,
  verdict: 'approve' | 'hold' | 'reject',
  only: readonly string[] | null = null,
): Promise<void> => {
  await decide(w.project, {
    approval_id: approval.id,
    actor: person('bob'),
    verdict,
    comment: null,
    subjects: only,
    retrain: false,
  });
  await w.settle();
};
const status = async (w: TestWorld, run: Run, stage: string): Promise<string> =>
  stageNamed(await getStages(w.project.store.db, run.id), stage).status;
const shared = async (w: TestWorld): Promise<string[]> =>
  (await w.world.registries.shared.list({ limit: 100 })).items.map((m) => m.model_name).toSorted();
const wake = async (w: TestWorld, run: Run): Promise<void> => {
  await wakeRun(w.project.store.db, w.clock.now(), run.id);
  await w.settle();
};
const types = async (w: TestWorld, prefix: string): Promise<string[]> =>
  (await readEvents(w.project.store.db, { after: 0, limit: 500 }))
    .map((e) => e.type)
    .filter((type) => type.startsWith(prefix));

describe('the retry gate', () => {
  it('shows job names, attempts, the end of each log, the page of the job, the cause, whether compute is free, and how long it takes', async () => {
    const pages = (key: string): string => `https://ml.example.com/runs/${key}`;
    const w = await world({
      circuits: fleetOf(4),
      component: `${COMPONENT}retry: {max_retries: 1}\n`,
      settings: 'providers:\n  simulated: {max_parallel: 2, duration: 100s, duration_spread: 0}\n',
    });
    // The circuits trained once before.
    expect((await w.run({ approve: ['all'] })).status).toBe('succeeded');
    const compute = await w.world.compute('simulated');
    const paged = {
      ...w.world,
      compute: () =>
        Promise.resolve({
          ...compute,
          list: async (query: Parameters<typeof compute.list>[0]) => {
            const { observations, cursor } = await compute.list(query);
            return { observations: observations.map((o) => ({ ...o, url: pages(o.key) })), cursor };
          },
        }),
    };
    const chosen = ['p_c000', 'p_c001', 'p_c002'];
    const run = await w.start({ circuits: chosen, approve: ['registry-promotion'] });
    const fail = ['p_c000=CUDA out of memory', 'p_c001=CUDA out of memory', 'p_c002=no such column: temp'];
    const simulation = { ...w.project.config.providers.simulated, fail };
    await w.project.store.db
      .updateTable('runs')
      .set({ params: JSON.stringify({ ...run.params, simulation }) })
      .where('id', '=', run.id)
      .execute();
    await w.settle(paged);
    const approval = await open(w, run);
    const shown = await listSubjects(w.project.store.db, { approval_id: approval.id, limit: 9 });
    expect(shown.map((s) => s.subject)).toEqual(chosen);
    for (const { subject, detail } of shown) {
      const job = `${subject}_2026_01_31_2`;
      expect(detail).toMatchObject({ job, attempts: 2, url: pages(`${job}-2`) });
      expect(detail['log_tail']).toContain(
        subject === 'p_c002' ? 'no such column: temp' : 'CUDA out of memory',
      );
    }
    const context = RetryContext.parse(approval.context);
    expect(context.groups).toMatchObject([
      { number: 1, class: 'capacity', count: 2, circuits: ['p_c000', 'p_c001'], systematic: true },
      { number: 2, count: 1, circuits: ['p_c002'] },
    ]);
    expect(context.capacity).toEqual({ free: 2, slots: 2, message: '2 of 2 simulated slots are free' });
    // Three trainings of 100 s, two at a time.
    expect(context.estimate).toEqual({ retry_s: 150, known: 3, of: 3 });
    const screen = await approvalScreen(w.project, approval, 100);
    for (const told of [
      'p_c000_2026_01_31_2, 2 attempts, https://ml.example.com/runs/p_c000_2026_01_31_2-2',
      'the retry takes about 2 min 30 s by past trainings',
      '2 of 2 simulated slots are free',
      'The same error across circuits',
      '| CUDA out of memory',
      `trainyard retry ${run.number} --group 1`,
    ])
      expect(screen).toContain(told);
  });
});

describe('a request that has changed', () => {
  it('is superseded and asked again as it is now: an approval of what it showed comes too late', async () => {
    const w = await world();
    const run = await w.run();
    const before = await open(w, run);
    await w.world.registries.dev.withdraw('p-c001', 1, person('ann'), 'broken sensor');
    await wake(w, run);
    const now = await open(w, run);
    expect(now.id).not.toBe(before.id);
    expect(await subjects(w, now)).toEqual({ 'p-c000:1': 'pending', 'p-c002:1': 'pending' });
    await expect(say(w, before, 'approve')).rejects.toMatchObject({
      exit_code: 7,
      message: expect.stringContaining('superseded') as unknown,
    });
    await say(w, now, 'approve');
    expect((await w.again(run)).status).toBe('succeeded');
    expect(await shared(w)).toEqual(['p-c000', 'p-c002']);
    expect(await types(w, 'approval.')).toEqual([
      'approval.requested',
      'approval.superseded',
      'approval.requested',
      'approval.decided',
    ]);
  });

  it('keeps the verdicts on what has not changed', async () => {
    const w = await world();
    const run = await w.run();
    await say(w, await open(w, run), 'approve', ['p-c000:1']);
    await say(w, await open(w, run), 'reject', ['p-c002:1']);
    await w.world.registries.dev.withdraw('p-c001', 1, person('ann'), 'broken sensor');
    await wake(w, run);
    expect((await w.again(run)).status).toBe('succeeded');
    expect(await shared(w)).toEqual(['p-c000']);
  });

  it('leaves out what a later run has trained in the meantime, well or not', async () => {
    const w = await world({ fail: ['p_c001:1', 'p_c002:1'] });
    const run = await w.run({ approve: ['registry-promotion'] });
    expect(await subjects(w, await open(w, run))).toEqual({ p_c001: 'pending', p_c002: 'pending' });
    const later = await w.run({ circuits: ['p_c001'], approve: ['registry-promotion'] });
    expect(await subjects(w, await open(w, later))).toMatchObject({ p_c001: 'pending' });
    await wake(w, run);
    expect(await subjects(w, await open(w, run))).toEqual({ p_c002: 'pending' });
  });
});

describe('a request that nobody answers', () => {
  it('reminds, as often as the gate says, until its time is over', async () => {
    const w = await world({
      settings: 'gates:\n  registry-promotion: {expires: 10h, remind_every: 4h}\n',
    });
    await w.run();
    for (let hour = 1; hour <= 11; hour++) await w.later(3_600_000);
    expect(await types(w, 'approval.')).toEqual([
      'approval.requested',
      'approval.reminder',
      'approval.reminder',
      'approval.expired',
    ]);
  });
});

describe('reopen', () => {
  it('asks again about models that were held, in a run that is over, and promotes what is approved then', async () => {
    const w = await world();
    const run = await w.run();
    const approval = await open(w, run);
    await say(w, approval, 'approve', ['p-c000:1']);
    await say(w, approval, 'hold');
    expect((await w.again(run)).status).toBe('succeeded');
    expect(await shared(w)).toEqual(['p-c000']);
    const again = await reopen(w.project, {
      approval_id: approval.id,
      actor: person('ann'),
      expires_s: 3600,
      comment: null,
    });
    await w.settle();
    expect(await status(w, run, 'PromoteModels')).toBe('waiting');
    await say(w, again, 'approve', ['p-c001:1']);
    await say(w, again, 'reject');
    expect(await shared(w)).toEqual(['p-c000', 'p-c001']);
    expect((await w.again(run)).status).toBe('succeeded');
    expect(await verifyAudit(w.project.store.db)).toMatchObject({ ok: true });
  });

  it('is for those who may decide, and for whoever started the run', async () => {
    const w = await world({ settings: 'gates:\n  registry-promotion: {approvers: [bob]}\n' });
    const run = await w.run();
    const approval = await open(w, run);
    await say(w, approval, 'hold');
    const by = (name: string): Promise<Approval> =>
      reopen(w.project, { approval_id: approval.id, actor: person(name), expires_s: null, comment: null });
    await expect(by('eve')).rejects.toMatchObject({ exit_code: 4 });
    expect((await by('tester')).status).toBe('waiting');
  });
});

describe('cancel', () => {
  it('of the monitoring stage ends the jobs; what had succeeded is registered and promoted', async () => {
    const w = await world({ circuits: fleetOf(4) });
    const run = await w.start({ approve: ['registry-promotion'] });
    const stages = ['SubmitTraining', 'MonitorTraining'];
    const { requested } = await cancelStage(w.project, run, 'monitortraining', person('ann'));
    expect(requested).toBe(true);
    await w.settle();
    expect(await Promise.all(stages.map((s) => status(w, run, s)))).toEqual(['succeeded', 'succeeded']);
    const jobs = await listJobs(w.project.store.db, { run_id: run.id, limit: 9 });
    expect(jobs.map((j) => j.status)).toEqual(jobs.map(() => 'canceled'));
    expect((await w.again(run)).ended_at).not.toBeNull();
    expect((await w.plan()).plan.summary).toMatchObject({ train: 4 });
    expect((await cancelStage(w.project, await w.again(run), stages[1] ?? '', person('ann'))).requested).toBe(
      false,
    );
    await expect(cancelStage(w.project, run, 'MonitorTrainin', person('ann'))).rejects.toMatchObject({
      exit_code: 2,
      hint: 'Did you mean MonitorTraining?',
    });
  });

  it('of the promotion stage takes the question back; its models are held', async () => {
    const w = await world();
    const run = await w.run();
    await cancelStage(w.project, run, 'PromoteModels', person('ann'));
    await w.settle();
    expect((await w.again(run)).status).toBe('succeeded');
    expect(await types(w, 'approval.')).toEqual(['approval.requested', 'approval.canceled']);
    expect(await shared(w)).toEqual([]);
  });

  it('of circuits takes them out before they are submitted: they stay owed', async () => {
    const w = await world();
    const run = await w.start({ approve: ['registry-promotion'] });
    await cancelCircuits(w.project, run, ['p_c001'], person('ann'));
    await w.settle();
    const jobs = await listJobs(w.project.store.db, { run_id: run.id, limit: 9 });
    expect(jobs.map((j) => j.circuit_id).toSorted()).toEqual(['p_c000', 'p_c002']);
    const { plan } = await w.plan();
    expect(plan.circuits.find((c) => c.id === 'p_c001')).toMatchObject({ action: 'train' });
  });

  it('of circuits that are parked at a gate is a verdict there, and needs its rights', async () => {
    const w = await world({
      fail: ['p_c001:1', 'p_c002:1'],
      settings: 'gates:\n  training-retry: {approvers: [bob]}\n',
    });
    const run = await w.run({ approve: ['registry-promotion'] });
    await expect(cancelCircuits(w.project, run, ['p_c001'], person('eve'))).rejects.toMatchObject({
      exit_code: 4,
    });
    await cancelCircuits(w.project, run, ['p_c001'], person('bob'));
    await w.settle();
    expect(await subjects(w, await open(w, run))).toEqual({ p_c001: 'reject', p_c002: 'pending' });
    await expect(cancelCircuits(w.project, run, ['p_c009'], person('bob'))).rejects.toMatchObject({
      exit_code: 5,
    });
    expect((await cancelCircuits(w.project, run, ['p_c000'], person('bob'))).requested).toBe(false);
  });
});

describe('canceling circuits whose retry is approved and has not begun', () => {
  const approved = async (w: TestWorld): Promise<Run> => {
    const run = await w.run({ approve: ['registry-promotion'] });
    const ballot = { verdict: 'approve' as const, comment: null, subjects: null, retrain: false };
    await decide(w.project, { ...ballot, approval_id: (await open(w, run)).id, actor: person('bob') });
    return run;
  };
  const retries = async (w: TestWorld, run: Run): Promise<string[]> =>
    (await listJobs(w.project.store.db, { run_id: run.id, match: '*_retry_*', limit: 9 })).map(
      (job) => job.circuit_id,
    );

  it('turns it down, on record, and trains the others again', async () => {
    const w = await world({ fail: ['p_c001:1', 'p_c002:1'] });
    const run = await approved(w);
    const { requested } = await cancelCircuits(w.project, await w.again(run), ['p_c001'], person('bob'));
    expect(requested).toBe(true);
    await w.settle();
    expect(await retries(w, run)).toEqual(['p_c002']);
    expect(await types(w, 'approval.')).toContain('approval.voted');
    expect(await shared(w)).toEqual(['p-c000', 'p-c002']);
  });

  it('needs the rights of the gate', async () => {
    const w = await world({
      fail: ['p_c001:1'],
      settings: 'gates:\n  training-retry: {approvers: [bob]}\n',
    });
    const run = await approved(w);
    const canceling = cancelCircuits(w.project, await w.again(run), ['p_c001'], person('eve'));
    await expect(canceling).rejects.toMatchObject({ exit_code: 4 });
    await w.settle();
    expect(await retries(w, run)).toEqual(['p_c001']);
  });

  it('comes in time while the retry is being made', async () => {
    const w = await world({ fail: ['p_c001:1', 'p_c002:1'] });
    const run = await approved(w);
    const meanwhile = {
      ...w.world,
      store: {
        ...w.world.store,
        tx: async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
          // The last moment before it is written down.
          if ((await retries(w, run)).length === 0)
            await cancelCircuits(w.project, await w.again(run), ['p_c001'], person('bob'));
          return w.world.store.tx(work);
        },
      },
    };
    await w.settle(meanwhile);
    expect(await retries(w, run)).toEqual(['p_c002']);
  });
});

describe('retryRun', () => {
  it('of a run whose circuits a later run took in hand leaves them to that run', async () => {
    const w = await world({ fail: ['p_c001:1'] });
    const run = await w.run({ approve: ['registry-promotion'] });
    await say(w, await open(w, run), 'reject');
    await w.run({ circuits: ['p_c001'], approve: ['registry-promotion'] });
    const retry = retryRun(w.world, await w.again(run), {
      actor: person('bob'),
      comment: null,
      circuits: null,
    });
    await expect(retry).rejects.toMatchObject({ exit_code: 6 });
  });

  it('waits for a second person where the gate wants two', async () => {
    const w = await world({ fail: ['p_c001:1'], settings: 'gates:\n  training-retry: {required: 2}\n' });
    const run = await w.run({ approve: ['registry-promotion'] });
    await say(w, await open(w, run), 'reject');
    const by = async (name: string): Promise<Approval> =>
      retryRun(w.world, await w.again(run), { actor: person(name), comment: null, circuits: ['p_c001'] });
    expect((await by('ann')).status).toBe('waiting');
    await w.settle();
    expect((await w.again(run)).status).toBe('waiting');
    expect((await by('bob')).status).toBe('decided');
    await w.settle();
    expect((await w.again(run)).status).toBe('succeeded');
    expect(await shared(w)).toEqual(['p-c000', 'p-c001', 'p-c002']);
  });
});

describe('a retry that comes beside something else', () => {
  const by = (name: string) => ({ actor: person(name), comment: null, circuits: ['p_c001'] });
  const retries = async (w: TestWorld, run: Run): Promise<number> =>
    (await listJobs(w.project.store.db, { run_id: run.id, match: '*_retry_*', limit: 9 })).length;

  it('trains nothing in a run that was canceled while the provider was asked', async () => {
    const w = await world({ fail: ['p_c001:1'] });
    const run = await w.run();
    await say(w, await open(w, run), 'reject');
    const meanwhile: World = {
      ...w.world,
      compute: async (name) => {
        await cancelRun(w.project, await w.again(run), person('ann'));
        await w.settle();
        return w.world.compute(name);
      },
    };
    const retry = retryRun(meanwhile, await w.again(run), by('bob'));
    await expect(retry).rejects.toMatchObject({
      exit_code: 6,
      message: 'Run 1 was canceled; it trains nothing any more.',
    });
    await w.settle();
    expect((await w.again(run)).status).toBe('canceled');
    expect(await retries(w, run)).toBe(0);
  });

  it('does not take back a cancel that nobody has got round to', async () => {
    const w = await world({ fail: ['p_c001:1'] });
    const run = await w.run();
    await say(w, await open(w, run), 'reject');
    await cancelRun(w.project, await w.again(run), person('ann'));
    const retry = retryRun(w.world, await w.again(run), by('bob'));
    await expect(retry).rejects.toMatchObject({ exit_code: 6, message: 'Run 1 is being canceled.' });
    await w.settle();
    expect((await w.again(run)).status).toBe('canceled');
  });

  it('leaves one request open at the stage, and says which', async () => {
    const w = await world({
      fail: ['p_c001:1', 'p_c002:1'],
      settings: 'gates:\n  training-retry: {required: 2}\n',
    });
    const run = await w.run({ approve: ['registry-promotion'] });
    await say(w, await open(w, run), 'reject');
    const now = await w.again(run);
    const [one, other] = [
      await prepareRetry(w.world, now, by('ann')),
      await prepareRetry(w.world, now, { ...by('bob'), circuits: ['p_c002'] }),
    ];
    const asked = await w.project.store.tx(one);
    await expect(w.project.store.tx(other)).rejects.toMatchObject({
      exit_code: 6,
      hint: `Decide on that first: trainyard approvals show ${asked.id}`,
    });
    // Who meant the same joins it.
    expect((await retryRun(w.world, now, by('bob'))).status).toBe('decided');
  });
});

describe('a retry of a retry', () => {
  it('needs as many people as the first: who agreed to that has not agreed to this', async () => {
    const w = await world({ fail: ['p_c001:2'], settings: 'gates:\n  training-retry: {required: 2}\n' });
    const run = await w.run({ approve: ['registry-promotion'] });
    const by = async (name: string): Promise<Approval> => {
      const approval = await retryRun(w.world, await w.again(run), {
        actor: person(name),
        comment: null,
        circuits: null,
      });
      await w.settle();
      return approval;
    };
    await by('ann');
    await by('bob');
    expect((await w.again(run)).status).toBe('failed');
    expect((await by('ann')).status).toBe('waiting');
    const retries = async (): Promise<number> =>
      (await listJobs(w.project.store.db, { run_id: run.id, match: '*_retry_*', limit: 9 })).length;
    expect(await retries()).toBe(1);
    expect((await by('bob')).status).toBe('decided');
    expect(await retries()).toBe(2);
    expect((await w.again(run)).status).toBe('succeeded');
  });

  it('that fails takes the question about promotion back: it is blocked', async () => {
    const w = await world({ fail: ['p_c001'] });
    const run = await w.run();
    await say(w, await open(w, run), 'reject');
    const before = await open(w, run);
    expect(before.stage).toBe('PromoteModels');
    await retryRun(w.world, await w.again(run), { actor: person('bob'), comment: null, circuits: null });
    await w.settle();
    expect(await status(w, run, 'PromoteModels')).toBe('skipped');
    await expect(say(w, before, 'approve')).rejects.toMatchObject({ exit_code: 7 });
    expect(await shared(w)).toEqual([]);
    const failed = await w.again(run);
    await w.project.store.tx((tx) => acceptPartial(tx, w.clock.now(), failed, person('bob'), null));
    await w.settle();
    await say(w, await open(w, run), 'approve');
    expect(await shared(w)).toEqual(['p-c000', 'p-c002']);
  });
});

describe('what an earlier run left behind', () => {
  it('is trained at the hash it failed at or not at all: a later run that failed at another takes it over', async () => {
    const w = await world({ fail: ['p_c001'] });
    await say(w, await open(w, await w.run({ approve: ['registry-promotion'] })), 'reject');
    const second = await w.run({ approve: ['registry-promotion'] });
    expect(await subjects(w, await open(w, second))).toEqual({ p_c001: 'pending' });
    await w.write('config/circuits.yaml', fleetOf(3).replace('c001}', 'c001, training_days: 60}'));
    const third = await w.run({ approve: ['registry-promotion'] });
    await wake(w, second);
    expect(
      await listApprovals(w.project.store.db, { run_id: second.id, status: 'waiting', limit: 9 }),
    ).toEqual([]);
    expect(await subjects(w, await open(w, third))).toEqual({ p_c001: 'pending' });
  });
});

describe('partial success', () => {
  it('is accepted while something else of the run is still asked', async () => {
    const w = await world({ environment: ENVIRONMENT, component: WITH_ENVIRONMENT, fail: ['p_c001'] });
    const run = await w.run();
    await retryRun(w.world, run, { actor: person('bob'), comment: null, circuits: null });
    await w.settle();
    expect(await status(w, run, 'RetryFailedTraining')).toBe('failed');
    const waiting = await w.again(run);
    expect(waiting.ended_at).toBeNull();
    await w.project.store.tx((tx) => acceptPartial(tx, w.clock.now(), waiting, person('bob'), null));
    await w.settle();
    for (const { stage } of await listApprovals(w.project.store.db, {
      run_id: run.id,
      status: 'waiting',
      limit: 9,
    }))
      expect(['PromoteEnvironment', 'PromoteModels']).toContain(stage);
    await say(w, await at(w, run, 'PromoteEnvironment'), 'approve');
    await say(w, await at(w, run, 'PromoteModels'), 'approve');
    expect(await shared(w)).toEqual(['p-c000', 'p-c002']);
  });

  it('is no word for a retry that was asked for meanwhile', async () => {
    const w = await world({ fail: ['p_c001'] });
    const run = await w.run();
    await retryRun(w.world, run, { actor: person('bob'), comment: null, circuits: null });
    await w.settle();
    const failed = await w.again(run);
    expect(failed.status).toBe('failed');
    await retryRun(w.world, failed, { actor: person('bob'), comment: null, circuits: null });
    const accepting = acceptPartialOf(w.project, failed, person('ann'), null);
    await expect(accepting).rejects.toMatchObject({ exit_code: 6 });
    await w.settle();
    expect(await w.again(run)).toMatchObject({ status: 'failed', partial_accepted_by: null });
    expect(await shared(w)).toEqual([]);
  });

  it('is no word for a run that has lost nothing yet', async () => {
    const w = await world({ fail: ['p_c001'] });
    const run = await w.run();
    await expect(
      w.project.store.tx((tx) => acceptPartial(tx, w.clock.now(), run, person('bob'), null)),
    ).rejects.toMatchObject({ exit_code: 6 });
  });
});

describe('a canceled run', () => {
  it('keeps its models: their question is put again when it is reopened, and nothing is trained', async () => {
    const w = await world({ fail: ['p_c001'] });
    const run = await w.run();
    const retry = await open(w, run);
    await say(w, retry, 'reject');
    const models = await open(w, run);
    await cancelRun(w.project, await w.again(run), person('ann'));
    await w.settle();
    expect((await w.again(run)).status).toBe('canceled');
    const again = (approval: Approval): Promise<Approval> =>
      reopen(w.project, { approval_id: approval.id, actor: person('ann'), expires_s: null, comment: null });
    await expect(say(w, models, 'approve')).rejects.toMatchObject({
      hint: expect.stringContaining(`trainyard approvals reopen ${models.id}`),
    });
    await say(w, await again(models), 'approve');
    expect(await shared(w)).toEqual(['p-c000', 'p-c002']);
    expect(await w.again(run)).toMatchObject({ status: 'failed', cancel_requested_at: null });
    expect(await listJobs(w.project.store.db, { run_id: run.id, match: '*_retry_*', limit: 9 })).toEqual([]);
  });

  it('says why approved models are held when their environment was not shared, and how to go on', async () => {
    const w = await world({ environment: ENVIRONMENT, component: WITH_ENVIRONMENT });
    const run = await w.run();
    const environment = await at(w, run, 'PromoteEnvironment');
    const models = await at(w, run, 'PromoteModels');
    await cancelRun(w.project, run, person('ann'));
    await w.settle();
    const again = (approval: Approval): Promise<Approval> =>
      reopen(w.project, { approval_id: approval.id, actor: person('ann'), expires_s: null, comment: null });
    await say(w, await again(models), 'approve');
    expect(await shared(w)).toEqual([]);
    const told = await readEvents(w.project.store.db, { after: 0, limit: 999 });
    expect(told.find((e) => e.type === 'model.not_promoted')?.message).toBe(
      `3 models were approved and are held: the environment is not in the shared registry; ask about it again with \`trainyard approvals reopen ${environment.id}\``,
    );
    await say(w, await again(environment), 'approve');
    expect(await shared(w)).toEqual(['p-c000', 'p-c001', 'p-c002']);
  });

  it('trains nothing any more, whatever is reopened', async () => {
    const w = await world({ fail: ['p_c001'] });
    const run = await w.run();
    const retry = await open(w, run);
    await cancelRun(w.project, run, person('ann'));
    await w.settle();
    await expect(
      reopen(w.project, { approval_id: retry.id, actor: person('ann'), expires_s: null, comment: null }),
    ).rejects.toMatchObject({ exit_code: 6, message: expect.stringContaining('trains nothing') });
  });
});

describe('an environment that another run was told to share', () => {
  it('is not asked about again while that run gets round to it', async () => {
    const w = await world({ environment: ENVIRONMENT, component: WITH_ENVIRONMENT });
    const first = await w.run({ circuits: ['p_c000'] });
    const { db } = w.project.store;
    await decide(w.project, {
      approval_id: (await at(w, first, 'PromoteEnvironment')).id,
      actor: person('bob'),
      verdict: 'approve',
      comment: null,
      subjects: null,
      retrain: false,
    });
    const later = new Date(w.clock.now() + 3_600_000).toISOString();
    await db.updateTable('runs').set({ due_at: later }).where('id', '=', first.id).execute();
    const second = await w.run({ circuits: ['p_c001'] });
    const asks = stageNamed(await getStages(db, second.id), 'PromoteEnvironment');
    expect(asks.reason).toBe('run 1 is about to share it');
    await w.later(3_600_000);
    expect(await status(w, first, 'PromoteEnvironment')).toBe('succeeded');
    expect(await status(w, second, 'PromoteEnvironment')).toBe('skipped');
    const asked = await listApprovals(db, { run_id: second.id, limit: 9 });
    expect(asked.map((a) => a.stage)).toEqual(['PromoteModels']);
  });
});

describe('a request whose time is over', () => {
  it('is closed at its deadline by whoever looks first, and can be reopened at once', async () => {
    const w = await world({ fail: ['p_c001'], settings: 'gates: {training-retry: {expires: 1h}}\n' });
    const run = await w.run();
    const retry = await open(w, run);
    await w.clock.advance(7_200_000);
    await expect(say(w, retry, 'approve')).rejects.toMatchObject({ exit_code: 7 });
    expect(await getApproval(w.project.store.db, retry.id)).toMatchObject({
      status: 'expired',
      closed_at: retry.expires_at,
    });
    const again = await reopen(w.project, {
      approval_id: retry.id,
      actor: person('ann'),
      expires_s: null,
      comment: null,
    });
    expect(again.status).toBe('waiting');
  });
});

describe('a canceled stage', () => {
  it('begins nothing more: a retry that was approved is not trained', async () => {
    const w = await world({ fail: ['p_c001:1'] });
    const run = await w.run({ approve: ['registry-promotion'] });
    const approval = await open(w, run);
    await decide(w.project, {
      approval_id: approval.id,
      actor: person('bob'),
      verdict: 'approve',
      comment: null,
      subjects: null,
      retrain: false,
    });
    await cancelStage(w.project, run, 'RetryFailedTraining', person('ann'));
    await w.settle();
    expect(await status(w, run, 'RetryFailedTraining')).toBe('canceled');
    expect(await listJobs(w.project.store.db, { run_id: run.id, match: '*_retry_*', limit: 9 })).toEqual([]);
  });

  it('submits nothing where nothing was submitted, and the run says that it did not train', async () => {
    const w = await world();
    const run = await w.start();
    await cancelStage(w.project, run, 'SubmitTraining', person('ann'));
    await w.settle();
    expect(await listJobs(w.project.store.db, { run_id: run.id, limit: 9 })).toEqual([]);
    expect(await w.again(run)).toMatchObject({
      status: 'failed',
      reason: 'SubmitTraining was canceled by ann',
    });
  });

  it('of promotion ends though its models wait for their environment, and shares none of them later', async () => {
    const w = await world({ environment: ENVIRONMENT, component: WITH_ENVIRONMENT });
    const run = await w.run();
    await say(w, await at(w, run, 'PromoteModels'), 'approve');
    await cancelStage(w.project, run, 'PromoteModels', person('ann'));
    await w.settle();
    await say(w, await at(w, run, 'PromoteEnvironment'), 'approve');
    expect(await shared(w)).toEqual([]);
    expect((await w.again(run)).ended_at).not.toBeNull();
  });
});

describe('a verdict', () => {
  it('on something held, in a stage that is over, is taken up', async () => {
    const w = await world({ fail: ['p_c001:1'] });
    const run = await w.run();
    const retry = await open(w, run);
    await say(w, retry, 'hold');
    expect(await status(w, run, 'RetryFailedTraining')).toBe('skipped');
    await say(w, retry, 'approve', ['p_c001']);
    expect(await status(w, run, 'RetryFailedTraining')).toBe('succeeded');
    await say(w, await open(w, run), 'approve');
    expect(await shared(w)).toEqual(['p-c000', 'p-c001', 'p-c002']);
  });

  it('of reject counts for what was held, and asks to train again only what it names', async () => {
    const w = await world();
    const run = await w.run();
    const approval = await open(w, run);
    await say(w, approval, 'hold', ['p-c000:1']);
    await say(w, approval, 'reject', ['p-c000:1']);
    await decide(w.project, {
      approval_id: approval.id,
      actor: person('eve'),
      verdict: 'reject',
      comment: null,
      subjects: ['p-c001:1'],
      retrain: true,
    });
    expect(await subjects(w, approval)).toMatchObject({ 'p-c000:1': 'reject', 'p-c001:1': 'reject' });
    const { items } = await w.world.registries.dev.list({ withdrawn: true, limit: 9 });
    expect(items.map((m) => m.model_name)).toEqual(['p-c001']);
  });

  it('that was held in a request that was superseded is asked again when that is reopened', async () => {
    const w = await world();
    const run = await w.run();
    const first = await open(w, run);
    await say(w, first, 'hold', ['p-c000:1']);
    await w.world.registries.dev.withdraw('p-c001', 1, person('ann'), 'broken sensor');
    await wake(w, run);
    const again = (): Promise<Approval> =>
      reopen(w.project, { approval_id: first.id, actor: person('ann'), expires_s: null, comment: null });
    await expect(again()).rejects.toMatchObject({ exit_code: 6 });
    await say(w, await open(w, run), 'approve');
    await say(w, await again(), 'approve');
    expect(await shared(w)).toEqual(['p-c000', 'p-c002']);
  });
});
