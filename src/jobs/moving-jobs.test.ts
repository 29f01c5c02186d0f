import { beforeEach, describe, expect, it } from 'vitest';
import { ConflictError, NotFoundError, ProviderError } from '../kernel/errors.ts';
import { toIso } from '../kernel/clock.ts';
import { memoryStore, readEvents } from '../store/index.ts';
import type { JobsTable, Store } from '../store/index.ts';
import { addRun, jobRow } from '../testing/test-rows.ts';
import { ScriptedCompute } from '../testing/test-compute.ts';
import { TestClock } from '../testing/test-clock.ts';
import type { Job, JobWorld } from './index.ts';
import {
  attemptKey,
  cancelPending,
  countJobs,
  countMandatoryFailures,
  eachJob,
  earliestRunning,
  findJob,
  insertJobs,
  lastJobs,
  listJobs,
  pageOfJobs,
  markLost,
  observeJobs,
  resubmitUnknown,
  submitPending,
  takenNames,
  timeOutJobs,
} from './index.ts';

const STAGE = 'SubmitTraining';
const HOUR = 3_600_000;

let store: Store;
let clock: TestClock;
let compute: ScriptedCompute;
let stop: AbortController;
let world: JobWorld;
let fenceHolds: boolean;

beforeEach(async () => {
  store = memoryStore();
  clock = new TestClock();
  compute = new ScriptedCompute();
  stop = new AbortController();
  fenceHolds = true;
  await addRun(store);
  world = {
    run_id: 'run_1',
    db: store.db,
    clock,
    compute,
    signal: stop.signal,
    tx: (work) =>
      fenceHolds
        ? store.tx(work)
        : Promise.reject(new ConflictError('Another process has taken over run_1.')),
    submissionOf: (job) => Promise.resolve(submission(job)),
    modelOutputOf: () => Promise.resolve('model'),
    retry_delay_s: 0,
    faultPoint: () => undefined,
  };
  return () => store.close();
});

const submission = (job: Job) => ({
  key: attemptKey(job.name, job.attempt),
  job_name: job.name,
  run_id: job.run_id,
  circuit_id: job.circuit_id,
  attempt: job.attempt,
  timeout_s: null,
  component: {
    name: 'trainer',
    version: '1',
    digest: 'd',
    file: 'f',
    inputs: {},
    outputs: {},
    retry: null,
    cloud_only: [],
    content: {},
    type: 'pipeline' as const,
    jobs: [],
  },
  environment: null,
  inputs: {},
  environment_variables: {},
});

const insert = (...rows: JobsTable[]): Promise<void> => store.tx((tx) => insertJobs(tx, rows));
const job = (name: string): Promise<Job> => findJob(store.db, name);
const attempts = (name: string) =>
  store.db.selectFrom('attempts').selectAll().where('job_id', '=', `job_${name}`).orderBy('number').execute();
const eventTypes = async (): Promise<string[]> =>
  (await readEvents(store.db, { after: 0, limit: 1000 })).map((e) => e.type);
const many = (count: number, more: Partial<JobsTable> = {}): JobsTable[] =>
  Array.from({ length: count }, (_, i) => jobRow(`j${String(i).padStart(5, '0')}`, more));

