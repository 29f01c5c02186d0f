import { describe, expect, it } from 'vitest';
import { cellsOf, countsOf, groupsOf } from './matrix.ts';
import type { MatrixView } from './data.ts';

const matrix: MatrixView = {
  run: 3,
  at: '2026-11-25T12:00:00.000Z',
  statuses: ['pending', 'queued', 'preparing', 'running', 'succeeded', 'failed', 'canceled'],
  circuits: [
    ['a_1', 'a_1_2026', 4, 1, 0, null],
    ['a_2', 'a_2_2026', 5, 3, 0, 'exit_code'],
    ['a_2', 'a_2_2026_retry_20261125_120000', 3, 1, 1, null],
    ['b_x_1', 'b_x_1_2026', 5, 1, 0, 'timed_out'],
    ['b_x_2', null, 0, 0, 0, null],
  ],
};

describe('the matrix of a run', () => {
  it('shows a circuit once, by its retry where there is one', () => {
    const cells = cellsOf(matrix);
    expect([...cells.keys()]).toEqual(['a_1', 'a_2', 'b_x_1', 'b_x_2']);
    expect(cells.get('a_2')).toMatchObject({ status: 'running', retry: true, attempt: 1 });
    expect(countsOf(cells.values(), matrix.statuses)).toEqual({
      pending: 1,
      queued: 0,
      preparing: 0,
      running: 1,
      succeeded: 1,
      failed: 1,
      canceled: 0,
    });
  });

  it('groups by the plants that the fleet names, and never takes an id apart', () => {
    const cells = [...cellsOf(matrix).values()];
    const plants = new Map([
      ['a_1', 'a'],
      ['a_2', 'a'],
      ['b_x_1', 'b_x'],
    ]);
    expect(groupsOf(cells, 'plant', plants).map((g) => [g.name, g.tiles.length])).toEqual([
      ['a', 2],
      ['b_x', 1],
      ['no longer in the fleet', 1],
    ]);
    expect(groupsOf(cells, 'plant', undefined)).toHaveLength(1);
  });

  it('puts what failed first when ordered by state', () => {
    const groups = groupsOf([...cellsOf(matrix).values()], 'state', undefined);
    expect(groups.filter((g) => g.tiles.length > 0).map((g) => g.name)).toEqual([
      'failed',
      'running',
      'pending',
      'succeeded',
    ]);
  });
});
