import { describe, expect, it } from 'vitest';
import { layTiles, placeOf, stepFrom, tileAt } from './layout.ts';

const plants = (n: number, each: number): { name: string; count: number }[] =>
  Array.from({ length: n }, (_, i) => ({ name: `plant ${i}`, count: each }));

describe('a board of tiles', () => {
  it.each([
    ['one list of 8', [{ name: '', count: 8 }], 1200, 16],
    ['8 with long names on a phone', [{ name: '', count: 8 }], 311, 60],
    ['4 plants of 10', plants(4, 10), 1000, 16],
    ['one list of 10,000', [{ name: '', count: 10_000 }], 1200, 16],
    ['500 plants of 20', plants(500, 20), 1200, 16],
    ['4 plants of 2,500', plants(4, 2500), 1200, 16],
    ['uneven plants on a phone', [...plants(3, 700), ...plants(20, 7), { name: 'none', count: 0 }], 343, 16],
  ])(
    'finds each tile again where it lies, within the width, none on another: %s',
    (_, groups, width, longest) => {
      const layout = layTiles(groups, width, longest);
      const total = groups.reduce((sum, group) => sum + group.count, 0);
      const seen = new Set<string>();
      const wrong: number[] = [];
      for (let i = 0; i < total; i += 1) {
        const place = placeOf(layout, i);
        const fits =
          place !== null &&
          tileAt(layout, place.x + layout.size.width / 2, place.y + layout.size.height / 2) === i &&
          place.x + layout.size.width <= width &&
          place.y + layout.size.height <= layout.height;
        if (!fits) wrong.push(i);
        else seen.add(`${place.x},${place.y}`);
      }
      expect(wrong).toEqual([]);
      expect(seen.size).toBe(total);
      expect(placeOf(layout, total)).toBeNull();
    },
  );

  it('names its tiles while they take no more than a screen', () => {
    const isNamed = (count: number, width: number, longest = 16) =>
      layTiles([{ name: '', count }], width, longest).size.named;
    expect([isNamed(8, 1200), isNamed(150, 1200), isNamed(200, 1200)]).toEqual([true, true, false]);
    expect([isNamed(40, 311), isNamed(60, 311)]).toEqual([true, false]);
    expect(layTiles(plants(3, 4), 1200, 16).size.named).toBe(true);
    expect(layTiles([{ name: '', count: 150 }], 1200, 16).height).toBeLessThan(680);
  });

  it('shows 10,000 without scrolling far', () => {
    expect(layTiles([{ name: '', count: 10_000 }], 1200).height).toBeLessThan(600);
    expect(layTiles(plants(500, 20), 1200).height).toBeLessThan(3500);
  });

  it('has no tile beside, between and below its groups', () => {
    const layout = layTiles(plants(2, 5), 600);
    expect(tileAt(layout, -1, 30)).toBeNull();
    expect(tileAt(layout, 5, 5)).toBeNull();
    expect(tileAt(layout, 5, layout.height + 1)).toBeNull();
  });

  it('is walked by keys, every tile from every other', () => {
    const layout = layTiles(plants(3, 50), 300);
    expect(stepFrom(layout, 0, 'left')).toBe(0);
    expect(stepFrom(layout, 0, 'right')).toBe(1);
    expect(stepFrom(layout, 149, 'right')).toBe(149);
    expect(stepFrom(layout, 3, 'last')).toBe(149);
    expect(stepFrom(layout, 60, 'first')).toBe(0);
    let down = 0;
    for (let i = 0; i < 150; i += 1) down = stepFrom(layout, down, 'down');
    expect(down).toBe(149);
    let up = 149;
    for (let i = 0; i < 150; i += 1) up = stepFrom(layout, up, 'up');
    expect(up).toBeLessThan(layout.blocks[0]?.columns ?? 0);
  });

  it('is empty where there is nothing', () => {
    const layout = layTiles([], 1000);
    expect(layout).toMatchObject({ height: 0, blocks: [] });
    expect(tileAt(layout, 1, 1)).toBeNull();
    expect(stepFrom(layout, 0, 'down')).toBe(0);
  });
});
