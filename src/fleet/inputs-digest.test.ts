import { describe, expect, it } from 'vitest';
import { inputsDigest } from './inputs-digest.ts';
import { type Circuit, loadFleet } from './load-fleet.ts';

const circuit = (keys = ''): Circuit => {
  const [first] = loadFleet(`circuits:\n  - {plant_id: p, circuit_id: 1${keys}}`, {
    file: 'c.yaml',
    component_version: '1',
  }).circuits;
  if (first === undefined) throw new Error('no circuit');
  return first;
};

describe('inputsDigest', () => {
  it('is twelve hex digits that stay the same', () => {
    expect(inputsDigest(circuit(), null)).toBe('2a0d3b5a85cb');
  });

  it.each([
    ', features: [a]',
    ', filter: x > 1',
    ', data_path: a.csv',
    ', delta_table_path: t',
    ', plant_column: p',
    ', circuit_column: c',
    ', time_column: t',
  ])('changes with%s', (keys) => {
    expect(inputsDigest(circuit(keys), null)).not.toBe(inputsDigest(circuit(), null));
  });

  it('changes with the content of the data', () => {
    expect(new Set([null, 'aa', 'bb'].map((content) => inputsDigest(circuit(), content))).size).toBe(3);
  });

  it('does not change with what the training hash covers, nor with tags and names', () => {
    const other = circuit(
      ', training_days: 3, cutoff_date: 2026-01-01, hyperparameters: {a: 1}, tags: {a: b}, model_name: m, optional: true, environment_version: 2',
    );
    expect(inputsDigest(other, null)).toBe(inputsDigest(circuit(), null));
  });

  it('takes one filter and a list of one for the same', () => {
    expect(inputsDigest(circuit(', filter: x > 1'), null)).toBe(
      inputsDigest(circuit(', filter: [x > 1]'), null),
    );
  });
});
