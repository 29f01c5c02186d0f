import { describe, expect, it } from 'vitest';
import { EMPTY, askedBy, optionsOf, readValues } from './request.ts';

const script = (...flags: string[]) => ({ flags });
const OPTIONS = optionsOf([
  script('--seed', '--epochs', '--output-dir', '--lr'),
  script('--lr', '--batch-size', '--output_dir', '-v'),
]);

describe('options of scripts', () => {
  it('are those that they declare, the common ones first, without where results go', () => {
    expect(OPTIONS.map(({ flag, takers, common }) => [flag, takers, common])).toEqual([
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

describe('the request of the form', () => {
  it('says nothing of what was left as it is', () => {
    expect(askedBy(EMPTY, OPTIONS)).toEqual({ request: {}, wrong: {} });
  });

  it('gives one value of a common option to all, and makes a job for each of several', () => {
    const draft = { ...EMPTY, only: ['als'], values: { epochs: '5', 'batch-size': '32, 64', lr: '0.1' } };
    expect(askedBy(draft, OPTIONS).request).toEqual({
      only: ['als'],
      epochs: 5,
      sweep: { 'batch-size': ['32', '64'], lr: ['0.1'] },
    });
  });

  it('leaves alone what none of the chosen scripts takes any more', () => {
    expect(askedBy({ ...EMPTY, values: { folds: '5', seed: ' ' } }, OPTIONS).request).toEqual({});
  });

  it('says how they run', () => {
    const draft = {
      ...EMPTY,
      parallel: true,
      max_workers: '8',
      retries: '0',
      timeout_min: '1.5',
      partial: true,
    };
    expect(askedBy(draft, []).request).toEqual({
      parallel: true,
      max_workers: 8,
      retries: 0,
      timeout_s: 90,
      allow_partial_success: true,
    });
  });

  it('says what is wrong beside the field, and does not ask for it', () => {
    const draft = {
      ...EMPTY,
      values: { lr: '1,,2' },
      parallel: true,
      max_workers: '0',
      retries: '-1',
      timeout_min: 'soon',
    };
    const { request, wrong } = askedBy(draft, OPTIONS);
    expect(request).toEqual({ parallel: true });
    expect(Object.keys(wrong).toSorted()).toEqual(['lr', 'max_workers', 'retries', 'timeout_min']);
  });
});
