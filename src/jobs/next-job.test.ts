import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FAILURE_REASONS } from './compute.ts';
import type { Observation } from './compute.ts';
import { nextJob } from './next-job.ts';
import { JOB_MOVES, JobStatus, NO_JOBS, OPEN_STATUSES, canMove, isOver, openCount } from './status.ts';

const base = {
  key: 'k',
  submitted_at: '2026-01-01T00:00:00.000Z',
  running_at: null,
  queued_s: 0,
  preparing_s: 0,
  running_s: 0,
  usage: { cpu_s: null, peak_memory_mib: null },
  url: null,
};
const at = '2026-01-01T00:01:00.000Z';

const status = fc.constantFrom(...JobStatus.options);
const observation: fc.Arbitrary<Observation> = fc.oneof(
  fc
    .constantFrom('queued' as const, 'preparing' as const, 'running' as const)
    .map((state) => ({ ...base, state })),
  fc.constant({ ...base, state: 'succeeded' as const, exit_code: 0, ended_at: at }),
  fc.constant({ ...base, state: 'canceled' as const, ended_at: at }),
  fc.constantFrom(...FAILURE_REASONS).map((reason) => ({
    ...base,
    state: 'failed' as const,
    reason,
    message: 'boom',
    exit_code: 1,
    ended_at: at,
  })),
);
const facts = fc.record({
  status,
  attempt: fc.integer({ min: 1, max: 4 }),
  max_attempts: fc.integer({ min: 1, max: 4 }),
});

/** The status that a move leads to. */
const after = (job: { status: JobStatus }, move: ReturnType<typeof nextJob>): JobStatus => {
  switch (move.kind) {
    case 'stay':
      return job.status;
    case 'move':
      return move.status;
    case 'succeed':
      return 'succeeded';
    case 'fail':
      return 'failed';
    case 'try_again':
      return 'pending';
    case 'cancel':
      return 'canceled';
  }
};

describe('the moves of a job', () => {
  it('are said for every status and lead to known ones, never to itself', () => {
    expect(Object.keys(JOB_MOVES)).toEqual(JobStatus.options);
    for (const [from, moves] of Object.entries(JOB_MOVES)) {
      expect(moves.every((to) => JobStatus.options.includes(to))).toBe(true);
      expect(moves).not.toContain(from);
    }
  });

  it('end in succeeded, failed and canceled, from which nothing leads away', () => {
    expect(JobStatus.options.filter(isOver)).toEqual(['succeeded', 'failed', 'canceled']);
    for (const from of ['succeeded', 'failed', 'canceled'] as const)
      for (const to of JobStatus.options) expect(canMove(from, to)).toBe(false);
  });

  it('can end any open job in each of the three ways', () => {
    for (const from of OPEN_STATUSES)
      for (const to of ['succeeded', 'failed', 'canceled'] as const) expect(canMove(from, to)).toBe(true);
  });

  it('never go back from running to waiting for a machine, but for another attempt', () => {
    expect(JOB_MOVES.running).not.toContain('queued');
    expect(JOB_MOVES.running).not.toContain('preparing');
    expect(JOB_MOVES.running).toContain('pending');
  });

  it('count as open until the job is over', () => {
    expect(
      openCount({
        ...NO_JOBS,
        pending: 1,
        queued: 2,
        preparing: 3,
        running: 4,
        succeeded: 50,
        failed: 60,
        canceled: 70,
      }),
    ).toBe(10);
  });
});

describe('nextJob', () => {
  it('makes only moves that the table allows, whatever a provider says', () => {
    fc.assert(
      fc.property(facts, observation, fc.boolean(), (job, seen, wroteModel) => {
        const next = after(job, nextJob(job, seen, wroteModel));
        expect(next === job.status || canMove(job.status, next)).toBe(true);
      }),
    );
  });

  it('leaves a job alone that is over, so that a late word cannot change an outcome', () => {
    fc.assert(
      fc.property(facts, observation, fc.boolean(), (job, seen, wroteModel) => {
        if (isOver(job.status)) expect(nextJob(job, seen, wroteModel)).toEqual({ kind: 'stay' });
      }),
    );
  });

  it('is settled after one look: hearing the same again changes nothing', () => {
    fc.assert(
      fc.property(facts, observation, fc.boolean(), (job, seen, wroteModel) => {
        const move = nextJob(job, seen, wroteModel);
        if (move.kind === 'try_again') return; // another attempt has another key
        expect(nextJob({ ...job, status: after(job, move) }, seen, wroteModel)).toEqual({ kind: 'stay' });
      }),
    );
  });

  it('tries a failed attempt again exactly while attempts are left', () => {
    fc.assert(
      fc.property(facts, observation, (job, seen) => {
        if (seen.state !== 'failed' || isOver(job.status)) return;
        const kind = job.attempt < job.max_attempts ? 'try_again' : 'fail';
        expect(nextJob(job, seen, true)).toEqual({ kind, reason: seen.reason, message: 'boom' });
      }),
    );
  });

  it('takes an attempt that ended well without a model for failed', () => {
    const seen: Observation = { ...base, state: 'succeeded', exit_code: 0, ended_at: at };
    expect(nextJob({ status: 'running', attempt: 1, max_attempts: 1 }, seen, true)).toEqual({
      kind: 'succeed',
    });
    expect(nextJob({ status: 'running', attempt: 1, max_attempts: 1 }, seen, false)).toMatchObject({
      kind: 'fail',
      reason: 'no_model',
    });
    expect(nextJob({ status: 'running', attempt: 1, max_attempts: 2 }, seen, false)).toMatchObject({
      kind: 'try_again',
      reason: 'no_model',
    });
  });

  it('does not try again what somebody canceled', () => {
    expect(
      nextJob(
        { status: 'running', attempt: 1, max_attempts: 5 },
        { ...base, state: 'canceled', ended_at: at },
        false,
      ),
    ).toEqual({ kind: 'cancel' });
  });
});
