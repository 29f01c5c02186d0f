import { expect, it } from 'vitest';
import { unusedVersions } from './unused-versions.ts';
import type { VersionFacts } from './unused-versions.ts';

/** Versions 1, 2, 3 … of one circuit, made on the 1st, 2nd, 3rd … of January. */
const versions = (...more: Partial<VersionFacts>[]): VersionFacts[] =>
  more.map((each, i) => ({
    model_name: 'kiln',
    version: i + 1,
    created_at: `2026-01-0${i + 1}`,
    pr: 0,
    withdrawn_at: null,
    files_removed_at: null,
    ...each,
  }));
const told = (...more: Partial<VersionFacts>[]): string[] =>
  unusedVersions(versions(...more)).map(({ of, since, why }) => `${of.version} ${since ?? 'in use'}: ${why}`);

it('the newest version is in use, the others since the next one came', () => {
  expect(told({}, {}, {})).toEqual([
    '1 2026-01-02: superseded by kiln:2',
    '2 2026-01-03: superseded by kiln:3',
    '3 in use: the good model of its circuit',
  ]);
});

it('a version that was withdrawn is out of use since then, and took nobody’s place', () => {
  expect(told({}, { withdrawn_at: '2026-02-01' }, {})).toEqual([
    '1 2026-01-03: superseded by kiln:3',
    '2 2026-02-01: withdrawn',
    '3 in use: the good model of its circuit',
  ]);
  expect(told({}, { withdrawn_at: '2026-02-01' })).toEqual([
    '1 in use: the good model of its circuit',
    '2 2026-02-01: withdrawn',
  ]);
});

it('a version of a pull request was never in use, and takes nobody’s place', () => {
  expect(told({}, { pr: 1 })).toEqual([
    '1 in use: the good model of its circuit',
    '2 2026-01-02: made by a pull-request run',
  ]);
});

it('a version without files is nothing any more', () => {
  expect(told({ files_removed_at: '2026-03-01' }, {}, {})).toEqual([
    '2 2026-01-03: superseded by kiln:3',
    '3 in use: the good model of its circuit',
  ]);
  // Nothing newer has files: what is left is the good one.
  expect(told({}, { files_removed_at: '2026-03-01' })).toEqual(['1 in use: the good model of its circuit']);
});