describe('submitPending', () => {
  it('hands over every pending job once, in order, and notes when', async () => {
    await insert(...many(1203), jobRow('over', { status: 'canceled' }));
    expect(await submitPending(world, STAGE)).toBe(1203);
    expect(compute.submitted.map((s) => s.key)).toEqual(many(1203).map((j) => j.name));
    expect(await countJobs(store.db, 'run_1')).toMatchObject({ pending: 0, queued: 1203, canceled: 1 });
    expect(await job('j00000')).toMatchObject({ status: 'queued', submitted_at: toIso(clock.now()) });
    expect(await submitPending(world, STAGE)).toBe(0);
    expect(compute.submitted).toHaveLength(1203);
  });

  it('writes a refusal down as the failure it is, beside the jobs that were accepted', async () => {
    compute.refused.set('b', { reason: 'setup', message: 'no such image' });
    await insert(jobRow('a'), jobRow('b'), jobRow('c'));
    await submitPending(world, STAGE);
    expect(await job('b')).toMatchObject({
      status: 'failed',
      reason: 'setup',
      message: 'no such image',
      ended_at: toIso(clock.now()),
    });
    expect(await attempts('b')).toMatchObject([{ key: 'b', status: 'failed', reason: 'setup' }]);
    expect(await countJobs(store.db, 'run_1')).toMatchObject({ queued: 2, failed: 1 });
    expect(await eventTypes()).toEqual(['job.failed']);
  });

  it('leaves jobs pending when the call fails, so that the next look hands the same keys over again', async () => {
    await insert(jobRow('a'));
    compute.fault = new ProviderError('scripted', 'away', { retryable: true });
    await expect(submitPending(world, STAGE)).rejects.toThrow('away');
    expect((await job('a')).status).toBe('pending');
    expect(await submitPending(world, STAGE)).toBe(1);
    expect(compute.submitted.map((s) => s.key)).toEqual(['a']);
  });

  it('hands the same key over again after dying between the yes of the provider and our note', async () => {
    await insert(jobRow('a'));
    fenceHolds = false;
    await expect(submitPending(world, STAGE)).rejects.toThrow('taken over');
    expect((await job('a')).status).toBe('pending');
    fenceHolds = true;
    await submitPending(world, STAGE);
    expect(compute.submitted.map((s) => s.key)).toEqual(['a', 'a']);
  });

  it('stops at a provider that does not answer for every job, instead of asking for ever', async () => {
    await insert(jobRow('a'), jobRow('b'));
    compute.submit = () => Promise.resolve([{ key: 'a', accepted: true }]);
    await expect(submitPending(world, STAGE)).rejects.toThrow(ProviderError);
  });

  it('stops when the process is asked to', async () => {
    await insert(jobRow('a'));
    stop.abort();
    expect(await submitPending(world, STAGE)).toBe(0);
    expect(compute.submitted).toEqual([]);
  });
});

describe('resubmitUnknown', () => {
  it('hands over what is queued here and unknown there, and nothing else', async () => {
    await insert(
      jobRow('known', { status: 'queued' }),
      jobRow('gone', { status: 'queued', attempt: 2 }),
      jobRow('runs', { status: 'running' }),
      jobRow('over', { status: 'failed' }),
    );
    expect(await resubmitUnknown(world, STAGE, new Set(['known']))).toBe(1);
    expect(compute.submitted.map((s) => s.key)).toEqual(['gone-2']);
    expect((await job('gone')).status).toBe('queued');
  });
});

