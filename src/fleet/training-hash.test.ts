import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { runPython } from '../../test/python.ts';
import { pythonFloat } from '../kernel/python-json.ts';
import { isMap } from '../kernel/findings.ts';
import { WholeFloat } from '../kernel/yaml.ts';
import { loadFleet } from './load-fleet.ts';
import { trainingHash } from './training-hash.ts';

const folder = join(import.meta.dirname, '../../test/fixtures/training-hash');
const Golden = z.record(z.string(), z.object({ json: z.string(), training_hash: z.string() }));
const golden = Golden.parse(JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')));
const cases = loadFleet(readFileSync(join(folder, 'cases.yaml'), 'utf8'), {
  file: 'cases.yaml',
  component_version: null,
});

/** What a Python script of old does with a list of settings. */
const HASH = `
import hashlib, json
def training_hash(c):
    keys = ["cutoff_date", "delta_version", "pipeline_component_version", "training_days"]
    x = {k: c.get(k) for k in keys}
    x["hyperparameters"] = c.get("hyperparameters", {})
    return hashlib.md5(json.dumps(x, sort_keys=True).encode()).hexdigest()[:12]
`;

describe('trainingHash', () => {
  it.each(cases.circuits.map((circuit) => [circuit.circuit_id, circuit] as const))(
    'equals the hash of PyYAML and CPython: %s',
    (id, circuit) => {
      expect(trainingHash(circuit)).toBe(golden[id]?.training_hash);
    },
  );

  it('covers every golden case', () => {
    expect(cases.circuits.map((c) => c.circuit_id).toSorted()).toEqual(Object.keys(golden).toSorted());
  });

  it('has golden hashes that the PyYAML of this machine confirms', (context) => {
    const answer = runPython(
      'import runpy, sys, yaml\nsys.argv = [sys.argv[1], "--check"]\nrunpy.run_path(sys.argv[0], run_name="__main__")',
      '',
      join(folder, 'make-golden.py'),
    );
    if (answer === null) return context.skip('there is no python3 with PyYAML');
    expect(answer).toBe('');
  });

  const settings = fc.sample(anySettings(), { numRuns: 400, seed: 11 });

  it('equals the hash of CPython for generated settings', (context) => {
    const python = runPython(
      `${HASH}\nimport sys\nfor c in json.load(sys.stdin): print(training_hash(c))`,
      `[${settings.map(write).join(',')}]`,
    );
    if (python === null) return context.skip('there is no python3');
    expect(hashesHere()).toEqual(python.trimEnd().split('\n'));
  });

  it('equals the hash of PyYAML and CPython for generated YAML', (context) => {
    const python = runPython(
      `${HASH}\nimport sys, yaml\nfor c in yaml.safe_load(sys.stdin)["circuits"]: print(training_hash(c))`,
      fleetYaml(),
    );
    if (python === null) return context.skip('there is no python3 with PyYAML');
    expect(hashesHere()).toEqual(python.trimEnd().split('\n'));
  });

  const fleetYaml = () =>
    `circuits:\n${settings
      .map(
        (s, i) =>
          `  - plant_id: p\n    circuit_id: ${i}\n${Object.entries(s)
            .map(([key, value]) => `    ${key}: ${write(value)}\n`)
            .join('')}`,
      )
      .join('')}`;
  const hashesHere = () =>
    loadFleet(fleetYaml(), { file: 'generated', component_version: null }).circuits.map(trainingHash);
});

/** Settings as YAML and JSON can both write them; every key may be absent. */
function anySettings() {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.string({ maxLength: 12 }),
    fc.constantFrom('1e-5', 'yes', 'null', '2024-01-01', '1.0', '~', '😀', 'ÿ', '\u2028', '<<', '= x'),
  );
  const number = fc.oneof(
    fc.integer(),
    fc.bigInt(),
    fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .map((x) => (Number.isInteger(x) ? new WholeFloat(x) : x)),
    fc.integer({ min: -30, max: 30 }).map((e) => new WholeFloat(Number(`1e${e}`))),
  );
  const leaf = fc.oneof(text, number, fc.boolean(), fc.constant(null));
  const key = text.filter((name) => name !== '__proto__' && name !== '<<');
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      { weight: 3, arbitrary: leaf },
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
    ),
  }));
  return fc.record(
    {
      cutoff_date: fc.constantFrom('2025-11-01', '2024-02-29', '2025-11-01T06:30:00Z', null),
      training_days: fc.oneof(fc.integer({ min: 1, max: 4000 }), fc.constant(null)),
      delta_version: fc.oneof(fc.nat(), fc.constantFrom('latest', '2025-11-01T00:00:00Z', null)),
      pipeline_component_version: fc.oneof(
        fc.constantFrom('1.0.0', '2', null),
        fc.nat(),
        fc.constantFrom(1.5, new WholeFloat(2)),
      ),
      hyperparameters: fc.dictionary(key, tree, { maxKeys: 8 }),
    },
    { requiredKeys: [] },
  );
}

/** A value as text that YAML 1.1 in flow style and Python's JSON reader read alike. */
function write(value: unknown): string {
  if (value instanceof WholeFloat) return writeFloat(value.value);
  if (typeof value === 'number' && !Number.isInteger(value)) return writeFloat(value);
  if (typeof value === 'string') return writeText(value);
  if (Array.isArray(value)) return `[${value.map(write).join(', ')}]`;
  if (isMap(value))
    return `{${Object.entries(value)
      .map(([key, item]) => `${writeText(key)}: ${write(item)}`)
      .join(', ')}}`;
  return String(value);
}

/** YAML 1.1 wants a point in every float: `1e-05` would be text. */
function writeFloat(value: number): string {
  const text = pythonFloat(value);
  return text.includes('.') ? text : text.replace('e', '.0e');
}

const writeText = (text: string): string =>
  `"${[...text].map((c) => (/[ !#-[\]-~]/.test(c) && c.length === 1 ? c : c.length > 1 ? c : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)).join('')}"`;
