import { describe, expect, it } from 'vitest';
import { inParallel } from './in-parallel.ts';

describe('inParallel', () => {
  it('keeps the order and never runs more than the limit at once', async () => {
    let running = 0;
    let most = 0;
    const results = await inParallel([5, 1, 4, 2, 3], 2, async (n) => {
      most = Math.max(most, ++running);
      for (let i = 0; i < n; i++) await Promise.resolve();
      running--;
      return n * 10;
    });
    expect(results).toEqual([50, 10, 40, 20, 30]);
    expect(most).toBe(2);
    expect(await inParallel([], 2, () => Promise.resolve(1))).toEqual([]);
  });

  it('begins nothing after a failure, and throws when what was running has ended', async () => {
    const ended: number[] = [];
    const work = inParallel([1, 2, 3, 4], 2, async (n) => {
      if (n === 1) throw new Error('first');
      for (let i = 0; i < 20; i++) await Promise.resolve();
      ended.push(n);
      return n;
    });
    await expect(work).rejects.toThrow('first');
    expect(ended).toEqual([2]);
  });
});
