import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { listApprovals, vote } from '../../gates/index.ts';
import { listJobs } from '../../jobs/index.ts';
import { ProviderError } from '../../kernel/errors.ts';
import { fileError } from '../../kernel/files.ts';
import { COMPONENT, ENVIRONMENT, fleetOf, testWorld } from '../../testing/test-world.ts';
import { person } from '../../testing/test-rows.ts';
import type { TestWorld } from '../../testing/test-world.ts';
import {
  countsText,
  ARTIFACTS,
  acceptPartial,
  circuitsStillFailed,
  getStages,
  listRuns,
  requestCancel,
  reviveRun,
  trainPipeline,
  wakeRun,
} from '../index.ts';
import type { ArtifactName, Run } from '../index.ts';
import type { World } from '../pipeline.ts';

const HOUR = 3_600_000;
const MODELS = ['RegisterModels', 'RetryFailedTraining', 'PromoteModels'];

let open: TestWorld[] = [];
afterEach(async () => {
  for (const each of open) await each[Symbol.asyncDispose]();
  open = [];
});
const world = async (options: Parameters<typeof testWorld>[0] = {}): Promise<TestWorld> => {
  const made = await testWorld(options);
  open.push(made);
  return made;
};

const stages = async (w: TestWorld, run: Run): Promise<Record<string, string>> =>
  Object.fromEntries((await getStages(w.project.store.db, run.id)).map((s) => [s.name, s.status]));
const stage = async (w: TestWorld, run: Run, name: string) =>
  (await getStages(w.project.store.db, run.id)).find((s) => s.name === name);
const waiting = (w: TestWorld, run: Run) =>
  listApprovals(w.project.store.db, { run_id: run.id, status: 'waiting', limit: 10 });
const decide = async (
  w: TestWorld,
  run: Run,
  gate: string,
  verdict: 'approve' | 'reject' | 'hold' = 'approve',
  subjects: readonly string[] | null = null,
): Promise<Run> => {
  const approval = (await waiting(w, run)).find((a) => `${a.gate} ${a.stage}`.includes(gate));
  if (approval === undefined) throw new Error(`nothing waits at ${gate}`);
  await w.project.store.tx((tx) =>
    vote(tx, w.clock.now(), {
      approval_id: approval.id,
      actor: { name: 'bob', identity: 'claimed' },
      verdict,
      comment: null,
      subjects,
      rules: { verified: false, groups: {} },
    }),
  );
  await wakeRun(w.project.store.db, w.clock.now(), run.id);
  await w.settle();
  return w.again(run);
};
const artifact = async (w: TestWorld, run: Run, name: ArtifactName): Promise<Record<string, unknown>> => {
  const text = await readFile(
    join(w.project.store.folder, 'runs', String(run.number), 'artifacts', `${name}.json`),
    'utf8',
  );
  return ARTIFACTS[name].parse(JSON.parse(text));
};
const versions = (w: TestWorld, run: Run) => w.world.registries.dev.versionsOfRun(run.id);
const shared = async (w: TestWorld): Promise<string[]> =>
  (await w.world.registries.shared.list({ limit: 100 })).items.map((m) => `${m.model_name}:${m.version}`);
const jobs = async (w: TestWorld, run: Run, name?: string) =>
  (await listJobs(w.project.store.db, { run_id: run.id, limit: 100 })).filter(
    (j) => name === undefined || j.name === name,
  );

