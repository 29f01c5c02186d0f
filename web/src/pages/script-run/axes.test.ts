import { describe, expect, it } from 'vitest';
import { axisOf, bestOf, groupsBy, guessedGoal, measured, shortNames, sortFor, varying } from './axes.ts';

const row = (id: string, parameters: Record<string, string>, mae: number | null = null) => ({
  id,
  parameters,
  metrics: mae === null ? null : { mae },
  duration_s: 2,
});

describe('an axis', () => {
  it('has numbers where they belong, as they were written', () => {
    const axis = axisOf(['10', '20', '1e1']);
    expect(axis.kind).toBe('linear');
    expect(axis.place('20')).toBe(20);
    expect(axisOf(['0.50', '2']).tick(0.5)).toBe('0.50');
  });

  it('goes by size where the range is wide, and never with zero or less', () => {
    const axis = axisOf(['0.1', '5', '200']);
    expect(axis.kind).toBe('log');
    expect(axis.place('0.1')).toBe(-1);
    expect(axis.tick(axis.place('200'))).toBe('200');
    expect(axisOf(['0', '5', '2000']).kind).toBe('linear');
    expect(axisOf(['-1', '5', '2000']).kind).toBe('linear');
    expect(axisOf(['1', '1000']).kind).toBe('linear');
  });

  it('has words in turn, also where one of them is no number', () => {
    const axis = axisOf(['rbf', 'linear', 'rbf']);
    expect([axis.kind, axis.place('linear'), axis.place('rbf'), axis.tick(1)]).toEqual([
      'words',
      0,
      1,
      'rbf',
    ]);
    expect(axisOf(['1', 'auto']).kind).toBe('words');
    expect(axisOf(['', '1']).kind).toBe('words');
    expect(axisOf([]).kind).toBe('words');
  });
});

describe('the jobs of a sweep', () => {
  const rows = [
    row('a', { lr: '1', seed: '1' }, 3),
    row('b', { lr: '2', seed: '1' }, 1),
    row('c', { seed: '1' }),
  ];

  it('are told apart by what differs, a parameter that one lacks among it', () => {
    expect(varying(rows, ['lr', 'seed'])).toEqual(['lr']);
    expect(varying([], ['lr'])).toEqual([]);
  });

  it('are grouped by a parameter, numbers in their order', () => {
    const many = ['10', '9', '100'].map((lr, i) => row(`r${i}`, { lr }));
    expect(groupsBy(many, 'lr').map((group) => group.name)).toEqual(['lr 9', 'lr 10', 'lr 100']);
    expect(groupsBy(rows, 'lr').map((group) => group.name)).toContain('without lr');
    expect(groupsBy(rows, undefined)).toEqual([{ name: '', rows }]);
  });

  it('are in eight groups at most, and none is lost', () => {
    const many = Array.from({ length: 20 }, (_, i) => row(`r${i}`, { seed: String(i) }));
    const groups = groupsBy(many, 'seed');
    expect(groups).toHaveLength(8);
    expect(groups.at(-1)?.name).toBe('13 other values');
    expect(groups.flatMap((group) => group.rows)).toHaveLength(20);
  });

  it('go by what a sweep gave them, where all are of one script', () => {
    const short = shortNames([{ script: 'a.py' }, { script: 'a.py' }]);
    expect([short('train_a__lr-1_seed-2'), short('train_a')]).toEqual(['lr-1_seed-2', 'train_a']);
    expect(shortNames([{ script: 'a.py' }, { script: 'b.py' }])('train_a__lr-1')).toBe('train_a__lr-1');
  });

  it('are measured by a metric or by how long they took', () => {
    expect(measured(rows[0] ?? row('x', {}), { metric: 'mae' })).toBe(3);
    expect(measured(rows[2] ?? row('x', {}), { metric: 'mae' })).toBeNull();
    expect(measured(rows[2] ?? row('x', {}), 'duration')).toBe(2);
  });

  it('have a best one, or several that are as good, or none', () => {
    expect(bestOf(rows, 'mae', 'lowest')).toEqual({ value: 1, ids: new Set(['b']) });
    expect(bestOf(rows, 'mae', 'highest')?.ids).toEqual(new Set(['a']));
    expect(bestOf([...rows, row('d', {}, 1)], 'mae', 'lowest')?.ids).toEqual(new Set(['b', 'd']));
    expect(bestOf(rows, 'rmse', 'lowest')).toBeNull();
  });
});

describe('which way a metric is better', () => {
  it.each([
    ['mae', 'lowest'],
    ['val_loss', 'lowest'],
    ['maps_rmse', 'lowest'],
    ['val_accuracy', 'highest'],
    ['R2', 'highest'],
    ['test.f1', 'highest'],
    ['roc-auc', 'highest'],
  ])('is guessed by its name: %s is best where it is %s', (metric, goal) => {
    expect(guessedGoal(metric)).toBe(goal);
  });

  it('decides what comes first', () => {
    expect(sortFor('mae', 'lowest')).toBe('metrics.mae');
    expect(sortFor('r2', 'highest')).toBe('-metrics.r2');
  });
});
