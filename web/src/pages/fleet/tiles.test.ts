import { describe, expect, it } from 'vitest';
import { filterTiles, tilesOf } from './tiles.ts';
import type { Board } from '../../api/circuits.ts';

const board: Board = {
  at: '2026-11-25T08:00:00.000Z',
  refreshing: false,
  problem: null,
  states: ['good', 'stale', 'failed'],
  causes: ['unchanged', 'config', 'owed_failed'],
  counts: { good: 2, stale: 2, owed: 0, failed: 1, training: 0, waiting: 0, new: 0 },
  plants: [
    {
      plant_id: 'a',
      circuits: [
        ['1', 0, 0],
        ['2', 1, 1],
      ],
    },
    {
      plant_id: 'b_x',
      circuits: [
        ['1', 1, 1],
        ['2', 2, 2],
        ['3', 0, 0],
      ],
    },
  ],
};

describe('tiles of the board', () => {
  const tiles = tilesOf(board);

  it('are the circuits, with the ids that the rest of the API knows', () => {
    expect(tiles.map((tile) => `${tile.id} ${tile.state}`)).toEqual([
      'a_1 good',
      'a_2 stale',
      'b_x_1 stale',
      'b_x_2 failed',
      'b_x_3 good',
    ]);
  });

  it('are counted by state under every other filter, so that a count says what its filter would show', () => {
    const { shown, counts, total } = filterTiles(tiles, { plant: 'b_x', state: 'failed', found: null });
    expect(shown.map((tile) => tile.id)).toEqual(['b_x_2']);
    expect(counts).toEqual({ stale: 1, failed: 1, good: 1 });
    expect(total).toBe(3);
  });

  it('are those that a text was found in, wherever it was found', () => {
    const { shown } = filterTiles(tiles, { cause: 'config', found: new Set(['b_x_1', 'b_x_2']) });
    expect(shown.map((tile) => tile.id)).toEqual(['b_x_1']);
  });
});
