import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { basesOf, describeRanges, isReadable, readListing, versionPrefix } from './log-files.ts';

const file = (name: string) => ({ name, size_bytes: 1, modified_at: '2026-03-01T00:00:00.000Z' });
const commit = (version: number) => file(`${versionPrefix(version)}.json`);
const checkpoint = (version: number) => file(`${versionPrefix(version)}.checkpoint.parquet`);

describe('readListing', () => {
  it('knows the three kinds of checkpoints', () => {
    const unique = '11111111-1111-1111-1111-111111111111';
    const part = (n: number, of: number) =>
      file(
        `${versionPrefix(9)}.checkpoint.${String(n).padStart(10, '0')}.${String(of).padStart(10, '0')}.parquet`,
      );
    const listing = readListing([
      checkpoint(3),
      file(`${versionPrefix(5)}.checkpoint.${unique}.json`),
      file(`${versionPrefix(6)}.checkpoint.${unique}.parquet`),
      part(2, 2),
      part(1, 2),
      part(1, 3),
      part(3, 3),
      file(`${versionPrefix(7)}.checkpoint.json`),
      file(`${versionPrefix(8)}.parquet`),
      file('99999999999999999999.json'),
    ]);
    expect([...listing.checkpoints.keys()]).toEqual([3, 5, 6, 9]);
    expect(listing.checkpoints.get(9)?.map((c) => c.files.map((f) => f.name))).toEqual([
      [part(1, 2).name, part(2, 2).name],
    ]);
    expect(listing.latest).toBe(9);
  });

  it('leaves out empty checkpoints, whose writer was interrupted', () => {
    const listing = readListing([checkpoint(3), commit(4), { ...checkpoint(6), size_bytes: 0 }]);
    expect([...listing.checkpoints.keys()]).toEqual([3]);
    expect(listing.ranges).toEqual([{ first: 3, last: 4 }]);
  });

  it('can read a version exactly where a checkpoint or version 0 and all commits after it exist', () => {
    const versions = fc.uniqueArray(fc.nat(15), { maxLength: 16 });
    fc.assert(
      fc.property(versions, versions, (commits, checkpoints) => {
        const listing = readListing([...commits.map(commit), ...checkpoints.map(checkpoint)]);
        const all = (from: number, to: number): boolean =>
          Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i).every((v) =>
            commits.includes(v),
          );
        for (let version = 0; version <= 15; version++) {
          const readable = all(0, version) || checkpoints.some((c) => c <= version && all(c + 1, version));
          expect(isReadable(listing, version)).toBe(readable);
          const bases = [...basesOf(listing, version)];
          expect(bases.length > 0).toBe(readable);
          for (const base of bases) {
            expect(base.first_commit).toBe((base.checkpoint?.version ?? -1) + 1);
            expect(all(base.first_commit, version)).toBe(true);
          }
        }
        for (const [i, range] of listing.ranges.entries()) {
          expect(range.first).toBeGreaterThan((listing.ranges[i - 1]?.last ?? -2) + 1);
        }
      }),
    );
  });
});

describe('describeRanges', () => {
  it('reads as part of a sentence', () => {
    expect(describeRanges([])).toBe('no version');
    expect(describeRanges([{ first: 3, last: 3 }])).toBe('version 3');
    expect(describeRanges([{ first: 3, last: 12 }])).toBe('versions 3 to 12');
    expect(
      describeRanges([
        { first: 0, last: 0 },
        { first: 4, last: 6 },
        { first: 9, last: 9 },
      ]),
    ).toBe('versions 0, 4 to 6 and 9');
  });
});
