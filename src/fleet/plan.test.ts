import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LastJob } from '../jobs/index.ts';
import type { GoodModel } from '../registry/index.ts';
import { groupByCause } from './change-groups.ts';
import { loadFleet } from './load-fleet.ts';
import { guardBreadth, isUpToDate, planCircuit, planId } from './plan.ts';
import type { CircuitFacts, Detection, PlannedCircuit } from './plan.ts';

const [circuit] = loadFleet('circuits:\n  - {plant_id: p, circuit_id: c}\n', {
  file: 'circuits.yaml',
  component_version: '1',
}).circuits;
if (circuit === undefined) throw new Error('no circuit');

const wanted = { circuit, training_hash: 'hash-new', inputs_digest: 'inputs-new' };
const model = (more: Partial<GoodModel> = {}): GoodModel => ({
  circuit_id: 'p_c',
  model_name: 'p-c',
  version: 4,
  training_hash: 'hash-old',
  inputs_digest: 'inputs-new',
  created_at: '2026-01-01T00:00:00.000Z',
  accepted: null,
  ...more,
});
const same = model({ training_hash: 'hash-new' });
const job = (more: Partial<LastJob> = {}): LastJob => ({
  circuit_id: 'p_c',
  name: 'p_c_1',
  status: 'failed',
  message: 'KeyError',
  training_hash: 'hash-new',
  inputs_digest: 'inputs-new',
  run_id: 'run_1',
  run_number: 7,
  run_over: true,
  settled: more.run_over ?? true,
  ...more,
});
const git: Detection = { mode: 'git', base_ref: 'origin/main', base_commit: 'c'.repeat(40) };
const accepted = (more = {}) => ({
  hash: 'hash-new',
  digest: 'inputs-new',
  reason: 'only a rename',
  by: 'ann',
  at: '2026-01-02T00:00:00.000Z',
  ...more,
});
const changed = (field: string, before: unknown = 1, after: unknown = 2) => ({ field, before, after });

const plan = (more: Partial<CircuitFacts> = {}): PlannedCircuit =>
  planCircuit({
    wanted,
    good: null,
    last_job: null,
    changes: null,
    changed_since_base: false,
    detection: { mode: 'hash' },
    selected: null,
    if_changed: false,
    include_failed: false,
    ...more,
  });
const told = (more: Partial<CircuitFacts> = {}): [string, string, string] => {
  const { action, cause, reason } = plan(more);
  return [action, cause, reason];
};

describe('isUpToDate', () => {
  it('asks for the hash, and for the inputs digest only where the model has one', () => {
    expect(isUpToDate(wanted, null)).toBe(false);
    expect(isUpToDate(wanted, same)).toBe(true);
    expect(isUpToDate(wanted, model())).toBe(false);
    expect(isUpToDate(wanted, model({ training_hash: 'hash-new', inputs_digest: 'other' }))).toBe(false);
    expect(isUpToDate(wanted, model({ training_hash: 'hash-new', inputs_digest: '' }))).toBe(true);
  });

  it('counts what a model was trained on and what it was accepted for', () => {
    expect(isUpToDate(wanted, model({ accepted: accepted() }))).toBe(true);
    expect(isUpToDate(wanted, { ...same, accepted: accepted({ hash: 'hash-other' }) })).toBe(true);
    expect(isUpToDate(wanted, model({ accepted: accepted({ hash: 'hash-other' }) }))).toBe(false);
  });
});