describe('observeJobs', () => {
  it('takes over what is said, with times, usage and metrics, in one list call', async () => {
    await insert(
      jobRow('a', { status: 'queued' }),
      jobRow('b', { status: 'queued' }),
      jobRow('c', { status: 'queued' }),
    );
    compute.says('a', { state: 'succeeded' }, HOUR);
    compute.says('b', { state: 'failed', reason: 'user_code', message: 'KeyError' });
    compute.says('c', { state: 'running' }, HOUR);
    const { keys } = await observeJobs(world, null);
    expect(compute.lists).toBe(1);
    expect([...keys]).toEqual(['a', 'b', 'c']);
    expect(await job('a')).toMatchObject({
      status: 'succeeded',
      exit_code: 0,
      cpu_s: 0.5,
      peak_memory_mib: 64,
      queued_s: 1,
      preparing_s: 2,
      running_s: 3,
      metrics: '{"mae":1.5}',
      running_at: toIso(HOUR),
    });
    expect(await job('b')).toMatchObject({
      status: 'failed',
      reason: 'user_code',
      message: 'KeyError',
      metrics: null,
    });
    // For how long it runs is told by when it began: what was seen is old a moment later.
    expect(await job('c')).toMatchObject({ status: 'running', ended_at: null, running_s: null });
    expect(await attempts('a')).toMatchObject([{ status: 'succeeded', cpu_s: 0.5, exit_code: 0 }]);
    expect(await eventTypes()).toEqual(['job.failed']);
  });

  it('changes nothing when it hears the same again', async () => {
    await insert(jobRow('a', { status: 'queued' }), jobRow('b', { status: 'queued' }));
    compute.says('a', { state: 'failed', reason: 'user_code', message: 'KeyError' });
    compute.says('b', { state: 'running' });
    await observeJobs(world, null);
    const before = [await job('a'), await job('b')];
    await observeJobs(world, null);
    expect([await job('a'), await job('b')]).toEqual(before);
    expect(await eventTypes()).toEqual(['job.failed']);
  });

  it('begins another attempt under the next key while some are left, and keeps the books of each', async () => {
    await insert(jobRow('a', { status: 'running', max_attempts: 2, running_at: toIso(HOUR) }));
    compute.says('a', { state: 'failed', reason: 'preempted', message: 'the node went away' }, HOUR);
    await observeJobs(world, null);
    expect(await job('a')).toMatchObject({
      status: 'pending',
      attempt: 2,
      ended_at: null,
      message: 'attempt 1 failed: the node went away',
    });
    await submitPending(world, STAGE);
    expect(compute.submitted.map((s) => s.key)).toEqual(['a-2']);

    // What is said of the first attempt is history now.
    await observeJobs(world, null);
    expect(await job('a')).toMatchObject({ status: 'queued', attempt: 2 });

    compute.says('a-2', { state: 'failed', reason: 'user_code', message: 'KeyError' }, 2 * HOUR);
    await observeJobs(world, null);
    expect(await job('a')).toMatchObject({
      status: 'failed',
      attempt: 2,
      reason: 'user_code',
      running_at: toIso(HOUR),
    });
    expect((await attempts('a')).map((a) => [a.key, a.number, a.status, a.reason])).toEqual([
      ['a', 1, 'failed', 'preempted'],
      ['a-2', 2, 'failed', 'user_code'],
    ]);
    expect(await eventTypes()).toEqual(['job.attempt_failed', 'job.failed']);
  });

  it('fails a job that ended well and wrote no model', async () => {
    await insert(jobRow('a', { status: 'running' }));
    compute.says('a', { state: 'succeeded' });
    compute.withoutModel.add('a');
    await observeJobs(world, null);
    expect(await job('a')).toMatchObject({ status: 'failed', reason: 'no_model' });
  });

  it('writes nothing once another process has the run', async () => {
    await insert(jobRow('a', { status: 'queued' }));
    compute.says('a', { state: 'running' });
    fenceHolds = false;
    await expect(observeJobs(world, null)).rejects.toThrow('taken over');
    expect((await job('a')).status).toBe('queued');
  });

  it('does not overwrite an outcome that was written while it listed', async () => {
    await insert(jobRow('a', { status: 'running' }));
    compute.says('a', { state: 'succeeded' });
    world = {
      ...world,
      modelOutputOf: async () => {
        await store.db.updateTable('jobs').set({ status: 'canceled' }).where('name', '=', 'a').execute();
        return 'model';
      },
    };
    await observeJobs(world, null);
    expect((await job('a')).status).toBe('canceled');
  });

  it('ignores what it does not know', async () => {
    compute.says('somebody-elses', { state: 'running' });
    expect([...(await observeJobs(world, null)).keys]).toEqual(['somebody-elses']);
  });

  it('calls the failure of an optional circuit a warning', async () => {
    await insert(jobRow('a', { status: 'queued', optional: 1 }));
    compute.says('a', { state: 'failed', reason: 'user_code', message: 'x' });
    await observeJobs(world, null);
    expect((await readEvents(store.db, { after: 0, limit: 9 }))[0]?.severity).toBe('warning');
    expect(await countMandatoryFailures(store.db, 'run_1', STAGE)).toBe(0);
  });
});

