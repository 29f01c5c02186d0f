import { describe, expect, it } from 'vitest';
import { dueSlot, nextDue, nextTimes } from './due.ts';
import type { Times } from './due.ts';

const at = (iso: string): number => Date.parse(iso);
const NIGHTLY: Times = { cron: '0 2 * * *', timezone: 'UTC', catch_up: 'none' };

describe('dueSlot', () => {
  it('is nothing before the time, and the time from then on', () => {
    const since = at('2026-11-24T02:00Z');
    expect(dueSlot(NIGHTLY, since, at('2026-11-25T01:59:59Z'))).toBeNull();
    expect(dueSlot(NIGHTLY, since, at('2026-11-25T02:00:00Z'))).toEqual({
      slot: at('2026-11-25T02:00Z'),
      verdict: 'fire',
      late_s: 0,
    });
  });

  it('is nothing once the time was dealt with', () => {
    const slot = at('2026-11-25T02:00Z');
    expect(dueSlot(NIGHTLY, slot, slot)).toBeNull();
    expect(dueSlot(NIGHTLY, slot, slot + 3_600_000)).toBeNull();
  });

  it('counts a few minutes as in time', () => {
    const since = at('2026-11-24T12:00Z');
    expect(dueSlot(NIGHTLY, since, at('2026-11-25T02:05:00Z'))?.verdict).toBe('fire');
    expect(dueSlot(NIGHTLY, since, at('2026-11-25T02:05:01Z'))).toMatchObject({
      verdict: 'missed',
      late_s: 301,
    });
  });

  it('makes up for the latest of the times that passed, where that is asked for', () => {
    const due = dueSlot({ ...NIGHTLY, catch_up: 'once' }, at('2026-11-18T02:00Z'), at('2026-11-25T14:00Z'));
    expect(due).toEqual({ slot: at('2026-11-25T02:00Z'), verdict: 'fire', late_s: 12 * 3600 });
  });

  it('looks at no time from before the schedule was what it is', () => {
    const edited = at('2026-11-25T02:30Z');
    expect(dueSlot({ ...NIGHTLY, catch_up: 'once' }, edited, at('2026-11-25T14:00Z'))).toBeNull();
  });

  it('does nothing twice when the clock goes back', () => {
    const slot = at('2026-11-25T02:00Z');
    expect(dueSlot(NIGHTLY, slot, at('2026-11-25T01:00Z'))).toBeNull();
    expect(dueSlot(NIGHTLY, slot, at('2026-11-25T02:00Z'))).toBeNull();
  });
});

it('nextDue is when dueSlot will say something, also when that has passed', () => {
  expect(nextDue(NIGHTLY, at('2026-11-24T02:00Z'))).toBe(at('2026-11-25T02:00Z'));
});

it('nextTimes lists what comes', () => {
  const berlin = { ...NIGHTLY, timezone: 'Europe/Berlin' };
  expect(nextTimes(berlin, at('2026-10-24T12:00Z'), 2)).toEqual([
    at('2026-10-25T00:00Z'),
    at('2026-10-26T01:00Z'),
  ]);
});
