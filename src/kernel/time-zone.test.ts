import { expect, it } from 'vitest';
import { clockTime, isTimeZone } from './time-zone.ts';

it('knows time zones by their names', () => {
  expect(['UTC', 'Europe/Berlin', 'America/New_York'].filter((name) => !isTimeZone(name))).toEqual([]);
  expect(['Europe/Nowhere', '+02:00', '', 'Berlin'].filter(isTimeZone)).toEqual([]);
});

it('shows a time as the clock of the zone does', () => {
  expect(clockTime(Date.parse('2026-11-25T01:00Z'), 'Europe/Berlin')).toBe('Wed 2026-11-25 02:00');
  expect(clockTime(Date.parse('2026-07-01T22:30Z'), 'Europe/Berlin')).toBe('Thu 2026-07-02 00:30');
});