describe('markLost', () => {
  it('fails what was started and is known no more, and leaves what only waits to be handed over again', async () => {
    await insert(
      jobRow('runs', { status: 'running' }),
      jobRow('prepares', { status: 'preparing' }),
      jobRow('waits', { status: 'queued' }),
      jobRow('known', { status: 'running' }),
    );
    await markLost(world, STAGE, new Set(['known']));
    expect(await job('runs')).toMatchObject({ status: 'failed', reason: 'lost' });
    expect(await job('prepares')).toMatchObject({ status: 'failed', reason: 'lost' });
    expect((await job('waits')).status).toBe('queued');
    expect((await job('known')).status).toBe('running');
  });

  it('gives a lost job its next attempt where one is left', async () => {
    await insert(jobRow('a', { status: 'running', max_attempts: 3, attempt: 2 }));
    await store.db
      .insertInto('attempts')
      .values({ key: 'x', job_id: 'job_a', run_id: 'run_1', number: 1, status: 'failed' })
      .execute();
    await markLost(world, STAGE, new Set());
    expect(await job('a')).toMatchObject({ status: 'pending', attempt: 3, reason: 'lost' });
    expect((await attempts('a')).map((a) => a.status)).toEqual(['failed', 'failed', 'pending']);
  });
});

describe('timeOutJobs', () => {
  it('cancels at the provider and fails what began to run before the limit, to the millisecond', async () => {
    clock.jumpTo(10 * HOUR);
    await insert(
      jobRow('old', { status: 'running', running_at: toIso(7 * HOUR) }),
      jobRow('young', { status: 'running', running_at: toIso(7 * HOUR + 1) }),
      jobRow('waits', { status: 'queued' }),
    );
    expect(
      await timeOutJobs(world, STAGE, toIso(7 * HOUR), 'ran longer than max_wait (3 h)', ['running']),
    ).toBe(1);
    expect(compute.canceled).toEqual(['old']);
    expect(await job('old')).toMatchObject({
      status: 'failed',
      reason: 'timed_out',
      message: 'ran longer than max_wait (3 h)',
    });
    expect(await attempts('old')).toMatchObject([{ status: 'failed', reason: 'timed_out' }]);
    expect((await job('young')).status).toBe('running');
  });

  it('ends everything at the provider when the whole stage lasted too long', async () => {
    await insert(
      jobRow('a', { status: 'running', running_at: toIso(clock.now()) }),
      jobRow('b', { status: 'queued' }),
      jobRow('c', { status: 'succeeded' }),
    );
    expect(await timeOutJobs(world, STAGE, toIso(0), 'stage_limit', ['queued', 'preparing', 'running'])).toBe(
      2,
    );
    expect((await countJobs(store.db, 'run_1')).failed).toBe(2);
  });

  it('stands against what the provider says later', async () => {
    await insert(jobRow('a', { status: 'running', running_at: toIso(0), max_attempts: 3 }));
    await timeOutJobs(world, STAGE, toIso(clock.now()), 'max_wait', ['running']);
    compute.says('a', { state: 'succeeded' });
    await observeJobs(world, null);
    expect(await job('a')).toMatchObject({ status: 'failed', reason: 'timed_out', attempt: 1 });
  });
});

