import { describe, expect, it } from 'vitest';
import { bucketsOf, countMarks, marksOf, stacked } from './timeline-scale.ts';

describe('the axis of time', () => {
  it.each([
    [0.4, [0, 0.1, 0.2, 0.3, 0.4]],
    [47, [0, 10, 20, 30, 40]],
    [4 * 3600, [0, 3600, 7200, 10_800, 14_400]],
    [0, [0]],
  ])('has even marks over %d s', (span, marks) => {
    expect(marksOf(span, 6)).toEqual(marks);
  });

  it('never has more marks than there is room for', () => {
    for (let span = 0.01; span < 1e8; span *= 1.7) expect(marksOf(span, 6).length).toBeLessThanOrEqual(7);
  });
});

describe('the axis of counts', () => {
  it.each([
    [0, [0]],
    [1, [0, 1]],
    [7, [0, 5, 10]],
    [10_000, [0, 5000, 10_000]],
  ])('goes as far as %d', (largest, marks) => {
    expect(countMarks(largest)).toEqual(marks);
  });
});

describe('stacked counts', () => {
  const buckets = [
    { t_s: 0, running: 0, preparing: 1, queued: 3 },
    { t_s: 5, running: 4, preparing: 0, queued: 0 },
  ];
  it('lie one upon the other, in steps, and end where the run does', () => {
    const [running, preparing, queued] = stacked(buckets, 10, 4);
    expect(running).toEqual({
      name: 'running',
      d: 'M0 100L0 100L500 100L500 0L1000 0L1000 100L500 100L500 100L0 100Z',
    });
    expect(preparing?.d).toBe('M0 100L0 75L500 75L500 0L1000 0L1000 0L500 0L500 100L0 100Z');
    expect(queued?.d).toContain('L0 0L500 0');
  });
  it('are nothing where there is nothing', () => {
    expect(stacked([], 10, 4)).toEqual([]);
    expect(stacked(buckets, 0, 4)).toEqual([]);
  });
});

describe('what the server counted', () => {
  const start = Date.parse('2026-01-01T00:00:00.000Z');
  it('lies in time from the start of the run, and ends with the last job', () => {
    const counted = {
      from: '2026-01-01T00:00:10.000Z',
      to: '2026-01-01T00:00:20.000Z',
      bucket_s: 5,
      queued: [2, 0],
      preparing: [1, 0.5],
      running: [0, 3],
    };
    expect(bucketsOf(counted, start)).toEqual([
      { t_s: 10, queued: 2, preparing: 1, running: 0 },
      { t_s: 15, queued: 0, preparing: 0.5, running: 3 },
      { t_s: 20, queued: 0, preparing: 0, running: 0 },
    ]);
  });
  it('is nothing where no job was handed over', () => {
    const none = { from: null, to: null, bucket_s: 0, queued: [], preparing: [], running: [] };
    expect(bucketsOf(none, start)).toEqual([]);
  });
});