describe('planCircuit', () => {
  it('says what it is about', () => {
    expect(plan({ good: model(), changes: [changed('training_days', 30, 60)] })).toEqual({
      id: 'p_c',
      action: 'train',
      cause: 'config',
      reason: 'training_days 30 → 60',
      line: 2,
      training_hash: 'hash-new',
      inputs_digest: 'inputs-new',
      previous_hash: 'hash-old',
      changes: [{ field: 'training_days', before: 30, after: 60 }],
    });
  });

  it.each<[string, Partial<CircuitFacts>, [string, string, string]]>([
    ['new', {}, ['train', 'new', 'no model yet']],
    ['unchanged', { good: same }, ['skip', 'unchanged', 'same as p-c v4']],
    [
      'accepted',
      { good: model({ accepted: accepted() }) },
      ['skip', 'accepted', 'p-c v4 was accepted for these settings by ann: only a rename'],
    ],
    [
      'accepted inputs',
      { good: { ...same, inputs_digest: 'inputs-old', accepted: accepted() } },
      ['skip', 'accepted', 'p-c v4 was accepted for these settings by ann: only a rename'],
    ],
    [
      'a setting',
      { good: model(), changes: [changed('hyperparameters.ridge')] },
      ['train', 'config', 'hyperparameters.ridge 1 → 2'],
    ],
    [
      'a number that was put into quotation marks',
      { good: model(), changes: [changed('hyperparameters.ridge', 1, '1')] },
      ['train', 'config', 'hyperparameters.ridge 1 → "1"'],
    ],
    [
      'data',
      { good: model(), changes: [changed('delta_version', 12, 13)] },
      ['train', 'data', 'delta_version 12 → 13'],
    ],
    [
      'the component',
      { good: model(), changes: [changed('pipeline_component_version', '1', '2')] },
      ['train', 'component', 'pipeline_component_version 1 → 2'],
    ],
    [
      'inputs',
      { good: model(), changes: [changed('features', ['a'], ['a', 'b'])] },
      ['train', 'inputs', 'features ["a"] → ["a","b"]'],
    ],
    [
      'the content of a file',
      { good: model(), changes: [changed('data_content', 'abc', 'def')] },
      ['train', 'inputs', 'data_content abc → def'],
    ],
    [
      'several things: the most telling cause',
      {
        good: model(),
        changes: [
          changed('features', 'a', 'b'),
          changed('delta_version'),
          changed('cutoff_date', null, '2026-01-01'),
        ],
      },
      ['train', 'config', 'features a → b, delta_version 1 → 2, cutoff_date none → 2026-01-01'],
    ],
    [
      'many things: three of them',
      { good: model(), changes: ['a', 'b', 'c', 'd', 'e'].map((k) => changed(`hyperparameters.${k}`)) },
      [
        'train',
        'config',
        'hyperparameters.a 1 → 2, hyperparameters.b 1 → 2, hyperparameters.c 1 → 2 and 2 more',
      ],
    ],
    [
      'something nobody can name',
      { good: model() },
      ['train', 'config', 'training hash hash-new differs from hash-old of p-c v4'],
    ],
    [
      'failed before',
      { last_job: job() },
      ['skip', 'owed_failed', 'failed in run 7 (KeyError); the retry gate offers it again'],
    ],
    [
      'failed and still at its gate',
      { last_job: job({ run_over: false }) },
      ['skip', 'owed_failed', 'failed in run 7 (KeyError), which still waits at its retry gate'],
    ],
    [
      'failed, as asked',
      { last_job: job(), include_failed: true },
      ['train', 'owed_failed', 'failed in run 7 (KeyError); trained again as asked'],
    ],
    [
      'canceled',
      { last_job: job({ status: 'canceled', message: null }) },
      ['train', 'owed_unfinished', 'its job was canceled in run 7'],
    ],
    [
      'abandoned',
      { last_job: job({ status: 'running', message: null }) },
      ['train', 'owed_unfinished', 'run 7 ended before its job did'],
    ],
    [
      'in flight',
      { last_job: job({ status: 'running', run_over: false }) },
      ['skip', 'owed_unfinished', 'run 7 is training it (job p_c_1)'],
    ],
    [
      'trained and not registered yet',
      { last_job: job({ status: 'succeeded', run_over: false }) },
      ['skip', 'owed_unfinished', 'run 7 has trained it and goes on with it (job p_c_1)'],
    ],
    [
      'withdrawn',
      { last_job: job({ status: 'succeeded', message: null }) },
      ['train', 'owed_unfinished', 'trained in run 7, but that model is not in the registry as good'],
    ],
    ['selected', { good: same, selected: true }, ['train', 'selected', 'selected by hand']],
    ['not selected', { selected: false }, ['skip', 'unchanged', 'not selected']],
    [
      'selected and failed before',
      { last_job: job(), selected: true },
      ['train', 'selected', 'selected by hand'],
    ],
    [
      'selected and in flight',
      { good: same, last_job: job({ status: 'queued', run_over: false }), selected: true },
      ['skip', 'owed_unfinished', 'run 7 is training it (job p_c_1)'],
    ],
    [
      'selected if changed, unchanged',
      { good: same, selected: true, if_changed: true },
      ['skip', 'unchanged', 'same as p-c v4'],
    ],
    [
      'selected if changed, changed',
      { good: model(), selected: true, if_changed: true, changes: [changed('training_days')] },
      ['train', 'config', 'training_days 1 → 2'],
    ],
    [
      'git: changed since the base',
      { good: model(), detection: git, changed_since_base: true, changes: [changed('training_days')] },
      ['train', 'config', 'training_days 1 → 2'],
    ],
    [
      'git: owed since before the base',
      { good: model(), detection: git, changes: [changed('training_days')] },
      ['train', 'config', 'owed since before origin/main: training_days 1 → 2'],
    ],
  ])('explains %s', (_what, facts, expected) => {
    expect(told(facts)).toEqual(expected);
  });

  it('counts only a job at the very settings that are wanted now', () => {
    expect(told({ last_job: job({ training_hash: 'hash-older' }) })[1]).toBe('new');
    expect(told({ last_job: job({ inputs_digest: 'inputs-older' }) })[1]).toBe('new');
    expect(
      told({
        good: model(),
        last_job: job({ status: 'running', run_over: false, training_hash: 'hash-older' }),
      })[0],
    ).toBe('train');
  });

  it('cuts long values short', () => {
    expect(told({ good: model(), changes: [changed('filter', 'x'.repeat(60), null)] })[2]).toBe(
      `filter ${'x'.repeat(37)}… → none`,
    );
  });

  it('never leaves a circuit out that nothing answers for, and never trains one twice at once', () => {
    const arbitrary = fc.record({
      good: fc.constantFrom(null, same, model(), model({ accepted: accepted() })),
      last_job: fc.option(
        fc
          .record({
            status: fc.constantFrom(
              'pending',
              'queued',
              'preparing',
              'running',
              'succeeded',
              'failed',
              'canceled',
            ),
            run_over: fc.boolean(),
            training_hash: fc.constantFrom('hash-new', 'hash-old'),
          })
          .map((more) => job(more as Partial<LastJob>)),
      ),
      selected: fc.constantFrom(null, true, false),
      if_changed: fc.boolean(),
      include_failed: fc.boolean(),
    });
    fc.assert(
      fc.property(arbitrary, (facts) => {
        const { action, cause, reason } = plan(facts);
        expect(reason).not.toBe('');
        const mine =
          facts.last_job !== null && facts.last_job.training_hash === 'hash-new' ? facts.last_job : null;
        const inFlight =
          mine !== null &&
          !mine.run_over &&
          ['pending', 'queued', 'preparing', 'running'].includes(mine.status);
        if (inFlight) expect(action).toBe('skip');
        if (action === 'skip' && facts.selected !== false)
          expect(
            isUpToDate(wanted, facts.good) || inFlight || cause === 'owed_failed' || mine?.run_over === false,
          ).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('guardBreadth', () => {
  const blocked = (retrain: number, with_model: number, max = 0.3): boolean =>
    guardBreadth({ retrain, with_model }, max, null).blocked;

  it('lets exactly the limit through, and stops one more', () => {
    expect(blocked(30, 100)).toBe(false);
    expect(blocked(31, 100)).toBe(true);
  });

  it('says nothing below ten circuits, whatever their share', () => {
    expect(blocked(9, 9)).toBe(false);
    expect(blocked(10, 10)).toBe(true);
    expect(blocked(10, 33)).toBe(true);
    expect(blocked(10, 34)).toBe(false);
  });

  it('does not trip over fractions that a computer cannot hold', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 1000 }),
        (percent, hundreds) => {
          const [exact, all] = [percent * hundreds, 100 * hundreds];
          expect(blocked(exact, all, percent / 100)).toBe(false);
          if (exact + 1 >= 10 && exact < all) expect(blocked(exact + 1, all, percent / 100)).toBe(true);
        },
      ),
    );
  });

  it('is lifted by a reason, which is kept', () => {
    expect(guardBreadth({ retrain: 90, with_model: 100 }, 0.3, 'new component')).toEqual({
      blocked: false,
      retrain: 90,
      with_model: 100,
      max_changed: 0.3,
      allow_wide: 'new component',
    });
  });
});

describe('planId', () => {
  const parts = { detection: git, circuits: [plan({ good: model() })], seal: 'digest' };

  it('is the same for the same decisions on the same inputs', () => {
    expect(planId(parts)).toBe(planId({ ...parts, circuits: [plan({ good: model() })] }));
    expect(planId(parts)).toMatch(/^plan_[0-9a-f]{12}$/);
  });

  it.each<[string, Parameters<typeof planId>[0]]>([
    ['a decision', { ...parts, circuits: [plan({ good: same })] }],
    ['a circuit', { ...parts, circuits: [] }],
    ['the base', { ...parts, detection: { mode: 'hash' } }],
    ['the component', { ...parts, seal: 'other' }],
  ])('changes with %s', (_what, other) => {
    expect(planId(other)).not.toBe(planId(parts));
  });
});

describe('groupByCause', () => {
  const many = (ids: readonly string[], more: Partial<CircuitFacts>): PlannedCircuit[] =>
    ids.map((id) => ({ ...plan(more), id }));
  const ids = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, i) => `c${from + i}`);

  it('collapses four hundred circuits into the three edits behind them', () => {
    const circuits = [
      ...many(ids(0, 300), { good: model(), changes: [changed('cutoff_date', 'a', 'b')] }),
      ...many(ids(300, 390), { good: model(), changes: [changed('pipeline_component_version', '1', '2')] }),
      ...many(ids(390, 400), { good: model(), changes: [changed('hyperparameters.lr', 1, 2)] }),
    ];
    expect(groupByCause(circuits).map((g) => [g.cause, g.circuits.length, g.reason])).toEqual([
      ['config', 300, 'cutoff_date a → b'],
      ['config', 10, 'hyperparameters.lr 1 → 2'],
      ['component', 90, 'pipeline_component_version 1 → 2'],
    ]);
  });

  it('makes one group of what stays, whatever versions the models have', () => {
    const circuits = ids(0, 50).flatMap((id, i) => many([id], { good: { ...same, version: i } }));
    expect(groupByCause(circuits)).toMatchObject([
      { action: 'skip', cause: 'unchanged', reason: 'same settings and data as the good model' },
    ]);
  });

  it('makes one group of failures of one run, whatever each of them said', () => {
    const circuits = ids(0, 50).flatMap((id) =>
      many([id], { last_job: job({ message: `error (in ${id})` }) }),
    );
    expect(groupByCause(circuits).map((g) => g.reason)).toEqual([
      'failed in run 7; the retry gate offers it again',
    ]);
  });

  it('makes one group of models whose settings nobody knows, though every hash differs', () => {
    const circuits = ids(0, 50).flatMap((id) => many([id], { good: model({ training_hash: `hash-${id}` }) }));
    expect(groupByCause(circuits).map((g) => g.circuits.length)).toEqual([50]);
  });

  it('makes one group of circuits whose own data files changed', () => {
    const circuits = ids(0, 50).flatMap((id) =>
      many([id], { good: model(), changes: [changed('data_content', `${id}a`, `${id}b`)] }),
    );
    expect(groupByCause(circuits).map((g) => g.circuits.length)).toEqual([50]);
  });

  it('loses no circuit and keeps each in one group', () => {
    const facts = fc.array(
      fc.constantFrom<Partial<CircuitFacts>>(
        {},
        { good: same },
        { good: model() },
        { last_job: job() },
        { selected: false },
        { good: model(), changes: [changed('features', 'a', 'b')] },
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(facts, (list) => {
        const circuits = list.flatMap((more, i) => many([`c${i}`], more));
        expect(
          groupByCause(circuits)
            .flatMap((g) => g.circuits)
            .toSorted(),
        ).toEqual(circuits.map((c) => c.id).toSorted());
      }),
    );
  });
});
