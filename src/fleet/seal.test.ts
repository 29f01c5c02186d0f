import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConflictError, NotFoundError, UsageError } from '../kernel/errors.ts';
import { COMPONENT, ENVIRONMENT, fleetOf, testWorld } from '../testing/test-world.ts';
import { person } from '../testing/test-rows.ts';
import type { TestWorld } from '../testing/test-world.ts';
import { readSealedPlan, refuseIfMoved, sealPlan, writeSealedPlan } from './index.ts';

const READINGS = join(import.meta.dirname, '../../test/fixtures/delta/readings');
const more = ', data_path: data.csv, hyperparameters: {alpha: 1}, tags: {line: "1"}';

let w: TestWorld;
let file: string;
beforeEach(async () => {
  w = await testWorld({ circuits: fleetOf(3, more) });
  await w.write('data.csv', '1,2\n');
  await w.write('components/src/train.py', 'print(1)\n');
  await w.write('components/training-pipeline-component.yaml', `${COMPONENT}code: ./src\n`);
  file = join(w.root, 'plan.json');
});
afterEach(() => w[Symbol.asyncDispose]());

const seal = async (): Promise<void> => {
  const planned = await w.plan();
  await writeSealedPlan(
    file,
    sealPlan('2026-01-01T00:00:00.000Z', planned.plan, planned.options, planned.inputs()),
  );
};
/** What `run --plan` would do now: null, or the names of what moved. */
const moved = async (pinned = true): Promise<unknown> => {
  const sealed = await readSealedPlan(file);
  const now = await w.plan(sealed.options, pinned ? sealed.pins : undefined);
  try {
    refuseIfMoved(file, sealed, now.inputs());
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(ConflictError);
    expect((error as ConflictError).hint).toContain('trainyard plan');
    return (error as ConflictError).details['moved'];
  }
};
const edit = async (path: string, from: string, to: string): Promise<void> => {
  const text = await readFile(join(w.root, path), 'utf8');
  expect(text).toContain(from);
  await writeFile(join(w.root, path), text.replace(from, to));
};

