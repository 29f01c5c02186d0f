import { describe, expect, it } from 'vitest';
import { ConfigError, type Problem } from '../kernel/errors.ts';
import { WholeFloat } from '../kernel/yaml.ts';
import { type Fleet, loadFleet } from './load-fleet.ts';
import { trainingHash } from './training-hash.ts';

const load = (source: string, component_version: string | null = '1.2.0'): Fleet =>
  loadFleet(source, { file: 'circuits.yaml', component_version });

const only = (source: string) => {
  const [circuit, ...more] = load(source).circuits;
  if (circuit === undefined || more.length > 0) throw new Error('expected one circuit');
  return circuit;
};

const problemsOf = (source: string): readonly Problem[] => {
  try {
    load(source);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('was loaded without complaint');
};

/** `line:column path: message` */
const told = (source: string): string[] =>
  problemsOf(source).map((p) => `${p.line}:${p.column} ${p.path}: ${p.message}`);

describe('loadFleet', () => {
  it('fills in what a circuit does not say', () => {
    expect(only('circuits:\n  - {plant_id: a, circuit_id: 1}')).toEqual({
      id: 'a_1',
      plant_id: 'a',
      circuit_id: '1',
      model_name: 'a-1',
      cutoff_date: null,
      training_days: null,
      delta_version: null,
      delta_table_path: null,
      data_path: null,
      features: [],
      filter: [],
      hyperparameters: {},
      pipeline_component_version: '1.2.0',
      component_version: '1.2.0',
      environment_version: null,
      tags: {},
      optional: false,
      plant_column: null,
      circuit_column: null,
      time_column: null,
      line: 2,
    });
  });

  it('merges defaults: own values win, hyperparameters and tags key by key, lists as a whole', () => {
    const circuit = only(`
defaults:
  training_days: 90
  data_path: data/all.csv
  features: [a, b]
  filter: [x > 1]
  hyperparameters: {lr: 0.1, layers: {first: 1, second: 2}, depth: null}
  tags: {team: north, kind: pump}
circuits:
  - plant_id: p
    circuit_id: 1
    training_days: 30
    features: [c]
    filter: y < 2
    hyperparameters: {layers: {first: 9}, depth: 3}
    tags: {kind: null, floor: 2}
`);
    expect(circuit).toMatchObject({
      training_days: 30,
      data_path: 'data/all.csv',
      features: ['c'],
      filter: ['y < 2'],
      hyperparameters: { lr: 0.1, layers: { first: 9 }, depth: 3 },
      tags: { team: 'north', floor: '2' },
    });
    expect(circuit.tags).not.toHaveProperty('kind');
  });

  it('takes an empty value for "not set", also where a default exists', () => {
    const circuit = only(
      'defaults: {data_path: a.csv, training_days: 3}\ncircuits:\n  - plant_id: p\n    circuit_id: 1\n    data_path:\n    training_days: null\n',
    );
    expect(circuit).toMatchObject({ data_path: null, training_days: null });
  });

  it('keeps ids and versions as they are written', () => {
    const circuit = only(
      'circuits:\n  - {plant_id: 007, circuit_id: 2110, environment_version: 1.10, pipeline_component_version: 1.20, tags: {on_call: no, n: 1_0}}',
    );
    expect(circuit).toMatchObject({
      id: '007_2110',
      plant_id: '007',
      environment_version: '1.10',
      component_version: '1.20',
      pipeline_component_version: 1.2,
      tags: { on_call: 'no', n: '1_0' },
    });
  });

  it('gives hyperparameters as Python has them', () => {
    const { hyperparameters } = only(
      'circuits:\n  - {plant_id: p, circuit_id: 1, hyperparameters: {a: 1.0, b: 010, c: [1e-5, yes], d: "${env:TOKEN}", e: 12345678901234567890}}',
    );
    expect(hyperparameters).toEqual({
      a: new WholeFloat(1),
      b: 8,
      c: ['1e-5', true],
      d: '${env:TOKEN}',
      e: 12_345_678_901_234_567_890n,
    });
  });

  it.each([
    [
      'blocks',
      'circuits:\n  # first\n  - plant_id: p\n    circuit_id: 1\n\n  - plant_id: p\n    circuit_id: 2\n',
      [3, 6],
    ],
    [
      'blocks without indentation',
      'circuits:\n- plant_id: p\n  circuit_id: 1\n- plant_id: p\n  circuit_id: 2\ndefaults: {}\n',
      [2, 4],
    ],
    ['a lone dash', 'circuits:\n  -\n    plant_id: p\n    circuit_id: 1\n', [2]],
    [
      'Windows line ends',
      'circuits:\r\n  - plant_id: p\r\n    circuit_id: 1\r\n  - plant_id: p\r\n    circuit_id: 2\r\n',
      [2, 4],
    ],
    [
      'anchors',
      'circuits:\n  - &first\n    plant_id: p\n    circuit_id: 1\n  - <<: *first\n    circuit_id: 2\n',
      [2, 5],
    ],
    [
      'block texts that look like items',
      'circuits:\n  - plant_id: p\n    circuit_id: 1\n    filter: |\n      - not an item\n  - plant_id: p\n    circuit_id: 2\n',
      [2, 6],
    ],
    ['flow style', 'circuits: [{plant_id: p, circuit_id: 1},\n  {plant_id: p, circuit_id: 2}]\n', [1, 2]],
    ['a quoted key', '"circuits":\n  - plant_id: p\n    circuit_id: 1\n', [2]],
    ['defaults below', 'circuits:\n  - circuit_id: 1\n\ndefaults:\n  plant_id: p\n', [2]],
  ])('knows the line of each circuit: %s', (_, source, lines) => {
    expect(load(source).circuits.map((c) => c.line)).toEqual(lines);
  });

  it('reads a list piece by piece as it reads the whole', () => {
    const items = Array.from(
      { length: 3000 },
      (_, i) =>
        `  - plant_id: plant${i % 7}\n    circuit_id: ${i}\n    cutoff_date: "2026-01-31"\n    features: [temperature_of_the_inlet, "p${i}"]\n    hyperparameters: {lr: ${i}.0, deep: {x: [1e-5, ${i}]}}\n`,
    );
    const source = `defaults:\n  training_days: 30\ncircuits:\n${items.join('')}`;
    const inPieces = load(source);
    const whole = load(`${source}# an anchor in sight: &anchor\n`);
    expect(inPieces.circuits).toHaveLength(3000);
    expect(inPieces.circuits).toEqual(whole.circuits);
    expect(inPieces.warnings).toEqual(whole.warnings);
  });

  it('reports everything at once, with lines, also behind a list', () => {
    expect(
      told(`defaults:
  training_dys: 3
  circuit_id: 4
circuits:
  - plant_id: a b
    circuit_id: /
    cutof_date: 2024-01-01
    training_days: -1
  - plant_id: x
  - plant_id: x
    circuit_id: 1
    cutoff_date: 2023-02-29
    delta_version: 1.0
    features: temp
    optional: maybe
    hyperparameters:
  - text
extra: 1
`),
    ).toEqual([
      '2:3 defaults.training_dys: unknown key `training_dys`',
      '3:3 defaults.circuit_id: `circuit_id` belongs to each circuit, not to defaults',
      '5:15 circuits[0].plant_id: has characters that names may not have: a space',
      '6:17 circuits[0].circuit_id: has characters that names may not have: `/`',
      '7:5 circuits[0].cutof_date: unknown key `cutof_date`',
      '8:20 circuits[0].training_days: must be a positive whole number, is `-1`',
      '9:5 circuits[1]: the key `circuit_id` is missing',
      '12:18 circuits[2].cutoff_date: is `2023-02-29`, a day or time that does not exist',
      '13:20 circuits[2].delta_version: must be a version of a Delta table, is `1.0`',
      '14:15 circuits[2].features: must be a list, is text',
      '15:15 circuits[2].optional: must be true or false, is `maybe`',
      '16:5 circuits[2].hyperparameters: must be a map, is empty',
      '17:5 circuits[3]: must be a map, is text',
      '18:1 extra: unknown key `extra`',
    ]);
  });

  it('says what to write instead', () => {
    const hints = problemsOf(
      'circuits:\n  - {plant_id: p, circuit_id: 1, cutof_date: x, features: [no], delta_version: 3.0}\n',
    ).map((p) => p.hint);
    expect(hints).toEqual(['Did you mean cutoff_date?', 'Put it in quotes: "no".', 'Write 3.']);
  });

  it('places mistakes of a file with anchors or in flow style, too', () => {
    expect(told('circuits: [{plant_id: p, circuit_id: 1, tag: x}]')).toEqual([
      '1:41 circuits[0].tag: unknown key `tag`',
    ]);
    expect(
      told('defaults: &d {plant_id: p}\ncircuits:\n  - <<: *d\n    circuit_id: 1\n    tag: x\n'),
    ).toEqual(['5:5 circuits[0].tag: unknown key `tag`']);
  });

  it('tells the first fifty of many problems and counts the rest', () => {
    const problems = problemsOf(
      `circuits:\n${Array.from({ length: 80 }, (_, i) => `  - {plant_id: p, circuit_id: ${i}, nope: 1}\n`).join('')}`,
    );
    expect(problems).toHaveLength(51);
    expect(problems.at(-1)?.message).toBe('and 30 more');
  });

  it('refuses two circuits of the same id or model name, naming both lines', () => {
    expect(
      told('circuits:\n  - {plant_id: a_b, circuit_id: c}\n  - {plant_id: a, circuit_id: b_c}\n'),
    ).toEqual(['3:5 circuits[1]: the circuit a_b_c stands on line 2 and again on line 3']);
    expect(
      told(
        'circuits:\n  - {plant_id: a, circuit_id: 1}\n  - {plant_id: b, circuit_id: 2, model_name: a-1}\n',
      ),
    ).toEqual(['3:5 circuits[1]: the model name a-1 is used on line 2 and again on line 3']);
  });

  it('blames a broken default once, not in every circuit', () => {
    expect(
      told('defaults: {plant_id: "a b"}\ncircuits:\n  - {circuit_id: 1}\n  - {circuit_id: 2}\n'),
    ).toEqual(['1:22 defaults.plant_id: has characters that names may not have: a space']);
  });

  it.each([
    ['', /the file must be a map, is empty/],
    ['- a', /the file must be a map, is a list/],
    ['defaults: {}', /the key `circuits` is missing/],
    ['circuits:', /must be a list, is empty/],
    ['circuits: {a: 1}', /must be a list, is a map/],
    ['circuits:\n  - plant_id: a\n    circuit_id: 1\n    circuit_id: 2\n', /duplicated/],
    ['circuits:\n  - plant_id: a\n    circuit_id: 1\n---\nx: 1\n', /several documents/],
    [
      'circuits:\n  - plant_id: a\n    circuit_id: 1\ncircuits:\n  - plant_id: b\n    circuit_id: 1\n',
      /duplicated/,
    ],
    [
      'circuits:\n    - plant_id: a\n      circuit_id: 1\n  - plant_id: b\n    circuit_id: 1\n',
      /indentation|readable/,
    ],
    ['circuits:\n  - plant_id: a\n    circuit_id: 1\n    hyperparameters: {1: x}\n', /the key 1 is not text/],
    ['defaults: {hyperparameters: {yes: x}}\ncircuits: []', /the key yes is not text/],
  ])('refuses %j', (source, message) => {
    expect(problemsOf(source)[0]?.message).toMatch(message);
  });

  it('points at the line of a syntax error inside a long list', () => {
    expect(
      problemsOf(
        'circuits:\n  - plant_id: a\n    circuit_id: 1\n  - plant_id: b\n    circuit_id: [2\n  - plant_id: c\n    circuit_id: 3\n',
      )[0]?.line,
    ).toBe(6);
  });

  it('takes an empty fleet', () => {
    expect(load('circuits: []').circuits).toEqual([]);
  });

  it('lets a key __proto__ through to nothing', () => {
    const circuit = only(
      'defaults: {hyperparameters: {__proto__: {polluted: 1}}}\ncircuits:\n  - {plant_id: p, circuit_id: 1, hyperparameters: {a: 1}}',
    );
    expect(Object.keys(circuit.hyperparameters)).toEqual(['__proto__', 'a']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(told('circuits:\n  - {plant_id: p, circuit_id: 1, __proto__: {a: 1}}')).toEqual([
      '2:34 circuits[0].__proto__: unknown key `__proto__`',
    ]);
  });

  it('falls back to the version of the component file, and to nothing where there is none', () => {
    const [circuit] = load('circuits:\n  - {plant_id: p, circuit_id: 1}', null).circuits;
    expect(circuit).toMatchObject({ pipeline_component_version: null, component_version: '' });
  });
});

describe('the warnings of loadFleet', () => {
  const warnings = (source: string): string[] =>
    load(source).warnings.map((w) => `${w.line}:${w.column} ${w.path}: ${w.message} -> ${w.hint}`);
  const hyper = (text: string): string[] =>
    warnings(`circuits:\n  - {plant_id: p, circuit_id: 1, hyperparameters: {x: ${text}}}`);

  it.each([
    ['1e-5', /`1e-5` is text, not a number -> Write 1\.0e-5 /],
    ['1.5E3', /`1.5E3` is text, not a number -> Write 1\.5e\+3 /],
    ['-.5', /is text, not a number -> Write -0\.5 /],
    ['0o17', /is text, not a number -> Write 15 /],
    ['08', /is text, not a number -> Write 8 /],
    ['yes', /`yes` counts as true -> Write true, or "yes" in quotes/],
    ['OFF', /counts as false/],
    ['010', /counts as the number 8 \(octal\) -> Write 8, /],
    ['12:30', /counts as the number 750 \(base 60\)/],
    ['1_000', /counts as the number 1000 ->/],
    ['2026-01-31', /text here, but a date to Python's YAML reader.* -> Put it in quotes/],
  ])('point at %s', (text, expected) => {
    const found = hyper(text);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^2:55 circuits\[0\]\.hyperparameters\.x: /);
    expect(found[0]).toMatch(expected);
  });

  it.each([
    '1.0e-5',
    '"1e-5"',
    "'yes'",
    'true',
    'True',
    '10',
    '0',
    '1.10',
    '"12:30"',
    '~',
    'y',
    '0x1F',
    '1.2.3',
    '-5',
    'text',
  ])('leave %s alone', (text) => {
    expect(hyper(text)).toEqual([]);
  });

  it('speak of the other hashed settings, but not of those that are text anyway', () => {
    expect(
      warnings(
        'circuits:\n  - {plant_id: 007, circuit_id: no, training_days: 010, delta_version: 1_0, cutoff_date: 2026-01-31, pipeline_component_version: 1.10, environment_version: 1.10, tags: {a: yes}}',
      ).map((w) => w.split(':')[1]?.split(' ')[1]),
    ).toEqual([
      'circuits[0].training_days',
      'circuits[0].delta_version',
      'circuits[0].pipeline_component_version',
    ]);
  });

  it('name a default once, where it stands', () => {
    const items = Array.from({ length: 5 }, (_, i) => `  - {plant_id: p, circuit_id: ${i}}\n`).join('');
    expect(warnings(`circuits:\n${items}defaults:\n  hyperparameters:\n    lr: 1e-5\n`)).toEqual([
      expect.stringMatching(/^9:9 defaults\.hyperparameters\.lr: /),
    ]);
  });

  it('leave the hash as Python has it', () => {
    const hashOf = (text: string) =>
      load(`circuits:\n  - {plant_id: p, circuit_id: 1, hyperparameters: {x: ${text}}}`).circuits.map(
        trainingHash,
      );
    expect(hashOf('1e-5')).toEqual(hashOf('"1e-5"'));
    expect(hashOf('010')).toEqual(hashOf('8'));
    expect(hashOf('1.0')).not.toEqual(hashOf('1'));
  });
});
