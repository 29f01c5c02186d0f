import { describe, expect, it } from 'vitest';
import { layoutBoard, moveFrom, placeOf, tileAt, tileSize } from './board-layout.ts';
import type { Tile } from './tiles.ts';

const fleet = (...plants: readonly number[]): Tile[] =>
  plants.flatMap((n, p) =>
    Array.from({ length: n }, (_, i) => ({
      id: `p${p}_${i}`,
      plant_id: `p${p}`,
      circuit_id: String(i),
      state: 'good' as const,
      cause: 'unchanged' as const,
    })),
  );
const many = (plants: number, each: number): Tile[] => fleet(...Array.from({ length: plants }, () => each));

describe('the board', () => {
  it.each([
    ['8 on a wide screen', fleet(4, 4), 1200],
    ['8 on a phone', fleet(4, 4), 310],
    ['500, uneven', fleet(119, 72, 3, 1, 55, 40, 210), 1200],
    ['10,000 of one plant', fleet(10_000), 1200],
    ['1,250 plants of 8', many(1250, 8), 1200],
    ['10,000 on a phone', fleet(9000, 1000), 310],
  ])('finds every tile where it lies, within its width and none on another: %s', (_, tiles, width) => {
    const layout = layoutBoard(tiles, width, tileSize(tiles.length, width));
    const seen = new Set<string>();
    for (let i = 0; i < tiles.length; i++) {
      const place = placeOf(layout, i);
      if (place === null) throw new Error(`tile ${i} lies nowhere`);
      expect(tileAt(layout, place.x + 1, place.y + 1)).toBe(i);
      expect(place.x + place.width).toBeLessThanOrEqual(width);
      expect(place.y + place.height).toBeLessThanOrEqual(layout.height);
      seen.add(`${place.x} ${place.y}`);
    }
    expect(seen.size).toBe(tiles.length);
    expect(layout.bands.reduce((sum, band) => sum + band.count, 0)).toBe(tiles.length);
  });

  it('leaves little of its width unused, so that 10,000 need few screens', () => {
    const tiles = fleet(2384, 1430, 1021, 794, 650, 550, 477, 420, 376, 341, 311, 286, 265, 246, 230, 219);
    const layout = layoutBoard(tiles, 1200, tileSize(tiles.length, 1200));
    expect((10_000 * 16 * 16) / (1200 * layout.height)).toBeGreaterThan(0.75);
  });

  it('has nothing between tiles, beside plants and below', () => {
    const layout = layoutBoard(fleet(500, 500), 1200, tileSize(1000, 1200));
    const place = placeOf(layout, 0);
    expect(tileAt(layout, 0, (place?.y ?? 0) - 1)).toBeNull();
    expect(tileAt(layout, 5, layout.height + 20)).toBeNull();
    expect(tileAt(layout, -3, 40)).toBeNull();
  });

  it('paints a few rows at a time, none of them very large', () => {
    const layout = layoutBoard(fleet(10_000), 1200, tileSize(10_000, 1200));
    for (const band of layout.bands) expect(band.height).toBeLessThan(400);
  });
});

describe('arrow keys', () => {
  const tiles = fleet(300, 7, 5, 300);
  const layout = layoutBoard(tiles, 900, tileSize(tiles.length, 900));
  const [first] = layout.blocks;
  const columns = first?.columns ?? 0;

  it('go along the rows and from row to row', () => {
    expect(moveFrom(layout, 3, 'right')).toBe(4);
    expect(moveFrom(layout, 3, 'left')).toBe(2);
    expect(moveFrom(layout, 3, 'down')).toBe(3 + columns);
    expect(moveFrom(layout, 3 + columns, 'up')).toBe(3);
  });

  it('stop at the ends', () => {
    expect(moveFrom(layout, 0, 'left')).toBe(0);
    expect(moveFrom(layout, 0, 'up')).toBe(0);
    expect(moveFrom(layout, 611, 'right')).toBe(611);
    expect(moveFrom(layout, 611, 'down')).toBe(611);
  });

  it('reach the last row downwards and the first row upwards, through every plant on the way', () => {
    let at = 0;
    for (let i = 0; i < 200; i++) at = moveFrom(layout, at, 'down');
    expect(placeOf(layout, at)?.y).toBe(placeOf(layout, 611)?.y);
    for (let i = 0; i < 200; i++) at = moveFrom(layout, at, 'up');
    expect(at).toBeLessThan(columns);
  });

  it('lead across to the nearest tile of the plant below', () => {
    const last_row = moveFrom(layout, 299, 'down');
    const [from, to] = [placeOf(layout, 299), placeOf(layout, last_row)];
    expect(tiles[last_row]?.plant_id).not.toBe('p0');
    expect(Math.abs((from?.x ?? 0) - (to?.x ?? 999))).toBeLessThan(200);
  });

  it('go from plant to plant by page', () => {
    expect(moveFrom(layout, 5, 'plant')).toBe(300);
    expect(moveFrom(layout, 303, 'plant_before')).toBe(300);
    expect(moveFrom(layout, 300, 'plant_before')).toBe(0);
    expect(moveFrom(layout, 20, 'last')).toBe(611);
    expect(moveFrom(layout, 20, 'first')).toBe(0);
  });
});
