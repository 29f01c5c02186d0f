import { describe, expect, it } from 'vitest';
import { bytes, fromNow } from './format.ts';

describe('how far away a moment is', () => {
  const now = new Date('2026-03-10T12:00:00Z');
  it.each([
    ['2026-03-10T12:00:00.400Z', 'now'],
    ['2026-03-10T11:57:00Z', '3 min. ago'],
    ['2026-03-10T16:00:00Z', 'in 4 hr.'],
    // Not tomorrow and not yesterday: these are days of the calendar.
    ['2026-03-12T10:00:00Z', 'in 1 day'],
    ['2026-03-08T13:00:00Z', '1 day ago'],
  ])('is told in whole units: %s', (at, told) => {
    expect(fromNow(at, now)).toBe(told);
  });
});

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [9_960, '10 kB'],
  [123_456, '123 kB'],
  [999_499, '999 kB'],
  [999_999, '1.0 MB'],
  [2.5e12, '2.5 TB'],
  [5e15, '5000 TB'],
])('%d bytes are told in a unit of which there are less than a thousand, as %s', (n, told) => {
  expect(bytes(n)).toBe(told);
});
