import { describe, expect, it } from 'vitest';
import { chartScale, roundTicks } from './chart-scale.ts';

const room = { width: 600, height: 200, left: 56, right: 16, top: 8, bottom: 36 };

describe('the scale of a chart', () => {
  it('keeps every figure within its room', () => {
    const points = [
      { x: 1, y: 3.9 },
      { x: 2, y: -5.7 },
      { x: 40, y: 2.7 },
    ];
    const scale = chartScale(points, room);
    for (const { x, y } of points) {
      expect(scale.x(x)).toBeGreaterThanOrEqual(room.left);
      expect(scale.x(x)).toBeLessThanOrEqual(room.width - room.right);
      expect(scale.y(y)).toBeGreaterThanOrEqual(room.top);
      expect(scale.y(y)).toBeLessThanOrEqual(room.height - room.bottom);
    }
    expect(scale.y(3.9)).toBeLessThan(scale.y(2.7));
  });

  it('puts what is the same everywhere into the middle', () => {
    const scale = chartScale([{ x: 5, y: 0 }], room);
    expect(scale.y(0)).toBeCloseTo((room.top + room.height - room.bottom) / 2, 0);
    expect(Number.isFinite(scale.x(5))).toBe(true);
    expect(chartScale([], room).nearest(10, 10)).toBeNull();
  });

  it.each([
    [0.3, 0.1 + 0.2],
    [1e16, 1e16 + 2],
    [0, 5e-324],
    [-5e-324, 5e-324],
    [1e-310, 2e-310],
  ])('takes what differs in its last digits alone as the same: %d and %d', (a, b) => {
    const scale = chartScale(
      [
        { x: 1, y: a },
        { x: 2, y: b },
      ],
      room,
    );
    expect(scale.yTicks.length).toBeLessThan(10);
    expect(scale.y(a)).toBeGreaterThan(room.top);
    expect(scale.y(a)).toBeLessThan(room.height - room.bottom);
    expect(scale.y(a)).toBeCloseTo(scale.y(b), 3);
  });

  it('ends, however near to each other two values are', () => {
    expect(roundTicks(0.3, 0.1 + 0.2, 4).length).toBeLessThan(8);
    expect(roundTicks(1e-323, 2e-323, 4).length).toBeLessThan(8);
  });

  it('has round numbers beside it', () => {
    expect(roundTicks(0.1, 0.62, 4)).toEqual([0, 0.2, 0.4, 0.6, 0.8]);
    expect(roundTicks(-3, 12, 4)).toEqual([-5, 0, 5, 10, 15]);
    expect(roundTicks(1_200_000, 1_900_000, 4)).toEqual([
      1_200_000, 1_400_000, 1_600_000, 1_800_000, 2_000_000,
    ]);
  });

  it('names no more places than can be read', () => {
    const points = Array.from({ length: 100 }, (_, i) => ({ x: i, y: i }));
    const { xTicks, x } = chartScale(points, room);
    expect(xTicks.length).toBeGreaterThan(3);
    for (const [i, tick] of xTicks.slice(1).entries())
      expect(x(tick) - x(xTicks[i] ?? 0)).toBeGreaterThan(47);
  });

  it('finds the nearest point', () => {
    const points = [
      { x: 0, y: 0 },
      { x: 1, y: 10 },
    ];
    const scale = chartScale(points, room);
    expect(scale.nearest(scale.x(1) - 5, scale.y(10) + 9)).toBe(1);
    expect(scale.nearest(0, 0)).toBe(0);
  });
});
