import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Observation } from '../../jobs/compute.ts';
import type { Attempt } from './attempt.ts';
import { nextChange, stateAt } from './state-at.ts';
import { testAccepted } from './test-submissions.ts';

const AT = Date.parse('2026-01-01T00:00:00.000Z');
/** Begins after 200 ms, runs after 500 ms, ends after 3,500 ms. */
const plain: Attempt = { accepted: testAccepted(1, { at: AT }), starts_at: AT + 200, cut: null };

const RANK = { queued: 0, preparing: 1, running: 2, succeeded: 3, failed: 3, canceled: 3 };
const sum = (o: Observation): number => o.queued_s + o.preparing_s + o.running_s;

describe('stateAt', () => {
  it.each([
    [0, 'queued', 0, 0, 0],
    [199, 'queued', 1.99, 0, 0],
    [200, 'preparing', 2, 0, 0],
    [499, 'preparing', 2, 2.99, 0],
    [500, 'running', 2, 3, 0],
    [3499, 'running', 2, 3, 29.99],
    [3500, 'succeeded', 2, 3, 30],
    [99_999, 'succeeded', 2, 3, 30],
  ] as const)('after %i ms an attempt is %s', (ms, state, queued_s, preparing_s, running_s) => {
    expect(stateAt(plain, AT + ms)).toMatchObject({ state, queued_s, preparing_s, running_s });
  });

  it('an attempt cut short keeps the clocks it had', () => {
    const canceled: Attempt = { ...plain, cut: { kind: 'canceled', key: 'key-1', at: AT + 300 } };
    expect(stateAt(canceled, AT + 9000)).toMatchObject({
      state: 'canceled',
      queued_s: 2,
      preparing_s: 1,
      running_s: 0,
      running_at: null,
      ended_at: new Date(AT + 300).toISOString(),
    });
    expect(stateAt({ ...plain, cut: { kind: 'lost', key: 'key-1', at: AT + 600 } }, AT + 9000)).toMatchObject(
      {
        state: 'failed',
        reason: 'lost',
        running_s: 1,
      },
    );
  });

  it('a cut that came too late counts for nothing', () => {
    const late: Attempt = { ...plain, cut: { kind: 'canceled', key: 'key-1', at: AT + 3500 } };
    expect(stateAt(late, AT + 9000)).toEqual(stateAt(plain, AT + 9000));
  });

  it('an attempt that never ran has no start and no usage', () => {
    const accepted = testAccepted(1, {
      at: AT,
      run_s: null,
      failure: { reason: 'setup', message: 'no', exit_code: null },
    });
    const o = stateAt({ ...plain, accepted }, AT + 9000);
    expect(o).toMatchObject({
      state: 'failed',
      reason: 'setup',
      preparing_s: 3,
      running_s: 0,
      running_at: null,
    });
    expect(o.usage).toEqual({ cpu_s: null, peak_memory_mib: null });
  });

  const seconds = fc.double({ min: 0, max: 5000, noNaN: true });
  const attempts = fc
    .record({
      speed: fc.double({ min: 0.01, max: 100_000, noNaN: true }),
      queue_s: seconds,
      prepare_s: seconds,
      run_s: fc.option(seconds),
      wait_ms: fc.double({ min: 0, max: 10_000, noNaN: true }),
      cut: fc.option(fc.record({ kind: fc.constantFrom('canceled', 'lost'), ms: fc.nat(100_000) })),
    })
    .map(({ speed, queue_s, prepare_s, run_s, wait_ms, cut }): Attempt => {
      const accepted = testAccepted(7, { at: AT, speed, queue_s, prepare_s, run_s });
      return {
        accepted,
        starts_at: AT + (queue_s * 1000) / speed + wait_ms,
        cut: cut === null ? null : { kind: cut.kind, key: accepted.key, at: AT + cut.ms },
      };
    });

  it('states and clocks only move forward, and what is over stays as it is', () => {
    fc.assert(
      fc.property(attempts, fc.nat(200_000), fc.nat(200_000), (attempt, first, more) => {
        const before = stateAt(attempt, AT + first);
        const after = stateAt(attempt, AT + first + more);
        expect(RANK[after.state]).toBeGreaterThanOrEqual(RANK[before.state]);
        for (const clock of ['queued_s', 'preparing_s', 'running_s'] as const) {
          expect(after[clock]).toBeGreaterThanOrEqual(before[clock]);
        }
        if (before.running_at !== null) expect(after.running_at).toBe(before.running_at);
        if (RANK[before.state] === 3) expect(after).toEqual(before);
      }),
    );
  });

  it('the clocks of the phases add up to the virtual time that went by', () => {
    fc.assert(
      fc.property(attempts, fc.nat(200_000), (attempt, ms) => {
        const o = stateAt(attempt, AT + ms);
        const end = 'ended_at' in o ? Math.min(ms, Date.parse(o.ended_at) - AT) : ms;
        // A time as text is cut to the millisecond, which is `speed` thousandths of a virtual second.
        const slack = 0.01 + (1.01 * attempt.accepted.speed) / 1000;
        expect(Math.abs(sum(o) - (end * attempt.accepted.speed) / 1000)).toBeLessThanOrEqual(slack);
      }),
    );
  });

  it('only one phase moves at a time, and none before its predecessor is over', () => {
    fc.assert(
      fc.property(attempts, fc.nat(200_000), (attempt, ms) => {
        const o = stateAt(attempt, AT + ms);
        if (o.state === 'succeeded') expect(o.running_s).toBe(attempt.accepted.run_s ?? 0);
        if (o.running_s > 0) expect(o.preparing_s).toBe(attempt.accepted.prepare_s);
        if (o.state === 'queued') expect([o.preparing_s, o.running_s]).toEqual([0, 0]);
        if (RANK[o.state] < 2) expect(o.running_at).toBeNull();
        if (o.state === 'running' || o.state === 'succeeded')
          expect(o.running_at === null).toBe(attempt.accepted.run_s === null);
        expect(o.running_s).toBeLessThanOrEqual(attempt.accepted.run_s ?? 0);
      }),
    );
  });

  it('nothing changes before the next change, and something does then', () => {
    fc.assert(
      fc.property(
        attempts,
        fc.nat(100_000),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempt, ms, share) => {
          const now = AT + ms;
          const next = nextChange(attempt, now);
          const { state } = stateAt(attempt, now);
          if (next === null) {
            expect(RANK[state]).toBe(3);
            return;
          }
          expect(next).toBeGreaterThan(now);
          expect(stateAt(attempt, now + Math.floor((next - now) * share)).state).toBe(state);
          expect(stateAt(attempt, next).state).not.toBe(state);
        },
      ),
    );
  });
});
