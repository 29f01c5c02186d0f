import { describe, expect, it } from 'vitest';
import { CircuitEntry, READERS, readQuickly } from './circuit-schema.ts';

describe('readQuickly', () => {
  const entry = {
    plant_id: 'p',
    circuit_id: 1,
    training_days: 3,
    features: ['a'],
    filter: 'x > 1',
    tags: { a: 1, b: null },
    optional: true,
    data_path: null,
  };

  it('gives what the schema gives', () => {
    expect(readQuickly(entry)).toEqual(CircuitEntry.parse(entry));
  });

  const mistakes: Record<string, unknown>[] = [
    { training_days: -1 },
    { nope: 1 },
    { toString: 1 },
    { features: [1] },
  ];

  it.each(mistakes)('leaves %j to the schema, which refuses it', (wrong) => {
    expect(readQuickly({ ...entry, ...wrong })).toBeNull();
    expect(CircuitEntry.safeParse({ ...entry, ...wrong }).success).toBe(false);
  });

  it('knows every key that the schema knows', () => {
    expect(Object.keys(READERS).toSorted()).toEqual(Object.keys(CircuitEntry.shape).toSorted());
  });
});
