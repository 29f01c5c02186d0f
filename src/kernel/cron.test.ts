import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cronProblem, lastTime, nextTime } from './cron.ts';

const at = (iso: string): number => Date.parse(iso);
/** The next so many times after a moment. */
function times(expression: string, zone: string, after: string, count: number): string[] {
  const found: string[] = [];
  for (let time: number | null = at(after); found.length < count;) {
    time = nextTime(expression, zone, time);
    if (time === null) break;
    found.push(new Date(time).toISOString().replace(':00.000Z', 'Z'));
  }
  return found;
}

describe('nextTime', () => {
  it('goes by the clock of the zone, in summer and in winter', () => {
    expect(times('0 2 * * *', 'Europe/Berlin', '2026-07-01T12:00Z', 1)).toEqual(['2026-07-02T00:00Z']);
    expect(times('0 2 * * *', 'Europe/Berlin', '2026-12-01T12:00Z', 1)).toEqual(['2026-12-02T01:00Z']);
    expect(times('30 6 * * mon-fri', 'UTC', '2026-11-27T12:00Z', 2)).toEqual([
      '2026-11-30T06:30Z',
      '2026-12-01T06:30Z',
    ]);
  });

  it('takes a time that does not exist for the first moment after the gap, once', () => {
    // On 2026-03-29 the clocks of Berlin go from 02:00 to 03:00, on 2026-03-08 those of New York.
    expect(times('30 2 * * *', 'Europe/Berlin', '2026-03-27T12:00Z', 3)).toEqual([
      '2026-03-28T01:30Z',
      '2026-03-29T01:00Z',
      '2026-03-30T00:30Z',
    ]);
    expect(times('30 2 * * *', 'America/New_York', '2026-03-07T12:00Z', 2)).toEqual([
      '2026-03-08T07:00Z',
      '2026-03-09T06:30Z',
    ]);
  });

  it('takes a time that comes twice once, the first of the two', () => {
    // On 2026-10-25 the clocks of Berlin go from 03:00 back to 02:00.
    expect(times('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', 2)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-26T01:30Z',
    ]);
    expect(times('30 1 * * *', 'America/New_York', '2026-10-31T12:00Z', 2)).toEqual([
      '2026-11-01T05:30Z',
      '2026-11-02T06:30Z',
    ]);
  });

  it('comes every hour of the day on which an hour is missing, and of the one on which it comes twice', () => {
    expect(times('0 * * * *', 'Europe/Berlin', '2026-03-28T23:30Z', 3)).toEqual([
      '2026-03-29T00:00Z',
      '2026-03-29T01:00Z',
      '2026-03-29T02:00Z',
    ]);
    expect(times('0 * * * *', 'Europe/Berlin', '2026-10-24T23:30Z', 3)).toEqual([
      '2026-10-25T00:00Z',
      '2026-10-25T01:00Z',
      '2026-10-25T02:00Z',
    ]);
  });
});

const HOUR = 3_600_000;
const CHANGES = [
  '2026-03-29T01:00Z',
  '2026-10-25T01:00Z',
  '2026-03-08T07:00Z',
  '2026-11-01T06:00Z',
  '2026-04-04T15:00Z',
  '2026-10-03T15:30Z',
  '2026-04-05T03:00Z',
  '2026-09-06T04:00Z',
];

it('lastTime and nextTime know the same times, whatever the zone does with its clock', () => {
  const expressions = ['30 2 * * *', '0 * * * *', '*/20 1-3 * * *', '0 0 1 * *', '15 2 * * sun', '@daily'];
  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Santiago'];
  fc.assert(
    fc.property(
      fc.constantFrom(...expressions),
      fc.constantFrom(...zones),
      fc.oneof(
        fc.integer({ min: at('2026-01-01T00:00Z'), max: at('2028-01-01T00:00Z') }),
        // Near where clocks change.
        fc
          .tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -5 * HOUR, max: 5 * HOUR }))
          .map(([change, off]) => at(change) + off),
      ),
      (expression, zone, now) => {
        const last = lastTime(expression, zone, now);
        const next = nextTime(expression, zone, now);
        if (last === null || next === null) throw new Error('no time');
        expect(last).toBeLessThanOrEqual(now);
        expect(next).toBeGreaterThan(now);
        expect(nextTime(expression, zone, last)).toBe(next);
        expect(lastTime(expression, zone, next)).toBe(next);
        expect(lastTime(expression, zone, next - 1)).toBe(last);
      },
    ),
    { numRuns: 2000 },
  );
});

describe('cronProblem', () => {
  it.each(['0 2 * * *', '*/15 * * * *', '0 6 * * mon-fri', '0 0 L * *', '0 0 29 2 *', '@weekly'])(
    'takes %s',
    (text) => {
      expect(cronProblem(text)).toBeNull();
    },
  );

  it.each([
    ['61 * * * *', 'must be a cron expression: invalid value for minute: 61'],
    ['0 2 * *', 'must be a cron expression of five fields, has 4'],
    ['0 0 2 * * *', 'must be a cron expression of five fields, has 6'],
    ['', 'must be a cron expression of five fields, has 0'],
    ['@nightly', 'no cron expression is called `@nightly`'],
    ['0 0 31 2 *', '`0 0 31 2 *` never comes'],
    ['2026-05-01T00:00:00', 'must be a cron expression of five fields, has 1'],
  ])('says what is wrong with %j, with an example', (text, message) => {
    expect(cronProblem(text)).toEqual({
      message,
      hint: expect.stringContaining('"0 2 * * *" is every day at 02:00'),
    });
  });
});
