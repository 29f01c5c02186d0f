import { describe, expect, it } from 'vitest';
import { chosenIn, fileChanges, parsePair, settingChanges, sourcesOf, toggled } from './comparison.ts';

const LINEAGE = {
  model: 'm:1',
  digest: 'd',
  circuit_id: 'c',
  run_id: 'r',
  job_id: 'j',
  job_name: 'j',
  retry: false,
  pr: false,
  training_hash: 'aaa',
  inputs_digest: '',
  cutoff_date: null,
  data_version: '1',
  component_version: '1',
  environment_version: null,
  git_commit: null,
};
const file = (path: string, sha256: string, size = 1) => ({ path, sha256, size });

describe('what is compared', () => {
  it.each([
    [undefined, []],
    ['', []],
    ['5', [5]],
    ['5,3', [3, 5]],
    ['5,5', [5]],
    ['x,-1,0,2.5,7', [7]],
    ['9,1,4', [1, 4]],
  ])('is read out of %o as %o', (text, versions) => {
    expect(chosenIn(text)).toEqual(versions);
  });

  it('is two versions or nothing', () => {
    expect(parsePair('5,3')).toEqual([3, 5]);
    expect(parsePair('5')).toBeNull();
    expect(parsePair(undefined)).toBeNull();
  });

  it.each([
    [undefined, 3, '3'],
    ['3', 1, '1,3'],
    ['1,3', 3, '1'],
    ['3', 3, undefined],
    ['2,8', 7, '2,7'],
    ['2,8', 1, '1,8'],
  ])('%o with %i toggled is %o', (text, version, after) => {
    expect(toggled(text, version)).toBe(after);
  });
});

describe('settings of two versions', () => {
  it('differ by their path, and not by where they stand in the file', () => {
    const before = {
      circuit: { line: 4, features: ['a'], hyperparameters: { lags: 7, ridge: { $float: '1.0' } } },
    };
    const after = {
      circuit: {
        line: 9,
        features: ['a', 'b'],
        hyperparameters: { lags: 14, ridge: { $float: '1.0' }, x: 1 },
      },
    };
    expect(settingChanges(before, after)).toEqual([
      { field: 'features', before: ['a'], after: ['a', 'b'] },
      { field: 'hyperparameters.lags', before: 7, after: 14 },
      { field: 'hyperparameters.x', before: undefined, after: 1 },
    ]);
  });

  it('tell a float from a whole number, as Python does', () => {
    const [a, b] = [{ circuit: { ridge: { $float: '1.0' } } }, { circuit: { ridge: 1 } }];
    expect(settingChanges(a, b)).toHaveLength(1);
    expect(settingChanges(a, a)).toEqual([]);
  });
});

describe('what two versions were made from', () => {
  it('is told beside each other, without what neither says', () => {
    const after = { ...LINEAGE, data_version: '2', git_commit: 'abc' };
    expect(sourcesOf({ lineage: LINEAGE }, { lineage: after })).toEqual([
      { name: 'Data version', before: '1', after: '2' },
      { name: 'Commit', before: null, after: 'abc' },
      { name: 'Component', before: '1', after: '1' },
      { name: 'Training hash', before: 'aaa', after: 'aaa' },
    ]);
  });
});

describe('files of two versions', () => {
  it('are told apart by their content, those that differ first', () => {
    const before = [file('a', '1'), file('gone', '2', 5), file('model', '3', 10)];
    const after = [file('a', '1'), file('model', '4', 10), file('new', '5', 7)];
    expect(fileChanges(before, after)).toEqual([
      { path: 'gone', word: 'removed', before: 5, after: null },
      { path: 'model', word: 'changed', before: 10, after: 10 },
      { path: 'new', word: 'added', before: null, after: 7 },
      { path: 'a', word: 'same', before: 1, after: 1 },
    ]);
  });
});
