import { expect, it } from 'vitest';
import { valueText } from './value-text.ts';

it.each([
  [null, '–'],
  ['mae', 'mae'],
  [0, '0'],
  [false, 'false'],
  [{ $float: '1.0' }, '1.0'],
  [['a', { $float: '1e-05' }], 'a, 1e-05'],
  [{ lags: 7, ridge: { $float: '1.0' } }, 'lags: 7, ridge: 1.0'],
  [[], '–'],
  [{}, '–'],
])('a setting %j is shown as %s', (value, shown) => {
  expect(valueText(value)).toBe(shown);
});
