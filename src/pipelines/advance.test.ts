import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resumeRun } from '../actions/index.ts';
import { ProviderError, TrainyardError, UsageError } from '../kernel/errors.ts';
import { addSeconds, readEvents } from '../store/index.ts';
import { testWorld } from '../testing/test-world.ts';
import { person } from '../testing/test-rows.ts';
import type { TestWorld } from '../testing/test-world.ts';
import { advanceRun, countsText } from './advance.ts';
import { claimDue } from './lease.ts';
import type { Pipeline, StageDefinition, StageOutcome } from './pipeline.ts';
import { createRun, getRun, getStages, requestCancel, wakeRun } from './run-store.ts';
import type { Run } from './run-store.ts';
import { reviveRun } from './train/runs.ts';

let w: TestWorld;
let run: Run;
let calls: string[];
beforeEach(async () => {
  w = await testWorld({ circuits: 'circuits: []\n' });
  calls = [];
});
afterEach(() => w[Symbol.asyncDispose]());

/** A stage that answers from a list, the last answer for ever; an error is thrown. */
function stage(
  name: string,
  answers: readonly (StageOutcome | Error)[] = [{ kind: 'done' }],
  more: Partial<StageDefinition> = {},
): StageDefinition {
  let n = 0;
  return {
    name,
    ...more,
    advance: async () => {
      calls.push(name);
      const answer = answers[Math.min(n++, answers.length - 1)] ?? { kind: 'done' };
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
}

const pipeline = (...stages: StageDefinition[]): Pipeline => ({
  name: 'train',
  version: 1,
  stages,
  cancel: async () => undefined,
  conclude: async ({ stages: ended }) => ({
    status: ended.some((s) => s.status === 'failed') ? 'failed' : 'succeeded',
    reason: null,
  }),
});

async function start(of: Pipeline): Promise<void> {
  run = await w.project.store.tx((tx) =>
    createRun(tx, w.clock.now(), {
      pipeline: of,
      actor: person('ann'),
      pr: false,
      rehearsal: false,
      plan_id: null,
      git_commit: null,
      git_branch: null,
      params: {},
      message: 'ann started a run',
    }),
  );
}

/** One claim and one advance, if the run is due. Returns whether it was. */
async function once(of: Pipeline, signal = new AbortController().signal): Promise<boolean> {
  const [lease] = await claimDue(w.project.store, w.clock.now(), 'wrk_1', 1, { pipelines: ['train'] });
  if (lease === undefined) return false;
  await advanceRun(w.world, of, lease, signal);
  run = await getRun(w.project.store.db, run.id);
  return true;
}

/** Advances until the run is over or waits for somebody, moving the clock to each due time. Returns the pauses in seconds. */
async function drive(of: Pipeline): Promise<number[]> {
  const pauses: number[] = [];
  for (let i = 0; i < 100; i++) {
    if (await once(of)) continue;
    if (run.due_at === null) return pauses;
    pauses.push((Date.parse(run.due_at) - w.clock.now()) / 1000);
    w.clock.jumpTo(run.due_at);
  }
  throw new Error('the run did not settle');
}

const stages = async (): Promise<Record<string, string>> =>
  Object.fromEntries((await getStages(w.project.store.db, run.id)).map((s) => [s.name, s.status]));
const reasonOf = async (name: string): Promise<string | null | undefined> =>
  (await getStages(w.project.store.db, run.id)).find((s) => s.name === name)?.reason;
const events = async (): Promise<string[]> =>
  (await readEvents(w.project.store.db, { after: 0, run_id: run.id, limit: 1000 })).map((e) =>
    e.stage === null ? e.type : `${e.type} ${e.stage}`,
  );

describe('advanceRun', () => {
  it('goes through the stages in order, as far as it goes without waiting, and tells each step once', async () => {
    const of = pipeline(
      stage('A', [{ kind: 'done', counts: { registered: 2, failed: 0 } }]),
      stage('B', [{ kind: 'skipped', reason: 'nothing new' }]),
      stage('C'),
    );
    await start(of);
    expect(await once(of)).toBe(true);
    expect(calls).toEqual(['A', 'B', 'C']);
    expect(run).toMatchObject({
      status: 'succeeded',
      due_at: null,
      lease_token: null,
      ended_at: '2026-01-01T00:00:00.000Z',
    });
    expect(await events()).toEqual([
      'run.created',
      'run.started',
      'stage.started A',
      'stage.succeeded A',
      'stage.started B',
      'stage.skipped B',
      'stage.started C',
      'stage.succeeded C',
      'run.succeeded',
    ]);
    expect((await readEvents(w.project.store.db, { after: 0, run_id: run.id, limit: 10 }))[3]).toMatchObject({
      message: 'A succeeded: 2 registered',
      data: { counts: { registered: 2, failed: 0 } },
    });
    expect(await once(of)).toBe(false);
  });

  it('calls a waiting stage again when it is due, and not before', async () => {
    const until = w.clock.now() + 30_000;
    const of = pipeline(
      stage('A', [{ kind: 'wait', on: 'jobs', until, counts: { running: 3 } }, { kind: 'done' }]),
    );
    await start(of);
    await once(of);
    expect(run).toMatchObject({ status: 'running', due_at: '2026-01-01T00:00:30.000Z' });
    expect(await once(of)).toBe(false);
    w.clock.jumpTo(until);
    await once(of);
    expect(calls).toEqual(['A', 'A']);
    expect(run.status).toBe('succeeded');
  });

  it('lets a run that only waits for people go: it is due for nobody, and says so', async () => {
    const of = pipeline(
      stage('A', [
        { kind: 'wait', on: 'approval', until: null, reason: 'Promote 3 models' },
        { kind: 'done' },
      ]),
    );
    await start(of);
    await once(of);
    expect(run).toMatchObject({ status: 'waiting', due_at: null, lease_token: null });
    expect(await reasonOf('A')).toBe('Promote 3 models');
    await wakeRun(w.project.store.db, w.clock.now(), run.id);
    await once(of);
    expect(run.status).toBe('succeeded');
  });

  it('goes on with other stages while one waits for approval, and looks again at the soonest', async () => {
    const soon = w.clock.now() + 1000;
    const of = pipeline(
      stage('A'),
      stage('Gate', [{ kind: 'wait', on: 'approval', until: soon + 9000 }]),
      stage('B', [{ kind: 'wait', on: 'jobs', until: soon }], { after: ['A'] }),
    );
    await start(of);
    await once(of);
    expect(calls).toEqual(['A', 'Gate', 'B']);
    expect(await stages()).toEqual({ A: 'succeeded', Gate: 'waiting', B: 'running' });
    expect(run).toMatchObject({ status: 'running', due_at: '2026-01-01T00:00:01.000Z' });
  });

  it('skips what comes after a failed stage, all the way down', async () => {
    const of = pipeline(
      stage('A', [{ kind: 'failed', reason: 'the file was edited', counts: { refused: 1 } }]),
      stage('B'),
      stage('C'),
      stage('D'),
    );
    await start(of);
    await once(of);
    expect(calls).toEqual(['A']);
    expect(await stages()).toEqual({ A: 'failed', B: 'skipped', C: 'skipped', D: 'skipped' });
    expect(await reasonOf('D')).toBe('A did not succeed');
    expect(run.status).toBe('failed');
  });

  it('goes on after a stage that had nothing to do', async () => {
    const of = pipeline(stage('A', undefined, { when: async () => 'no new environment' }), stage('B'));
    await start(of);
    await once(of);
    expect(calls).toEqual(['B']);
    expect(await stages()).toEqual({ A: 'skipped', B: 'succeeded' });
  });

  it('lets a stage decide for itself whether it runs after a failure', async () => {
    const of = pipeline(
      stage('A', [{ kind: 'failed', reason: 'x' }]),
      stage('B'),
      stage('C', undefined, { when: async () => true }),
    );
    await start(of);
    await once(of);
    expect(calls).toEqual(['A', 'C']);
  });

  it('keeps what a stage remembers from one call to the next', async () => {
    const seen: unknown[] = [];
    const of = pipeline({
      name: 'A',
      advance: async (context) => {
        seen.push(context.stage.state['n']);
        await context.remember({ n: Number(context.stage.state['n'] ?? 0) + 1 });
        await context.remember({ other: true });
        expect(context.stage.state).toMatchObject({ other: true });
        return seen.length < 3 ? { kind: 'wait', on: 'time', until: context.now() + 1 } : { kind: 'done' };
      },
    });
    await start(of);
    await drive(of);
    expect(seen).toEqual([undefined, 1, 2]);
  });

  it('stops between two stages when the process is asked to, and leaves the run due', async () => {
    const stop = new AbortController();
    const of = pipeline({ name: 'A', advance: async () => (stop.abort(), { kind: 'done' }) }, stage('B'));
    await start(of);
    await once(of, stop.signal);
    expect(await stages()).toEqual({ A: 'succeeded', B: 'pending' });
    expect(run).toMatchObject({ status: 'running', lease_token: null, due_at: '2026-01-01T00:00:00.000Z' });
    await once(of);
    expect(run.status).toBe('succeeded');
  });

  it('keeps the version of the list a run began with', async () => {
    const of = pipeline(stage('A'));
    await start({ ...of, version: 7 });
    expect(run.pipeline_version).toBe(7);
  });

  it('writes nothing once another process has taken the run over, and does not complain', async () => {
    const { store } = w.project;
    const of = pipeline({
      name: 'A',
      advance: async () => {
        await store.db
          .updateTable('runs')
          .set({ lease_expires_at: addSeconds(store.now(), -1), due_at: '2026-01-01T00:00:00.000Z' })
          .execute();
        expect(await claimDue(store, w.clock.now(), 'wrk_2', 1, { pipelines: ['train'] })).toHaveLength(1);
        return { kind: 'done' };
      },
    });
    await start(of);
    await once(of);
    expect(await stages()).toEqual({ A: 'running' });
    expect(run).toMatchObject({ status: 'running', lease_owner: 'wrk_2' });
    expect(await events()).toEqual(['run.created', 'run.started', 'stage.started A']);
  });

  it('does not lose a wake-up that comes while it advances', async () => {
    const of = pipeline({
      name: 'A',
      advance: async (context) => {
        calls.push('A');
        if (calls.length > 1) return { kind: 'done' };
        await wakeRun(w.project.store.db, context.now(), context.run.id);
        return { kind: 'wait', on: 'approval', until: null };
      },
    });
    await start(of);
    await once(of);
    await once(of);
    expect(run.status).toBe('succeeded');
  });
});

describe('an advance that fails', () => {
  it('is tried again after a growing pause, is visible meanwhile, and forgotten once it works', async () => {
    const trouble = new ProviderError('azureml', 'The service is away.', { retryable: true });
    const of = pipeline(stage('A', [trouble, trouble, new Error('socket hang up'), { kind: 'done' }]));
    await start(of);
    await once(of);
    expect(run).toMatchObject({
      status: 'running',
      failed_advances: 1,
      last_error: 'The service is away.',
      lease_token: null,
    });
    expect(await drive(of)).toEqual([1, 2, 4]);
    expect(run).toMatchObject({ status: 'succeeded', failed_advances: 0, last_error: null });
    expect((await events()).filter((e) => e === 'run.advance_failed')).toHaveLength(3);
  });

  it('reddens the run with its cause after a few minutes, and the run can be taken up where it stands', async () => {
    let away = true;
    const of = pipeline(
      stage('A'),
      {
        name: 'B',
        advance: async () => {
          calls.push('B');
          if (away)
            throw new TrainyardError('unexpected', 'Could not write model.json: no space left on device', {
              hint: 'The disk is full.',
            });
          return { kind: 'done' };
        },
      },
      stage('C'),
    );
    await start(of);
    const pauses = await drive(of);
    expect(pauses.reduce((a, b) => a + b, 0)).toBeGreaterThan(120);
    expect(run).toMatchObject({
      status: 'failed',
      reason: 'Could not write model.json: no space left on device The disk is full.',
      due_at: null,
    });
    expect(await stages()).toEqual({ A: 'succeeded', B: 'failed', C: 'pending' });

    away = false;
    expect(await w.project.store.tx((tx) => reviveRun(tx, w.clock.now(), run, person('ann')))).toBe(true);
    await drive(of);
    expect(run).toMatchObject({ status: 'succeeded', reason: null });
    expect(calls.filter((c) => c === 'A')).toHaveLength(1);
    expect(await w.project.store.tx((tx) => reviveRun(tx, w.clock.now(), run, person('ann')))).toBe(false);
  });

  it.each([
    ['a mistake of the user', new UsageError('Component trainer:1 does not say which output is the model.')],
    [
      'a refusal of the provider',
      new ProviderError('azureml', 'The workspace does not exist.', { retryable: false }),
    ],
  ])('fails the run at once where trying again cannot help: %s', async (_what, error) => {
    const of = pipeline(stage('A', [error]));
    await start(of);
    expect(await drive(of)).toEqual([]);
    expect(calls).toEqual(['A']);
    expect(run).toMatchObject({ status: 'failed', reason: error.message });
  });

  it('is taken up by whoever asks first, and the second does no harm', async () => {
    const of = pipeline(stage('A', [new UsageError('no such output')]));
    await start(of);
    await drive(of);
    expect(run.status).toBe('failed');
    const both = [resumeRun(w.project, run, person('ann')), resumeRun(w.project, run, person('bob'))];
    expect((await Promise.all(both)).map((r) => r.status)).toEqual(['running', 'running']);
  });

  it('names the stage that failed, whatever else is open, and revives that one', async () => {
    let broken = true;
    const of = pipeline(
      stage('A'),
      stage('Gate', [{ kind: 'wait', on: 'approval', until: null }, { kind: 'done' }]),
      {
        name: 'B',
        after: ['A'],
        advance: async (context) => {
          calls.push('B');
          if (calls.filter((c) => c === 'B').length === 1)
            return { kind: 'wait', on: 'approval', until: context.now() + 1000 };
          if (broken) throw new UsageError('no such output');
          return { kind: 'done' };
        },
      },
      stage('C'),
    );
    await start(of);
    await drive(of);
    expect(await stages()).toEqual({ A: 'succeeded', Gate: 'succeeded', B: 'failed', C: 'pending' });
    broken = false;
    expect(await w.project.store.tx((tx) => reviveRun(tx, w.clock.now(), run, person('ann')))).toBe(true);
    await drive(of);
    expect(await stages()).toEqual({ A: 'succeeded', Gate: 'succeeded', B: 'succeeded', C: 'succeeded' });
  });

  it('asks again whether a stage runs at all when that very question failed', async () => {
    let asked = 0;
    const of = pipeline(
      stage('A'),
      stage('B', undefined, {
        when: async () => {
          if (++asked === 1) throw new UsageError('cannot tell');
          return 'nothing to do';
        },
      }),
    );
    await start(of);
    await drive(of);
    expect(await stages()).toEqual({ A: 'succeeded', B: 'failed' });
    await w.project.store.tx((tx) => reviveRun(tx, w.clock.now(), run, person('ann')));
    await drive(of);
    expect(calls).toEqual(['A']);
    expect(await stages()).toEqual({ A: 'succeeded', B: 'skipped' });
  });
});

describe('canceling', () => {
  const cancel = () => w.project.store.tx((tx) => requestCancel(tx, w.clock.now(), run, person('ann')));

  it('ends a parked run at the next look', async () => {
    const of = pipeline(stage('A', [{ kind: 'wait', on: 'approval', until: null }]), stage('B'));
    await start(of);
    await once(of);
    expect(await cancel()).toBe(true);
    await once(of);
    expect(run).toMatchObject({ status: 'canceled', due_at: null });
    expect(await stages()).toEqual({ A: 'canceled', B: 'canceled' });
    expect((await events()).slice(-2)).toEqual(['run.cancel_requested', 'run.canceled']);
  });

  it('is harmless twice, and no use once the run is over', async () => {
    const of = pipeline(stage('A', [{ kind: 'wait', on: 'approval', until: null }]));
    await start(of);
    await cancel();
    await cancel();
    expect((await events()).filter((e) => e === 'run.cancel_requested')).toHaveLength(1);
    await once(of);
    expect(await cancel()).toBe(false);
  });

  it('waits for the advance that is going on, and is not lost', async () => {
    const of = pipeline({
      name: 'A',
      advance: async (context) => {
        if (calls.push('A') === 1) await cancel();
        return { kind: 'wait', on: 'jobs', until: context.now() + 60_000 };
      },
    });
    await start(of);
    await once(of);
    await once(of);
    expect(run.status).toBe('canceled');
    expect(calls).toEqual(['A']);
  });
});

describe('countsText', () => {
  it('leaves zeros out', () => {
    expect(countsText({ succeeded: 7, failed: 0, already_there: 2 })).toBe('7 succeeded, 2 already there');
    expect(countsText(undefined)).toBe('');
  });
});
