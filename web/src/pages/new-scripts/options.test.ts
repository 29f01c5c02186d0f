import { describe, expect, it } from 'vitest';
import { optionsOf, readValues } from './options.ts';

const script = (...flags: string[]) => ({ flags });

describe('options of scripts', () => {
  it('are those that they declare, the common ones first, without where results go', () => {
    const options = optionsOf([
      script('--seed', '--epochs', '--output-dir', '--lr'),
      script('--lr', '--batch-size', '--output_dir', '-v'),
    ]);
    expect(options.map(({ flag, takers, common }) => [flag, takers, common])).toEqual([
      ['--epochs', 1, 'epochs'],
      ['--batch-size', 1, 'batch'],
      ['--lr', 2, null],
      ['--seed', 1, null],
    ]);
  });
});

describe('values of an option', () => {
  it.each([
    ['10', ['10']],
    ['10, 20,10', ['10', '20']],
    ['1..4', ['1', '2', '3', '4']],
    ['3..1', ['3', '2', '1']],
    ['-1..1', ['-1', '0', '1']],
    ['0.1,5', ['0.1', '5']],
    ['rbf', ['rbf']],
    ['a b', ['a b']],
  ])('are read from %o', (text, values) => {
    expect(readValues(text)).toEqual(values);
  });

  it.each([
    ['1,,2', /missing/],
    ['0.1..0.5', /no range of whole numbers/],
    ['1..99999', /99999 values/],
  ])('are not read from %o, and that is said', (text, says) => {
    expect(readValues(text)).toMatch(says);
  });
});