describe('the rows of jobs', () => {
  it('are all written or none', async () => {
    await expect(insert(...many(600), jobRow('j00001', { id: 'job_other' }))).rejects.toThrow(/UNIQUE/);
    expect(await countJobs(store.db, 'run_1')).toMatchObject({ pending: 0 });
  });

  it('hold one job per circuit and stage of a run', async () => {
    await insert(jobRow('a'));
    await expect(insert(jobRow('a_2', { circuit_id: 'a' }))).rejects.toThrow(/UNIQUE/);
    await insert(jobRow('a_retry_1', { circuit_id: 'a', stage: 'RetryFailedTraining' }));
  });

  it('come page by page, each once, also when their statuses change on the way', async () => {
    await insert(...many(1250));
    const seen: string[] = [];
    for await (const page of eachJob(store.db, { run_id: 'run_1', stage: STAGE, statuses: ['pending'] })) {
      seen.push(...page.map((j) => j.name));
      await store.db
        .updateTable('jobs')
        .set({ status: 'queued' })
        .where(
          'id',
          'in',
          page.map((j) => j.id),
        )
        .execute();
    }
    expect(seen).toEqual(many(1250).map((j) => j.name));
  });

  it('are listed newest first, by name pattern, a page at a time', async () => {
    await insert(...many(5), jobRow('j00000_retry_1', { stage: 'RetryFailedTraining', circuit_id: 'x' }));
    expect((await listJobs(store.db, { match: '*_retry_*', limit: 9 })).map((j) => j.name)).toEqual([
      'j00000_retry_1',
    ]);
    const { jobs: first, next } = await pageOfJobs(store.db, { limit: 2 });
    const { jobs: second } = await pageOfJobs(store.db, { limit: 2, before: next ?? '' });
    expect([...first, ...second].map((j) => j.name)).toEqual(['j00004', 'j00003', 'j00002', 'j00001']);
  });

  it('are found by name or id, or the nearest names are told', async () => {
    await insert(jobRow('flottec_2110'));
    expect((await findJob(store.db, 'job_flottec_2110')).name).toBe('flottec_2110');
    await expect(findJob(store.db, 'flotec_2110')).rejects.toMatchObject({
      hint: 'Did you mean flottec_2110?',
    });
    await expect(findJob(store.db, 'zzzzzz')).rejects.toThrow(NotFoundError);
  });

  it('are canceled before any provider heard of them', async () => {
    await insert(jobRow('a'), jobRow('b', { status: 'queued' }));
    await store.tx((tx) => cancelPending(tx, clock.now(), 'run_1'));
    expect((await job('a')).status).toBe('canceled');
    expect((await job('b')).status).toBe('queued');
  });

  it('tell when the earliest running one began', async () => {
    await insert(
      jobRow('a', { status: 'running', running_at: toIso(2 * HOUR) }),
      jobRow('b', { status: 'running', running_at: toIso(HOUR) }),
      jobRow('c', { status: 'failed', running_at: toIso(0) }),
    );
    expect(await earliestRunning(store.db, 'run_1', STAGE)).toBe(toIso(HOUR));
  });
});

describe('takenNames', () => {
  it('knows every name of the same base, retries and all', async () => {
    await insert(jobRow('a'), jobRow('a_2', { base_name: 'a', circuit_id: 'y' }), jobRow('other'));
    expect(await takenNames(store.db, ['a'])).toEqual(new Set(['a', 'a_2']));
  });

  it('knows names that another circuit has by another way', async () => {
    // Circuit `kiln`, trained twice, has used the name of circuit `kiln_2`; and the other way round.
    await insert(
      jobRow('kiln'),
      jobRow('kiln_2', { base_name: 'kiln', circuit_id: 'x' }),
      jobRow('oven'),
      jobRow('oven_2'),
      jobRow('oven_3'),
    );
    expect((await takenNames(store.db, ['kiln_2'])).has('kiln_2')).toBe(true);
    const taken = await takenNames(store.db, ['oven']);
    expect([taken.has('oven'), taken.has('oven_2'), taken.has('oven_3')]).toEqual([true, true, true]);
  });
});

describe('lastJobs', () => {
  it('tells the newest job of each circuit, without those of pull requests', async () => {
    await addRun(store, { id: 'run_2', number: 2, ended_at: toIso(HOUR) });
    await addRun(store, { id: 'run_pr', number: 3, pr: 1 });
    const at = (n: number) => ({ circuit_id: 'c', created_at: toIso(n * HOUR) });
    await insert(
      jobRow('old', { ...at(1), status: 'failed' }),
      jobRow('new', { ...at(3), run_id: 'run_2', status: 'failed' }),
      jobRow('pr', { ...at(4), run_id: 'run_pr' }),
    );
    expect([...(await lastJobs(store.db, ['c', 'unknown'])).values()]).toMatchObject([
      { circuit_id: 'c', name: 'new', status: 'failed', run_number: 2, run_over: true },
    ]);
  });

  it('tells the one that is still going on, though a later run had one that is over', async () => {
    await addRun(store, { id: 'run_2', number: 2, ended_at: toIso(HOUR) });
    await insert(
      jobRow('retry', { circuit_id: 'c', status: 'running' }),
      jobRow('new', { circuit_id: 'c', run_id: 'run_2', status: 'canceled' }),
    );
    expect((await lastJobs(store.db, ['c'])).get('c')).toMatchObject({ name: 'retry', status: 'running' });
  });
});
