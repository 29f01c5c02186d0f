import { describe, expect, it } from 'vitest';
import { checkQuality } from './quality.ts';
import type { QualityOp } from './quality.ts';

const rule = (metric: string, op: QualityOp, limit: number) => ({
  metric,
  op,
  limit,
  text: `${metric} ${op} ${limit}`,
});

describe('checkQuality', () => {
  it.each([
    ['<=', 10, 10, true],
    ['<=', 10.1, 10, false],
    ['<', 10, 10, false],
    ['>=', 0.5, 0.5, true],
    ['>', 0.5, 0.5, false],
    ['==', 1, 1, true],
    ['!=', 1, 1, false],
  ] as const)('%s holds for %d against %d: %s', (op, actual, limit, ok) => {
    const [result] = checkQuality([rule('mae', op, limit)], { mae: actual });
    expect(result).toMatchObject({ ok, actual, rule: `mae ${op} ${limit}` });
    expect(result?.message).toContain(String(actual));
  });

  it('fails a rule whose metric was not reported, and names the near miss', () => {
    const [result] = checkQuality([rule('mae', '<=', 10)], { maee: 3 });
    expect(result).toMatchObject({ ok: false, actual: null });
    expect(result?.message).toContain('Did you mean maee?');
  });

  it('fails every rule of a job that reported nothing', () => {
    expect(checkQuality([rule('mae', '<=', 10), rule('rmse', '<=', 15)], null).map((r) => r.ok)).toEqual([
      false,
      false,
    ]);
  });

  it('finds no metric in what every object inherits', () => {
    expect(checkQuality([rule('toString', '<=', 10)], {})[0]?.ok).toBe(false);
  });
});
