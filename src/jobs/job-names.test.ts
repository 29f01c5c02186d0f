import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attemptKey, baseJobName, freeJobName, retryJobName } from './job-names.ts';

const noon = Date.UTC(2026, 2, 31, 12, 0, 5);

describe('names of jobs', () => {
  it('are the circuit and the day of its cutoff', () => {
    expect(baseJobName('flottec_2110', '2026-03-31')).toBe('flottec_2110_2026_03_31');
    expect(baseJobName('flottec_2110', '2026-03-31T23:00:00Z')).toBe('flottec_2110_2026_03_31');
    expect(baseJobName('flottec_2110', null)).toBe('flottec_2110');
    expect(baseJobName('flottec_kiln-2', null)).toBe('flottec_kiln-2_job');
  });

  it('count on from 2 when an earlier run used one', () => {
    expect(freeJobName('a', new Set())).toBe('a');
    expect(freeJobName('a', new Set(['a']))).toBe('a_2');
    expect(freeJobName('a', new Set(['a', 'a_2', 'a_4']))).toBe('a_3');
  });

  it('are never given twice', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'a_2', 'a_2_2'), { maxLength: 30 }), (bases) => {
        const taken = new Set<string>();
        for (const base of bases) {
          const name = freeJobName(base, taken);
          expect(taken.has(name)).toBe(false);
          expect(name.startsWith(base)).toBe(true);
          taken.add(name);
        }
      }),
    );
  });

  it('of retries append the time in UTC to the base name', () => {
    expect(retryJobName('flottec_2110_2026_03_31', noon)).toBe(
      'flottec_2110_2026_03_31_retry_20260331_120005',
    );
  });
});

describe('attemptKey', () => {
  it('is the job name, numbered from the second attempt on', () => {
    expect([1, 2, 3].map((n) => attemptKey('a_2', n))).toEqual(['a_2', 'a_2-2', 'a_2-3']);
  });

  it('differs for every attempt of every job, whatever hyphens and numbers circuits are called by', () => {
    const id = fc.stringMatching(/^[a1](?:[-_]?[a1-3]){0,4}$/);
    const cutoff = fc.constantFrom(null, '2026-03-31');
    const nth = fc.integer({ min: 1, max: 13 });
    fc.assert(
      fc.property(id, cutoff, nth, id, cutoff, nth, (a, cutoffA, n, b, cutoffB, m) => {
        const [nameA, nameB] = [baseJobName(a, cutoffA), baseJobName(b, cutoffB)];
        if (nameA !== nameB || n !== m) expect(attemptKey(nameA, n)).not.toBe(attemptKey(nameB, m));
      }),
      { numRuns: 2000 },
    );
  });
});