describe('the training pipeline', () => {
  it('is these nine stages in this order', () => {
    expect(trainPipeline.stages.map((s) => s.name)).toEqual([
      'RegisterEnvironment',
      'PromoteEnvironment',
      'RegisterComponents',
      'RegisterMLTables',
      'SubmitTraining',
      'MonitorTraining',
      ...MODELS,
    ]);
  });

  it('goes from circuits to promoted models, and every stage accounts for what entered it', async () => {
    const w = await world();
    const run = await w.run({ approve: ['all'] });
    expect(run.status).toBe('succeeded');
    expect((await getStages(w.project.store.db, run.id)).map((s) => [s.name, s.status, s.counts])).toEqual([
      ['RegisterEnvironment', 'succeeded', { registered: 1, already_there: 0 }],
      ['PromoteEnvironment', 'succeeded', { shared: 1, held: 0, rejected: 0 }],
      ['RegisterComponents', 'succeeded', { registered: 1, already_there: 0 }],
      ['RegisterMLTables', 'succeeded', { registered: 0, already_there: 0, without_data: 3 }],
      ['SubmitTraining', 'succeeded', { submitted: 3, refused: 0, canceled: 0 }],
      ['MonitorTraining', 'succeeded', { succeeded: 3, failed: 0, canceled: 0 }],
      ['RegisterModels', 'succeeded', { registered: 3, not_registered: 0 }],
      ['RetryFailedTraining', 'skipped', {}],
      ['PromoteModels', 'succeeded', { promoted: 3, held: 0, rejected: 0, failed: 0 }],
    ]);
    expect(await shared(w)).toEqual(['p-c000:1', 'p-c001:1', 'p-c002:1']);
    expect((await versions(w, run))[0]?.tags).toMatchObject({
      plant_id: 'p',
      circuit_id: 'c000',
      cutoff_date: '2026-01-31',
      training_job: 'p_c000_2026_01_31',
      component_version: '1',
    });
  });

  it('writes its artifacts as their schemas say, in the words existing consumers read', async () => {
    const w = await world({ fail: ['p_c001'] });
    let run = await w.run({ approve: ['registry-promotion'] });
    run = await decide(w, run, 'training-retry', 'reject');
    expect((await artifact(w, run, 'changed_circuits'))['circuits']).toEqual(['p_c000', 'p_c001', 'p_c002']);
    expect((await artifact(w, run, 'training_jobs'))['jobs']).toEqual([
      'p_c000_2026_01_31',
      'p_c001_2026_01_31',
      'p_c002_2026_01_31',
    ]);
    expect((await artifact(w, run, 'completed_jobs'))['jobs']).toEqual([
      'p_c000_2026_01_31',
      'p_c002_2026_01_31',
    ]);
    expect(await artifact(w, run, 'failed_jobs')).toMatchObject({
      jobs: ['p_c001_2026_01_31'],
      has_training_failures: true,
    });
    for (const name of ['registered_models', 'registered_models_with_retry', 'promoted_models'] as const)
      expect((await artifact(w, run, name))['models']).toHaveLength(2);
  });

  it('names jobs so that no run uses a name again', async () => {
    const w = await world({ circuits: fleetOf(1) });
    for (const expected of ['p_c000_2026_01_31', 'p_c000_2026_01_31_2', 'p_c000_2026_01_31_3']) {
      const run = await w.run({ approve: ['all'], circuits: ['p_c000'] });
      expect((await jobs(w, run)).map((j) => j.name)).toEqual([expected]);
    }
    expect((await w.world.registries.dev.list({ limit: 9 })).items.map((m) => m.version)).toEqual([3, 2, 1]);
  });

  it('trains circuits whose names lead to the same job name by different ways', async () => {
    const w = await world({
      circuits:
        'circuits:\n  - {plant_id: p, circuit_id: kiln}\n  - {plant_id: p, circuit_id: kiln_2}\n  - {plant_id: p, circuit_id: kiln-2}\n',
      settings: 'retry: {max_retries: 1}\n',
      fail: ['p_kiln:1'],
    });
    expect((await w.run({ approve: ['all'], circuits: ['p_kiln'] })).status).toBe('succeeded');
    expect((await w.run({ approve: ['all'], circuits: ['p_kiln'] })).status).toBe('succeeded');
    const all = await w.run({ approve: ['all'], circuits: ['*'] });
    expect(all.status).toBe('succeeded');
    expect((await jobs(w, all)).map((j) => j.status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
  });

  it('submits nothing when there is nothing to train, and ends green', async () => {
    const w = await world();
    await w.run({ approve: ['all'] });
    const run = await w.run({ approve: ['all'] });
    expect(run.status).toBe('succeeded');
    expect(await jobs(w, run)).toEqual([]);
    expect(await stages(w, run)).toMatchObject({
      PromoteEnvironment: 'skipped',
      MonitorTraining: 'succeeded',
      RegisterModels: 'skipped',
      RetryFailedTraining: 'skipped',
      PromoteModels: 'skipped',
    });
  });

  it('registers models of a pull request with their tag, and retries and promotes nothing', async () => {
    const w = await world({ fail: ['p_c001'] });
    const run = await w.run({ approve: ['all'], pr: true });
    expect(await stages(w, run)).toMatchObject({
      PromoteEnvironment: 'skipped',
      RegisterModels: 'succeeded',
      RetryFailedTraining: 'skipped',
      PromoteModels: 'skipped',
    });
    expect((await versions(w, run)).map((m) => [m.pr, m.tags['pr']])).toEqual([
      [true, 'true'],
      [true, 'true'],
    ]);
    expect(await shared(w)).toEqual([]);
    expect((await w.plan()).plan.summary.train).toBe(3);
  });
});

describe('a file that was edited between planning and running', () => {
  it.each<[string, string, string, string]>([
    [
      'an environment',
      'components/environments/plain-env.yaml',
      ENVIRONMENT.replace('3.12', '3.13'),
      'plain-env:1 was edited since the run was planned; start a new run',
    ],
    [
      'the component',
      'components/training-pipeline-component.yaml',
      COMPONENT.replace('default: 1', 'default: 2'),
      'trainer:1 was edited since the run was planned; start a new run',
    ],
    [
      'the version of the component',
      'components/training-pipeline-component.yaml',
      COMPONENT.replace('"1"', '"2"'),
      'trainer was version 1 when the run was planned and is 2 now; start a new run',
    ],
  ])('ends the run red before anything is submitted: %s', async (_what, path, text, reason) => {
    const w = await world();
    await w.run({ approve: ['all'] });
    const run = await w.start({ circuits: ['p_c000'] });
    await w.write(path, text);
    await w.settle();
    expect((await w.again(run)).status).toBe('failed');
    expect((await w.again(run)).reason).toContain(reason);
    expect(await jobs(w, run)).toEqual([]);
  });
});

describe('the environment', () => {
  it('waits at its gate without holding up training, and models that need it wait for it', async () => {
    const component = COMPONENT.replace('command: train', 'environment: azureml:plain-env:1\ncommand: train');
    const w = await world({ component, circuits: fleetOf(1) });
    let run = await w.run();
    expect((await waiting(w, run)).map((a) => a.stage).toSorted()).toEqual([
      'PromoteEnvironment',
      'PromoteModels',
    ]);
    expect(await versions(w, run)).toHaveLength(1);
    run = await decide(w, run, 'PromoteModels');
    expect(run.status).toBe('waiting');
    expect(await shared(w)).toEqual([]);
    run = await decide(w, run, 'PromoteEnvironment');
    expect(run.status).toBe('succeeded');
    expect(await shared(w)).toEqual(['p-c000:1']);
  });

  it('rejected, holds only the models that need it', async () => {
    const component = COMPONENT.replace('command: train', 'environment: azureml:plain-env:1\ncommand: train');
    const w = await world({ component, circuits: fleetOf(1) });
    let run = await w.run();
    run = await decide(w, run, 'PromoteEnvironment', 'reject');
    run = await decide(w, run, 'PromoteModels');
    expect(run.status).toBe('succeeded');
    expect(await stages(w, run)).toMatchObject({ PromoteEnvironment: 'skipped', PromoteModels: 'succeeded' });
    expect(await artifact(w, run, 'promoted_models')).toMatchObject({
      models: [{ outcome: 'held', reason: 'held: its environment is not in the shared registry' }],
    });
    // Nobody is asked again about what was rejected.
    expect(await stages(w, await w.run({ circuits: ['p_c000'] }))).toMatchObject({
      PromoteEnvironment: 'skipped',
    });
  });
});

describe('failed circuits', () => {
  it('never block the others: the run waits at the retry gate with their models registered', async () => {
    const w = await world({ fail: ['p_c001=KeyError: flow'] });
    const run = await w.run({ approve: ['registry-promotion'] });
    expect(run.status).toBe('waiting');
    expect(await stages(w, run)).toMatchObject({
      MonitorTraining: 'succeeded',
      RegisterModels: 'succeeded',
      RetryFailedTraining: 'waiting',
      PromoteModels: 'pending',
    });
    expect(await waiting(w, run)).toMatchObject([
      { gate: 'training-retry', title: 'Train 1 failed circuit again', on_expiry: 'skip' },
    ]);
  });

  it('rejected at the gate, stay failed: the others are promoted and the run is red', async () => {
    const w = await world({ fail: ['p_c001'] });
    const run = await decide(w, await w.run({ approve: ['registry-promotion'] }), 'training-retry', 'reject');
    expect(run).toMatchObject({ status: 'failed', reason: '1 circuit failed: p_c001' });
    expect(await stages(w, run)).toMatchObject({
      RetryFailedTraining: 'skipped',
      PromoteModels: 'succeeded',
    });
    expect(await shared(w)).toEqual(['p-c000:1', 'p-c002:1']);
  });

  it('are skipped when nobody decides in time, whoever looks first', async () => {
    const w = await world({ fail: ['p_c001'] });
    const run = await w.run({ approve: ['registry-promotion'] });
    await w.later(3.9 * HOUR);
    expect((await w.again(run)).status).toBe('waiting');
    await w.later(50 * HOUR);
    expect((await w.again(run)).status).toBe('failed');
    expect(await stage(w, run, 'RetryFailedTraining')).toMatchObject({
      status: 'skipped',
      reason: 'nobody decided in time',
    });
    expect(await shared(w)).toEqual(['p-c000:1', 'p-c002:1']);
  });

  it('approved, are trained again under the original base name, and only they', async () => {
    const w = await world({ circuits: fleetOf(2), fail: ['p_c001:1'] });
    const run = await decide(w, await w.run({ approve: ['registry-promotion'] }), 'training-retry');
    expect(run.status).toBe('succeeded');
    const [retry] = (await jobs(w, run)).filter((j) => j.stage === 'RetryFailedTraining');
    expect(retry?.name).toMatch(/^p_c001_2026_01_31_retry_20260101_\d{6}$/);
    expect(retry).toMatchObject({
      circuit_id: 'p_c001',
      retry: 1,
      retry_of: 'p_c001_2026_01_31',
      status: 'succeeded',
    });
    expect((await versions(w, run)).map((m) => [m.model_name, m.tags['retry']])).toEqual([
      ['p-c000', undefined],
      ['p-c001', 'true'],
    ]);
    expect((await artifact(w, run, 'registered_models'))['models']).toHaveLength(1);
    expect((await artifact(w, run, 'registered_models_with_retry'))['models']).toHaveLength(2);
    expect(await shared(w)).toEqual(['p-c000:1', 'p-c001:1']);
  });

  it('failing again block promotion until somebody accepts partial success', async () => {
    const w = await world({ fail: ['p_c001'] });
    let run = await decide(w, await w.run({ approve: ['registry-promotion'] }), 'training-retry');
    expect(run).toMatchObject({ status: 'failed' });
    expect(await stages(w, run)).toMatchObject({ RetryFailedTraining: 'failed', PromoteModels: 'skipped' });
    expect(await shared(w)).toEqual([]);
    expect(await versions(w, run)).toHaveLength(2);

    await w.project.store.tx((tx) =>
      acceptPartial(tx, w.clock.now(), run, person('bob'), 'the kiln is down'),
    );
    await w.settle();
    run = await w.again(run);
    expect(run).toMatchObject({
      status: 'succeeded',
      partial_accepted_by: 'bob',
      reason: '1 failed, accepted by bob',
    });
    expect(await shared(w)).toEqual(['p-c000:1', 'p-c002:1']);
    await w.project.store.tx((tx) => acceptPartial(tx, w.clock.now(), run, person('eve'), null));
    expect((await w.again(run)).partial_accepted_by).toBe('bob');
  });

  it('that are optional neither redden nor block the run', async () => {
    const w = await world({
      circuits:
        'circuits:\n  - {plant_id: p, circuit_id: a}\n  - {plant_id: p, circuit_id: b, optional: true}\n',
      fail: ['p_b'],
    });
    const run = await decide(w, await w.run({ approve: ['registry-promotion'] }), 'training-retry');
    expect(run).toMatchObject({ status: 'succeeded', reason: null });
    expect(await circuitsStillFailed({ run, db: w.project.store.db })).toEqual([]);
    expect(await shared(w)).toEqual(['p-a:1']);
  });

  it('of an earlier run are offered at the gate of the next, and only they are trained', async () => {
    const w = await world({ circuits: fleetOf(2), fail: ['p_c001'] });
    await decide(w, await w.run({ approve: ['registry-promotion'] }), 'training-retry', 'reject');
    let run = await w.run({ approve: ['registry-promotion'] });
    expect(await waiting(w, run)).toMatchObject([
      { title: 'Train 1 failed circuit again (1 from earlier runs)' },
    ]);
    run = await decide(w, run, 'training-retry');
    expect((await jobs(w, run)).map((j) => [j.circuit_id, j.retry, j.base_name])).toEqual([
      ['p_c001', 1, 'p_c001_2026_01_31'],
    ]);
  });

  it('all of them: the run goes to the gate just the same', async () => {
    const w = await world({ circuits: fleetOf(2), fail: ['p_*:1'] });
    let run = await w.run({ approve: ['registry-promotion'] });
    expect(await stage(w, run, 'MonitorTraining')).toMatchObject({
      status: 'failed',
      reason: 'all 2 jobs failed',
    });
    expect(run.status).toBe('waiting');
    run = await decide(w, run, 'training-retry');
    expect(run.status).toBe('succeeded');
    expect(await shared(w)).toEqual(['p-c000:1', 'p-c001:1']);
  });
});

describe('promotion', () => {
  it('gives each model its own verdict and its own hidden run', async () => {
    const w = await world();
    let run = await w.run({ approve: [] });
    run = await decide(w, run, 'PromoteEnvironment');
    await decide(w, run, 'PromoteModels', 'approve', ['p-c000:1']);
    expect(await shared(w)).toEqual(['p-c000:1']);
    await decide(w, run, 'PromoteModels', 'reject', ['p-c001:1']);
    run = await decide(w, run, 'PromoteModels', 'hold');
    expect(await stage(w, run, 'PromoteModels')).toMatchObject({
      status: 'succeeded',
      counts: { promoted: 1, held: 1, rejected: 1, failed: 0 },
    });
    const { db } = w.project.store;
    expect((await listRuns(db, { limit: 10 })).map((r) => r.number)).toEqual([1]);
    expect(
      (await listRuns(db, { parent_run_id: run.id, limit: 10 }))
        .map((r) => [r.subject, r.status, r.reason])
        .toSorted(),
    ).toEqual([
      ['p-c000:1', 'succeeded', null],
      ['p-c001:1', 'canceled', 'rejected'],
      ['p-c002:1', 'canceled', 'held'],
    ]);
    expect((await w.plan()).plan.summary.train).toBe(0);
  });

  it('holds what a quality gate refuses when everything is approved', async () => {
    const w = await world({ circuits: fleetOf(2), settings: 'quality: [mae <= 0.000001]\n' });
    const run = await w.run({ approve: ['all'] });
    expect(run.status).toBe('succeeded');
    expect(await stage(w, run, 'PromoteModels')).toMatchObject({
      counts: { promoted: 0, held: 2, rejected: 0, failed: 0 },
    });
    expect(await shared(w)).toEqual([]);
  });

  it('waits for those who may decide when the one who approved in advance may not', async () => {
    const w = await world({
      circuits: fleetOf(1),
      environment: null,
      settings: 'gates: {registry-promotion: {approvers: [bob]}}\n',
    });
    let run = await w.run({ approve: ['all'] });
    expect(run.status).toBe('waiting');
    expect(await shared(w)).toEqual([]);
    run = await decide(w, run, 'PromoteModels');
    expect(run.status).toBe('succeeded');
    expect(await shared(w)).toEqual(['p-c000:1']);
  });

  it('is held when nobody decides within thirty days', async () => {
    const w = await world({ circuits: fleetOf(1), environment: null });
    const run = await w.run();
    await w.later(29 * 24 * HOUR);
    expect((await w.again(run)).status).toBe('waiting');
    await w.later(24 * HOUR);
    expect((await w.again(run)).status).toBe('succeeded');
    expect(await stage(w, run, 'PromoteModels')).toMatchObject({
      counts: { promoted: 0, held: 1, rejected: 0, failed: 0 },
    });
  });
});

describe('monitoring', () => {
  it('cancels what runs longer than max_wait and lists it as timed out', async () => {
    const w = await world({
      circuits: fleetOf(1),
      settings:
        'monitoring: {max_wait: 40s, poll_interval: 10s}\nproviders: {simulated: {duration: 2h, speed: 1}}\n',
    });
    const run = await w.run();
    const [job] = await jobs(w, run);
    expect(job).toMatchObject({ status: 'failed', reason: 'timed_out' });
    expect(Date.parse(job?.ended_at ?? '') - Date.parse(job?.running_at ?? '')).toBeLessThanOrEqual(60_000);
    expect((await artifact(w, run, 'failed_jobs'))['jobs']).toEqual([job?.name]);
  });

  it('waits longer and longer between two looks, up to its limit', async () => {
    const w = await world({
      circuits: fleetOf(1),
      settings:
        'monitoring: {max_wait: 3h, poll_interval: 30s, max_poll_interval: 5m}\nproviders: {simulated: {duration: 40m, duration_spread: 0, speed: 1}}\n',
    });
    const compute = await w.world.compute('simulated');
    const looks: number[] = [];
    const counting: World = {
      ...w.world,
      compute: async () => ({
        ...compute,
        list: (query) => (looks.push(w.clock.now() / 1000), compute.list(query)),
      }),
    };
    await w.start();
    await w.settle(counting);
    const pauses = looks.slice(1).map((at, i) => Math.round(at - (looks[i] ?? 0)));
    expect(pauses.slice(0, 5)).toEqual([30, 60, 120, 240, 300]);
    expect(new Set(pauses.slice(4, -1))).toEqual(new Set([300]));
  });

  it('reddens the run when the counts do not add up', async () => {
    const w = await world({ fail: [] });
    const run = await w.start({ approve: ['all'] });
    const compute = await w.world.compute('simulated');
    let dropped = false;
    const leaky: World = {
      ...w.world,
      compute: async () => ({
        ...compute,
        list: async (query) => {
          if (!dropped)
            await w.project.store.db.deleteFrom('jobs').where('circuit_id', '=', 'p_c001').execute();
          dropped = true;
          return compute.list(query);
        },
      }),
    };
    await w.settle(leaky);
    expect(await stage(w, run, 'MonitorTraining')).toMatchObject({
      status: 'failed',
      reason: 'the counts do not add up: 3 jobs were submitted, 2 ended',
    });
    expect(await w.again(run)).toMatchObject({
      status: 'failed',
      reason: 'MonitorTraining: the counts do not add up: 3 jobs were submitted, 2 ended',
    });
  });
});

describe('trouble with the provider', () => {
  /** The world with a provider whose listing fails so many times before it works. */
  const failing = async (w: TestWorld, times: number, error: Error): Promise<World> => {
    const compute = await w.world.compute('simulated');
    let left = times;
    return {
      ...w.world,
      compute: async () => ({
        ...compute,
        list: (query) => (left-- > 0 ? Promise.reject(error) : compute.list(query)),
      }),
    };
  };

  it('is waited for while jobs are in flight, however long it lasts: nothing is dropped or trained twice', async () => {
    const w = await world();
    const run = await w.start({ approve: ['all'] });
    await w.settle(
      await failing(w, 40, new ProviderError('simulated', 'The service is away.', { retryable: true })),
    );
    expect(await w.again(run)).toMatchObject({ status: 'succeeded', failed_advances: 0, last_error: null });
    expect((await jobs(w, run)).map((j) => [j.status, j.attempt])).toEqual(Array(3).fill(['succeeded', 1]));
    expect(await versions(w, run)).toHaveLength(3);
  });

  it('that cannot pass ends the run and its jobs, which are not failures', async () => {
    const w = await world();
    const run = await w.start({ approve: ['all'] });
    const error = new ProviderError('simulated', 'The workspace was deleted.', { retryable: false });
    await w.settle(await failing(w, 1, error));
    expect(await w.again(run)).toMatchObject({ status: 'failed', reason: 'The workspace was deleted.' });
    expect(new Set((await jobs(w, run)).map((j) => j.status))).not.toContain('failed');
    expect((await jobs(w, run)).filter((j) => j.ended_at === null)).toEqual([]);
    expect((await w.plan()).plan.summary.train).toBe(3);
  });

  it('found before the first job keeps all of them from being submitted', async () => {
    const w = await world();
    const compute = await w.world.compute('simulated');
    const submitted: string[] = [];
    const full: World = {
      ...w.world,
      compute: async () => ({
        ...compute,
        preflight: () =>
          Promise.resolve({
            problems: [
              {
                kind: 'quota' as const,
                circuit_ids: ['p_c001'],
                message: 'The quota is used up.',
                hint: 'Ask for more.',
              },
            ],
            warnings: ['`resources` means nothing here.'],
          }),
        submit: (list) => (submitted.push(...list.map((s) => s.key)), compute.submit(list)),
      }),
    };
    const run = await w.start({ approve: ['all'] });
    await w.settle(full);
    expect(submitted).toEqual([]);
    expect((await w.again(run)).reason).toBe(
      'SubmitTraining: nothing was submitted: The quota is used up. Ask for more.',
    );
    expect(await stage(w, run, 'SubmitTraining')).toMatchObject({
      status: 'failed',
      counts: { submitted: 0, refused: 3 },
    });
  });
});

describe('a full disk', () => {
  const full = (w: TestWorld, place: string): { readonly world: World; free(): void } => {
    let isFull = true;
    return {
      world: {
        ...w.world,
        faultPoint: (name) => {
          if (isFull && name === place)
            throw fileError('write model.json', Object.assign(new Error('no space'), { code: 'ENOSPC' }));
        },
      },
      free: () => (isFull = false),
    };
  };

  it.each(['register.before', 'register.after', 'share.before', 'share.after'])(
    'at %s reddens the run, which goes on where it stood once there is room',
    async (place) => {
      const w = await world({ circuits: fleetOf(2) });
      const run = await w.start({ approve: ['all'] });
      const disk = full(w, place);
      await w.settle(disk.world);
      const red = await w.again(run);
      expect(red.status).toBe('failed');
      expect(red.reason).toContain('The disk is full');
      disk.free();
      expect(await w.project.store.tx((tx) => reviveRun(tx, w.clock.now(), red, person('ann')))).toBe(true);
      await w.settle(disk.world);
      expect((await w.again(run)).status).toBe('succeeded');
      expect((await versions(w, run)).map((m) => m.version)).toEqual([1, 1]);
      expect(await shared(w)).toEqual(['p-c000:1', 'p-c001:1']);
    },
  );

  it('while registering leaves the request to share the environment open for when it goes on', async () => {
    const w = await world({ circuits: fleetOf(1) });
    const run = await w.start();
    const disk = full(w, 'register.before');
    await w.settle(disk.world);
    disk.free();
    const red = await w.again(run);
    expect(await w.project.store.tx((tx) => reviveRun(tx, w.clock.now(), red, person('ann')))).toBe(true);
    await w.settle(disk.world);
    expect((await waiting(w, run)).map((a) => a.stage).toSorted()).toEqual([
      'PromoteEnvironment',
      'PromoteModels',
    ]);
  });
});

describe('canceling a run', () => {
  const cancel = async (w: TestWorld, run: Run): Promise<Run> => {
    await w.project.store.tx((tx) => requestCancel(tx, w.clock.now(), run, person('ann')));
    await w.settle();
    return w.again(run);
  };

  it('in flight ends its jobs at the provider too; they are not failures and are trained by the next run', async () => {
    const w = await world({ settings: 'providers: {simulated: {duration: 2h, speed: 1}}\n' });
    const compute = await w.world.compute('simulated');
    const asked: string[] = [];
    const patient: World = {
      ...w.world,
      compute: async () => ({
        ...compute,
        list: async (query) => {
          const run = (await listRuns(w.project.store.db, { limit: 1 }))[0];
          if (run !== undefined)
            await w.project.store.tx((tx) => requestCancel(tx, w.clock.now(), run, person('ann')));
          return compute.list(query);
        },
        cancel: (id, keys) => (asked.push(...keys), compute.cancel(id, keys)),
      }),
    };
    const run = await w.start();
    await w.settle(patient);
    expect((await w.again(run)).status).toBe('canceled');
    expect(asked.toSorted()).toEqual(['p_c000_2026_01_31', 'p_c001_2026_01_31', 'p_c002_2026_01_31']);
    expect((await jobs(w, run)).map((j) => j.status)).toEqual(['canceled', 'canceled', 'canceled']);
    const monitor = (await getStages(w.project.store.db, run.id)).find((s) => s.name === 'MonitorTraining');
    expect([monitor?.status, countsText(monitor?.counts)]).toEqual(['canceled', '3 canceled']);
    const { observations } = await compute.list({ run_id: run.id, cursor: null });
    expect(observations.map((o) => o.state)).toEqual(['canceled', 'canceled', 'canceled']);
    expect((await w.plan()).plan.circuits.map((c) => [c.action, c.cause, c.reason])).toEqual(
      Array(3).fill(['train', 'owed_unfinished', 'its job was canceled in run 1']),
    );
  });

  it('parked takes its requests back, and nobody can decide on them any more', async () => {
    const w = await world({ fail: ['p_c001'] });
    const parked = await w.run();
    const [approval] = await waiting(w, parked);
    const run = await cancel(w, parked);
    expect(run.status).toBe('canceled');
    expect(await waiting(w, run)).toEqual([]);
    await expect(
      w.project.store.tx((tx) =>
        vote(tx, w.clock.now(), {
          approval_id: approval?.id ?? '',
          actor: { name: 'bob', identity: 'claimed' },
          verdict: 'approve',
          comment: null,
          subjects: null,
          rules: { verified: false, groups: {} },
        }),
      ),
    ).rejects.toMatchObject({ exit_code: 7 });
    expect(
      Object.values(await stages(w, run)).filter(
        (s) => s === 'waiting' || s === 'running' || s === 'pending',
      ),
    ).toEqual([]);
  });

  it('waiting for promotion ends the runs of its models', async () => {
    const w = await world({ circuits: fleetOf(2) });
    const run = await cancel(w, await w.run());
    expect(
      (await listRuns(w.project.store.db, { parent_run_id: run.id, limit: 9 })).map((r) => r.status),
    ).toEqual(['canceled', 'canceled']);
    expect(await shared(w)).toEqual([]);
  });
});

describe('dying at any line', () => {
  /** Every named place where a crash test ends the process; here the advance just breaks off and another goes on. */
  it.each([
    'stage.start:RegisterModels',
    'stage.end:SubmitTraining',
    'stage.written:MonitorTraining',
    'jobs.inserted',
    'submit.before',
    'submit.after',
    'register.before',
    'register.after',
    'share.before',
    'share.after',
    'artifact.written',
    'approval.before:PromoteModels',
    'retry.inserted',
  ])('%s: the next advance goes on, and nothing is done twice', async (place) => {
    const w = await world({ circuits: fleetOf(2), fail: ['p_c001:1'] });
    const compute = await w.world.compute('simulated');
    let died = false;
    const fragile: World = {
      ...w.world,
      compute: async () => compute,
      faultPoint: (name) => {
        if (name !== place || died) return;
        died = true;
        throw new Error(`died at ${name}`);
      },
    };
    const run = await w.start({ approve: ['all'] });
    await w.settle(fragile);
    expect(died).toBe(true);
    expect((await w.again(run)).status).toBe('succeeded');
    const { observations } = await compute.list({ run_id: run.id, cursor: null });
    expect(observations).toHaveLength(3);
    expect((await versions(w, run)).map((m) => `${m.model_name}:${m.version}`)).toEqual([
      'p-c000:1',
      'p-c001:1',
    ]);
    expect(await shared(w)).toEqual(['p-c000:1', 'p-c001:1']);
  });
});
