import { describe, expect, it } from 'vitest';
import { WholeFloat } from '../kernel/yaml.ts';
import { type Circuit, loadFleet } from './load-fleet.ts';
import { circuitFromSettings, diffSettings, settingsOf } from './settings.ts';
import { trainingHash } from './training-hash.ts';

const circuit = (keys = ''): Circuit => {
  const [first] = loadFleet(`circuits:\n  - {plant_id: p, circuit_id: 1${keys === '' ? '' : `, ${keys}`}}`, {
    file: 'c.yaml',
    component_version: '1',
  }).circuits;
  if (first === undefined) throw new Error('no circuit');
  return first;
};
const roundTrip = (c: Circuit): Circuit => circuitFromSettings(JSON.parse(JSON.stringify(settingsOf(c))));
const diff = (before: string, after: string) =>
  diffSettings(settingsOf(circuit(before)), settingsOf(circuit(after)));

const AWKWARD =
  'pipeline_component_version: 2.0, hyperparameters: {a: 1.0, b: -0.0, c: .inf, d: .nan, e: 123456789012345678901234567890, f: {$float: "1.0"}, g: {$map: {$int: 1}}, h: [1.0, {x: 2.0}], i: null, __proto__: {z: 3.0}, j: {$float: 1, k: 2}}';

describe('settingsOf and circuitFromSettings', () => {
  it('bring a circuit through JSON unchanged', () => {
    const before = circuit(AWKWARD);
    const after = roundTrip(before);
    expect(after).toEqual(before);
    expect(
      Object.is(after.hyperparameters['b'], before.hyperparameters['b']) ||
        after.hyperparameters['b'] instanceof WholeFloat,
    ).toBe(true);
    expect(trainingHash(after)).toBe(trainingHash(before));
    expect(({} as Record<string, unknown>)['z']).toBeUndefined();
  });

  it('tag what JSON cannot tell apart', () => {
    expect(
      settingsOf(circuit('hyperparameters: {a: 1.0, b: 12345678901234567890, c: 1.5}')).hyperparameters,
    ).toEqual({
      a: { $float: '1.0' },
      b: { $int: '12345678901234567890' },
      c: 1.5,
    });
  });

  it('refuse what is no snapshot', () => {
    for (const wrong of [null, {}, { id: 'a_b' }, []]) expect(() => circuitFromSettings(wrong)).toThrow();
  });
});

describe('diffSettings', () => {
  it('finds nothing between equals, wherever they stand in the file', () => {
    expect(diffSettings(settingsOf(circuit(AWKWARD)), settingsOf({ ...circuit(AWKWARD), line: 99 }))).toEqual(
      [],
    );
  });

  it('tells a number from the same in quotation marks', () => {
    expect(diff('hyperparameters: {a: 5.0, b: 5}', 'hyperparameters: {a: "5.0", b: "5"}')).toEqual([
      { field: 'hyperparameters.a', before: '5.0', after: '"5.0"' },
      { field: 'hyperparameters.b', before: 5, after: '5' },
    ]);
    expect(diff('hyperparameters: {a: "5.0"}', 'hyperparameters: {a: 5.0}')).toEqual([
      { field: 'hyperparameters.a', before: '"5.0"', after: '5.0' },
    ]);
  });

  it('names fields inside maps with dots', () => {
    expect(
      diff(
        'training_days: 30, hyperparameters: {lr: 0.1, net: {depth: 2}, old: 1}',
        'training_days: 60, hyperparameters: {lr: 0.2, net: {depth: 3}, new: [1.0]}',
      ),
    ).toEqual([
      { field: 'training_days', before: 30, after: 60 },
      { field: 'hyperparameters.lr', before: 0.1, after: 0.2 },
      { field: 'hyperparameters.net.depth', before: 2, after: 3 },
      { field: 'hyperparameters.old', before: 1, after: null },
      { field: 'hyperparameters.new', before: null, after: ['1.0'] },
    ]);
  });

  it('sees 1 become 1.0, which changes the hash', () => {
    expect(diff('hyperparameters: {a: 1}', 'hyperparameters: {a: 1.0}')).toEqual([
      { field: 'hyperparameters.a', before: 1, after: '1.0' },
    ]);
  });

  it('sees a version change that the hash does not', () => {
    expect(diff('pipeline_component_version: 1.1', 'pipeline_component_version: 1.10')).toEqual([
      { field: 'pipeline_component_version', before: '1.1', after: '1.10' },
    ]);
  });

  it('tells null from absent as no difference in settings that count absent as null', () => {
    expect(diff('data_path: null', '')).toEqual([]);
  });

  it('shows lists as a whole', () => {
    expect(diff('features: [a]', 'features: [a, b]')).toEqual([
      { field: 'features', before: ['a'], after: ['a', 'b'] },
    ]);
  });
});
