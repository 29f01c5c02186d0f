import { describe, expect, it } from 'vitest';
import { sparkPoints } from './sparkline.tsx';

describe('a sparkline', () => {
  it('rises where the figures rise, and stays within its frame', () => {
    const points = sparkPoints([1, 5, 3], 72, 20);
    const [a, b, c] = points;
    expect(b?.[1]).toBeLessThan(a?.[1] ?? 0);
    expect(c?.[1]).toBeGreaterThan(b?.[1] ?? 0);
    for (const [x, y] of points) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(72);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(20);
    }
  });

  it('runs through the middle where nothing moves, and ends on the right', () => {
    expect(sparkPoints([4, 4], 72, 20).map(([, y]) => y)).toEqual([10, 10]);
    expect(sparkPoints([4], 72, 20)).toEqual([[69, 10]]);
  });
});
