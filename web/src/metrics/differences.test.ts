import { describe, expect, it } from 'vitest';
import { betterBy, differenceOf, figure, inOrder, signed } from './differences.ts';

describe('which way a metric is better', () => {
  it('is what its quality limit says', () => {
    expect(betterBy(['mae <= 10', 'rmse<15', 'skill >= 0.01', 'r2 > 0'])).toEqual(
      new Map([
        ['mae', 'lower'],
        ['rmse', 'lower'],
        ['skill', 'higher'],
        ['r2', 'higher'],
      ]),
    );
  });

  it('is unknown where the limit is one value or stands on both sides', () => {
    expect(betterBy(['bias == 0', 'rows != 0', 'ratio >= 0.9', 'ratio <= 1.1', 'no rule at all'])).toEqual(
      new Map(),
    );
  });
});

describe('a difference', () => {
  it('is better or worse where that is known', () => {
    expect(differenceOf(4, 5, 'lower')).toEqual({ change: -1, word: 'better' });
    expect(differenceOf(5, 4, 'lower')).toEqual({ change: 1, word: 'worse' });
    expect(differenceOf(5, 4, 'higher')).toEqual({ change: 1, word: 'better' });
    expect(differenceOf(4, 5, 'higher')).toEqual({ change: -1, word: 'worse' });
  });

  it('is more or less where it is not, and the same where it is none', () => {
    expect(differenceOf(5, 4, undefined)?.word).toBe('more');
    expect(differenceOf(4, 5, undefined)?.word).toBe('less');
    expect(differenceOf(4, 4, 'lower')).toEqual({ change: 0, word: 'same' });
  });

  it('is none where one of the two reported nothing', () => {
    expect(differenceOf(undefined, 4, 'lower')).toBeNull();
    expect(differenceOf(4, undefined, 'lower')).toBeNull();
  });
});

it('metrics with a limit come first, in the order of the limits', () => {
  expect(inOrder(['zeta', 'skill', 'alpha', 'mae'], ['mae <= 10', 'skill >= 0.01'])).toEqual([
    'mae',
    'skill',
    'alpha',
    'zeta',
  ]);
});

it('figures keep four digits, differences three and their sign', () => {
  expect([0.123456, 0.0901, 12345.678, 3, -2.5].map(figure)).toEqual([
    '0.1235',
    '0.09010',
    '12,350',
    '3',
    '−2.500',
  ]);
  expect([signed(0.5), signed(-0.12345), signed(0)]).toEqual(['+0.5', '−0.123', '0']);
});

it('figures far from one are told by their power of ten, and so are differences', () => {
  expect([-0.00001234, 0.00099, 1.5e10, 0.001].map(figure)).toEqual([
    '−1.234e−5',
    '9.900e−4',
    '1.500e+10',
    '0.001000',
  ]);
  expect([0.0000009, -2e12, 0].map(signed)).toEqual(['+9.00e−7', '−2.00e+12', '0']);
});
