import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adviceFor, analyzeFailure, groupFailures } from '../index.ts';

const failed = (circuit_id: string, message: string) => ({
  circuit_id,
  failure: analyzeFailure({ reason: 'user_code', message, exit_code: 1, log_tail: '' }),
});
const NAN = 'ValueError: Input X contains NaN.';
const MODULE = "ModuleNotFoundError: No module named 'prophet'";
const RESET = 'ConnectionResetError: [Errno 104] Connection reset by peer';

describe('groupFailures', () => {
  it('puts equal causes together, the largest group first, then by title', () => {
    const groups = groupFailures([
      failed('a_1', NAN),
      failed('a_2', RESET),
      failed('a_3', MODULE),
      failed('a_4', NAN),
      failed('a_4', NAN),
    ]);
    expect(groups).toMatchObject([
      { number: 1, title: NAN, class: 'data', count: 3, circuits: ['a_1', 'a_4'] },
      { number: 2, title: RESET, class: 'transient', count: 1, circuits: ['a_2'] },
      { number: 3, title: MODULE, class: 'config', count: 1, circuits: ['a_3'] },
    ]);
    expect(groups[2]?.advice).toContain('environment file');
    expect(groupFailures([])).toEqual([]);
  });

  it('calls an error systematic that three circuits share, or two of at most four', () => {
    const systematic = (...circuits: [string, string][]): boolean | undefined =>
      groupFailures(circuits.map(([id, message]) => failed(id, message)))[0]?.systematic;
    expect(systematic(['a', NAN])).toBe(false);
    expect(systematic(['a', NAN], ['a', NAN])).toBe(false);
    expect(systematic(['a', NAN], ['b', NAN], ['c', RESET], ['d', MODULE])).toBe(true);
    expect(
      systematic(['a', NAN], ['b', NAN], ['c', RESET], ['d', MODULE], ['e', MODULE.replace('pr', 'x')]),
    ).toBe(false);
    expect(systematic(['a', NAN], ['b', NAN], ['c', NAN], ['d', RESET], ['e', MODULE], ['f', RESET])).toBe(
      true,
    );
  });

  it('gives the same groups and numbers whatever the order, and counts every failure once', () => {
    const one = fc.record({
      circuit_id: fc.constantFrom('a', 'b', 'c', 'd'),
      failure: fc
        .constantFrom(
          NAN,
          MODULE,
          RESET,
          'CUDA out of memory. Tried 2 GiB',
          'KeyError: "[\'flow\'] not in index"',
          "KeyError: 'flow'",
        )
        .map((message) => failed('x', message).failure),
    });
    fc.assert(
      fc.property(fc.array(one), fc.nat(), (all, seed) => {
        const turned = all
          .map((x, i) => ({ x, by: (i * 7919 + seed) % 101 }))
          .toSorted((a, b) => a.by - b.by);
        const groups = groupFailures(all);
        expect(groupFailures(turned.map(({ x }) => x))).toEqual(groups);
        expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(all.length);
        expect(groups.map(({ number }) => number)).toEqual(groups.map((_, i) => i + 1));
      }),
    );
  });
});

describe('adviceFor', () => {
  it.each([
    ['KeyError at os.environ', 'config', "KeyError: 'API_KEY'", 'environment_variables'],
    ['a missing column', 'data', "KeyError: 'flow'", '`features`'],
    ['memory of the GPU', 'capacity', 'CUDA out of memory', 'batch'],
    ['a full disk', 'capacity', 'No space left on device', 'free some space'],
    [
      'a refused token',
      'config',
      'HTTPError: 401 Client Error: Unauthorized for url: https://x',
      'credentials',
    ],
    ['an exception of nobody', 'code', 'TypeError: f() takes 1 argument', 'version of the component'],
    ['nothing known', 'unknown', 'exit code 1, and the log does not say why', 'by hand'],
    ['what passes', 'transient', 'lost: neither the job nor its result could be found again', 'retry'],
  ] as const)('says for %s what to do', (_, of, title, words) => {
    expect(adviceFor({ class: of, title, sample: [] })).toContain(words);
  });

  it('finds the cause in the log where the title was cut', () => {
    const sample = ["fleet.Error: the environment is not complete: No module named 'prophet'"];
    expect(adviceFor({ class: 'config', title: 'Error: the environment…', sample })).toContain(
      'environment file',
    );
  });
});
