import { describe, expect, it } from 'vitest';
import { ConfigError } from './errors.ts';
import { WholeFloat, Written, parseYaml, positions } from './yaml.ts';

const problemOf = (source: string) => {
  try {
    parseYaml(source, 'a.yaml');
  } catch (error) {
    if (error instanceof ConfigError) return error.problems[0];
    throw error;
  }
  throw new Error(`was read without complaint: ${source}`);
};

describe('parseYaml', () => {
  it('reads scalars as PyYAML does', () => {
    const values =
      '[010, 1e-5, 1.0e-05, y, yes, NO, ~, .inf, 12:30, 0:30, 1:30.5, 08, 0o17, 0b101, 1_000, .5, -.5, "1", .]';
    expect(parseYaml(values, 'a.yaml')).toEqual([
      8,
      '1e-5',
      0.00001,
      'y',
      true,
      false,
      null,
      Infinity,
      750,
      '0:30',
      90.5,
      '08',
      '0o17',
      5,
      1000,
      0.5,
      '-.5',
      '1',
      '.',
    ]);
  });

  it('keeps 1.0 apart from 1, and -0.0 from 0', () => {
    expect(parseYaml('[1, 1.0, -0.0, -0]', 'a.yaml')).toEqual([1, new WholeFloat(1), new WholeFloat(-0), 0]);
  });

  it('keeps every digit of integers beyond 2^53', () => {
    const huge = 123_456_789_012_345_678_901_234_567_890n;
    expect(
      parseYaml(
        '[9007199254740991, 9007199254740993, 123456789012345678901234567890, 0xFFFFFFFFFFFFFFFF]',
        'a.yaml',
      ),
    ).toEqual([9_007_199_254_740_991, 9_007_199_254_740_993n, huge, 0xffff_ffff_ffff_ffffn]);
  });

  it('leaves unquoted dates as text', () => {
    expect(parseYaml('[2026-03-31, 2026-03-31T12:00:00Z]', 'a.yaml')).toEqual([
      '2026-03-31',
      '2026-03-31T12:00:00Z',
    ]);
  });

  it('remembers how a scalar was written, on request', () => {
    expect(
      parseYaml('[007, 1.10, yes, 1e-5, 2026-03-31, 7, 1.0, true, "1e-5", text]', 'a.yaml', {
        keep_writing: true,
      }),
    ).toEqual([
      new Written(7, '007'),
      new Written(1.1, '1.10'),
      new Written(true, 'yes'),
      new Written('1e-5', '1e-5'),
      new Written('2026-03-31', '2026-03-31'),
      7,
      new WholeFloat(1),
      true,
      '1e-5',
      'text',
    ]);
  });

  it('reads an empty file as null, and copes with a byte order mark and Windows line ends', () => {
    expect(parseYaml('', 'a.yaml')).toBeNull();
    expect(parseYaml('# nothing\n', 'a.yaml')).toBeNull();
    expect(parseYaml('\uFEFFa: 1\r\nb: 2\r\n', 'a.yaml')).toEqual({ a: 1, b: 2 });
  });

  it('merges with <<, where own keys win', () => {
    expect(parseYaml('a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}', 'a.yaml')).toEqual({
      a: { x: 1, y: 2 },
      b: { x: 1, y: 3 },
    });
  });

  it('takes the key __proto__ for a key', () => {
    const read = parseYaml('__proto__: {polluted: true}', 'a.yaml');
    expect(Object.keys(read as object)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each([
    ['a: 1\nb: 2\na: 3', 3, 1, /duplicated/, /Keep one/],
    ['a: [1, 2', 1, 9, /flow collection/, /Close the bracket/],
    ['a: 1\n b: 2', 2, 3, /indentation/, /same indentation/],
    ['a: "x\nb: 1', 2, 1, /indentation/, /quotation mark/],
    ['x: 1\n12: 2', 2, 1, /key 12 is not text/, /Quote the key/],
    ['yes: 1', 1, 1, /key true is not text/, /Quote the key/],
    ['2.0: 1', 1, 1, /key 2.0 is not text/, /Quote the key/],
    [': 1', 1, 1, /not text/, /Quote the key/],
    ['a: !!python/object:os.system x', 1, 4, /unknown scalar tag/, /Remove the tag/],
    ['a: *nowhere', 1, 5, /unidentified alias/, /anchor/],
    ['a: &a [*a]', 1, 8, /contains it/, /Write the values out/],
  ])('says where %j is wrong and what helps', (source, line, column, message, hint) => {
    const problem = problemOf(source);
    expect(problem).toMatchObject({ file: 'a.yaml', line, column });
    expect(problem?.message).toMatch(message);
    expect(problem?.hint).toMatch(hint);
  });

  it('refuses several documents in one file', () => {
    expect(problemOf('a: 1\n---\nb: 2')?.message).toMatch(/several documents/);
  });

  it('refuses aliases that blow a few lines up to millions of values', () => {
    const level = (name: string, of: string) =>
      `${name}: &${name} [${Array.from({ length: 10 }, () => of).join(', ')}]`;
    const bomb = [
      level('a', 'x'),
      level('b', '*a'),
      level('c', '*b'),
      level('d', '*c'),
      level('e', '*d'),
      level('f', '*e'),
    ].join('\n');
    expect(problemOf(bomb)?.message).toMatch(/blow the document up/);
  });

  it('refuses nesting without end, written out or by aliases', () => {
    expect(problemOf('['.repeat(200))?.message).toMatch(/nesting/);
    const chain = [
      'a0: &a0 [x]',
      ...Array.from({ length: 150 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]`),
    ].join('\n');
    expect(problemOf(chain)?.message).toMatch(/nesting/);
  });

  it('takes many aliases of one modest map', () => {
    const source = `base: &base {a: 1, b: 2}\nlist:\n${'  - *base\n'.repeat(20_000)}`;
    expect((parseYaml(source, 'a.yaml') as { list: unknown[] }).list).toHaveLength(20_000);
  });
});

describe('positions', () => {
  const source = 'a: 1\nb:\n  - x: 1\n    y: {z: 3}\n  - *q\nempty:\n';

  it('finds values and their keys', () => {
    expect(positions(source, [['a'], ['b', 0, 'y', 'z'], ['b', 1]])).toEqual([
      { line: 1, column: 4, key: { line: 1, column: 1 } },
      { line: 4, column: 12, key: { line: 4, column: 9 } },
      { line: 5, column: 5, key: null },
    ]);
  });

  it('points at quotation marks, not behind them', () => {
    expect(positions('"a": "x"\nb: \'y\'', [['a'], ['b']])).toEqual([
      { line: 1, column: 6, key: { line: 1, column: 1 } },
      { line: 2, column: 4, key: { line: 2, column: 1 } },
    ]);
  });

  it('points at the key where nothing follows it', () => {
    expect(positions(source, [['empty']])).toEqual([{ line: 6, column: 1, key: { line: 6, column: 1 } }]);
  });

  it('gives the nearest ancestor for what is not there', () => {
    expect(positions(source, [['b', 0, 'missing'], ['b', 1, 'behind', 'alias'], ['nowhere']])).toEqual([
      { line: 3, column: 5, key: null },
      { line: 5, column: 5, key: null },
      { line: 1, column: 1, key: null },
    ]);
  });

  it('gives null for a text that cannot be read', () => {
    expect(positions('a: [', [['a']])).toEqual([null]);
  });
});
