import { describe, expect, it } from 'vitest';
import { parseDeltaVersion } from './request.ts';

describe('parseDeltaVersion', () => {
  it.each([
    ['latest', 'latest'],
    [' Latest ', 'latest'],
    [12, { version: 12 }],
    ['12', { version: 12 }],
    ['0', { version: 0 }],
    ['2026-03-01', { timestamp: '2026-03-01T00:00:00.000Z' }],
    ['2026-03-01T10:00:00Z', { timestamp: '2026-03-01T10:00:00.000Z' }],
    ['2026-03-01 10:00:30.123456', { timestamp: '2026-03-01T10:00:30.123Z' }],
    ['2026-03-01T10:00:00+02:00', { timestamp: '2026-03-01T08:00:00.000Z' }],
    ['2026-03-01 10:00 -0330', { timestamp: '2026-03-01T13:30:00.000Z' }],
    ['2028-02-29', { timestamp: '2028-02-29T00:00:00.000Z' }],
  ])('reads %j', (written, request) => {
    expect(parseDeltaVersion(written)).toEqual(request);
  });

  it.each([
    '',
    'newest',
    '-1',
    '1.5',
    1.5,
    -1,
    '2026-02-30',
    '2026-13-01',
    '2026-03-01T24:00:00',
    '2026-03-01T10',
    'v12',
    1e21,
  ])('refuses %j', (written) => {
    expect(() => parseDeltaVersion(written)).toThrow(/is no version of a Delta table/);
  });
});