describe('a sealed plan', () => {
  it('runs while nothing moved', async () => {
    await seal();
    expect(await moved()).toBeNull();
  });

  it('does not mind comments, order of keys, and what stands on which line', async () => {
    await seal();
    await edit('config/circuits.yaml', 'defaults: {', '# a comment\n\ndefaults: {');
    await edit('config/circuits.yaml', '{plant_id: p, circuit_id: c001}', '{circuit_id: c001, plant_id: p}');
    await edit('components/training-pipeline-component.yaml', 'type: command', '# a comment\ntype: command');
    expect(await moved()).toBeNull();
  });

  // One for each input that can move under it.
  it.each<[string, () => Promise<void>, string[]]>([
    ['a hyperparameter', () => edit('config/circuits.yaml', 'alpha: 1', 'alpha: 2'), ['fleet']],
    ['a cutoff date', () => edit('config/circuits.yaml', '2026-01-31', '2026-02-01'), ['fleet']],
    [
      'a circuit that came',
      () => edit('config/circuits.yaml', 'circuits:\n', 'circuits:\n  - {plant_id: p, circuit_id: extra}\n'),
      ['fleet', 'data', 'models'],
    ],
    [
      'a circuit that went',
      () => edit('config/circuits.yaml', '  - {plant_id: p, circuit_id: c001}\n', ''),
      ['fleet', 'data', 'models'],
    ],
    [
      'an environment version',
      () => edit('config/circuits.yaml', 'training_days', 'environment_version: "1", training_days'),
      ['fleet'],
    ],
    [
      'a model name',
      () => edit('config/circuits.yaml', 'circuit_id: c001', 'circuit_id: c001, model_name: other'),
      ['fleet'],
    ],
    ['a tag', () => edit('config/circuits.yaml', 'line: "1"', 'line: "2"'), ['fleet']],
    [
      'optional',
      () => edit('config/circuits.yaml', 'circuit_id: c001', 'circuit_id: c001, optional: true'),
      ['fleet'],
    ],
    [
      'the features',
      () => edit('config/circuits.yaml', 'training_days', 'features: [flow], training_days'),
      ['fleet', 'data'],
    ],
    ['the content of a data file', () => w.write('data.csv', '1,3\n'), ['data']],
    [
      'the component file',
      () => edit('components/training-pipeline-component.yaml', 'default: 1', 'default: 2'),
      ['component'],
    ],
    ['the code of the component', () => w.write('components/src/train.py', 'print(2)\n'), ['component']],
    [
      'the environment file',
      () => w.write('components/environments/plain-env.yaml', ENVIRONMENT.replace('3.12', '3.13')),
      ['environments'],
    ],
    [
      'another environment file',
      () => w.write('components/environments/second.yaml', 'name: second\nversion: "1"\nimage: x\n'),
      ['environments'],
    ],
  ])('refuses when this moved: %s', async (_what, move, names) => {
    await seal();
    await move();
    expect(await moved()).toEqual(names);
  });

  it('refuses when the settings or the base commit moved', async () => {
    await seal();
    const sealed = await readSealedPlan(file);
    const { inputs } = await w.plan();
    expect(() => refuseIfMoved(file, sealed, { ...inputs(), settings: 'other' })).toThrow(
      /stale: trainyard.yaml changed since 2026-01-01/,
    );
    expect(() => refuseIfMoved(file, sealed, { ...inputs(), base_commit: 'c0ffee' })).toThrow(
      /stale: the base commit changed/,
    );
  });

  it('refuses when the good models moved', async () => {
    await seal();
    await w.run({ approve: ['all'], circuits: ['p_c001'] });
    expect(await moved()).toEqual(['models']);
  });

  it('refuses when a good model was withdrawn', async () => {
    await w.run({ approve: ['all'] });
    await seal();
    await w.world.registries.dev.withdraw('p-c001', 1, person('ann'), 'drifts');
    expect(await moved()).toEqual(['models']);
  });

  it('keeps to the table version that latest meant when it was sealed', async () => {
    await w.write('config/circuits.yaml', fleetOf(1, ', delta_table_path: readings, delta_version: latest'));
    await cp(READINGS, join(w.root, 'readings'), { recursive: true });
    await seal();
    await w.write(
      'readings/_delta_log/00000000000000000009.json',
      '{"commitInfo":{"timestamp":1767225600000}}\n',
    );
    const sealed = await readSealedPlan(file);
    expect(sealed.pins).toEqual({ 'readings@latest': 8 });
    expect(await moved()).toBeNull();
    expect(await moved(false)).toEqual(['fleet']);
  });
});

describe('the file of a sealed plan', () => {
  it('says what is trained, for people who read it in a review', async () => {
    await seal();
    const sealed = await readSealedPlan(file);
    expect(sealed).toMatchObject({
      kind: 'trainyard-plan',
      format: 1,
      summary: { train: 3, skip: 0 },
      sealed_at: '2026-01-01T00:00:00.000Z',
    });
    expect(sealed.circuits.map((c) => [c.id, c.action, c.cause])).toEqual([
      ['p_c000', 'train', 'new'],
      ['p_c001', 'train', 'new'],
      ['p_c002', 'train', 'new'],
    ]);
    expect(sealed.plan_id).toBe((await w.plan()).plan.plan_id);
  });

  it('is refused when somebody edited it', async () => {
    await seal();
    await edit('plan.json', '"train"', '"skip"');
    await expect(readSealedPlan(file)).rejects.toThrow(ConflictError);
    await expect(readSealedPlan(file)).rejects.toThrow(/edited after it was sealed/);
  });

  it('is refused when it is none', async () => {
    await expect(readSealedPlan(file)).rejects.toThrow(NotFoundError);
    for (const text of ['not json', '{}', '{"kind":"trainyard-plan","format":2}', '[]']) {
      await writeFile(file, text);
      await expect(readSealedPlan(file)).rejects.toThrow(UsageError);
    }
  });
});
