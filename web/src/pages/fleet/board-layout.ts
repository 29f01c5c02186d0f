import type { Tile } from './tiles.ts';

/** How large tiles are, in px. */
export interface TileSize {
  readonly width: number;
  readonly height: number;
  readonly gap: number;
  /** Large enough for the circuit's name. */
  readonly named: boolean;
}

/** The tiles of one plant: a heading, and under it a grid that is filled row by row. */
export interface Block {
  readonly plant_id: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  /** Its tiles in the order of the board. */
  readonly first: number;
  readonly count: number;
}

/** Rows of a block that are painted together. */
export interface Band {
  readonly key: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  readonly first: number;
  readonly count: number;
}

export interface BoardLayout {
  readonly size: TileSize;
  readonly width: number;
  readonly height: number;
  readonly blocks: readonly Block[];
  readonly bands: readonly Band[];
}

export const HEAD_PX = 24;
const BLOCK_GAP_PX = 16;
const BAND_PX = 384;
/** Narrower, and a plant's name could not be read. */
const MIN_BLOCK_PX = 128;

/** Few circuits have room for their names; many are small, and still large enough for a sign. */
export function tileSize(count: number, width: number): TileSize {
  if (count <= 60) return { width: Math.min(176, Math.max(120, width)), height: 40, gap: 8, named: true };
  if (count <= 1500) return { width: 24, height: 24, gap: 4, named: false };
  return { width: 13, height: 13, gap: 3, named: false };
}

/**
 * Lays out plants like justified text: side by side while there is room, in their order, each row of them stretched to
 * the whole width. Tiles of a plant follow each other.
 */
export function layoutBoard(tiles: readonly Tile[], width: number, size: TileSize): BoardLayout {
  const [pitch_x, pitch_y] = [size.width + size.gap, size.height + size.gap];
  const most = Math.max(1, Math.floor((width + size.gap) / pitch_x));
  const blocks: Block[] = [];
  let y = 0;
  for (const shelf of shelvesOf(plantsOf(tiles), { width, most, size })) {
    let x = 0;
    let height = 0;
    for (const { plant_id, first, count, columns, width: block_width } of shelf) {
      const block_height = HEAD_PX + Math.ceil(count / columns) * pitch_y - size.gap;
      blocks.push({ plant_id, x, y, width: block_width, height: block_height, columns, first, count });
      x += block_width + BLOCK_GAP_PX;
      height = Math.max(height, block_height);
    }
    y += height + BLOCK_GAP_PX;
  }
  return {
    size,
    width,
    height: Math.max(0, y - BLOCK_GAP_PX),
    blocks,
    bands: blocks.flatMap((block) => bandsOf(block, size)),
  };
}

/** The tile under a point, or null between tiles. */
export function tileAt({ blocks, size }: BoardLayout, x: number, y: number): number | null {
  for (const block of blocks) {
    const [dx, dy] = [x - block.x, y - block.y - HEAD_PX];
    if (dx < 0 || dy < 0 || dx >= block.width || dy >= block.height - HEAD_PX) continue;
    const [column, row] = [
      Math.floor(dx / (size.width + size.gap)),
      Math.floor(dy / (size.height + size.gap)),
    ];
    const at = row * block.columns + column;
    return column < block.columns && at < block.count ? block.first + at : null;
  }
  return null;
}

/** Where a tile lies. */
export function placeOf(
  { blocks, size }: BoardLayout,
  index: number,
): { x: number; y: number; width: number; height: number } | null {
  const block = blocks[blockOf(blocks, index)];
  if (block === undefined) return null;
  const at = index - block.first;
  return {
    x: block.x + (at % block.columns) * (size.width + size.gap),
    y: block.y + HEAD_PX + Math.floor(at / block.columns) * (size.height + size.gap),
    width: size.width,
    height: size.height,
  };
}

export type Move = 'left' | 'right' | 'up' | 'down' | 'first' | 'last' | 'plant' | 'plant_before';

/** The tile that an arrow key leads to; where there is none, the same one. */
export function moveFrom(layout: BoardLayout, index: number, move: Move): number {
  const { blocks } = layout;
  const end = blocks.at(-1);
  if (end === undefined) return 0;
  const last = end.first + end.count - 1;
  const here = blockOf(blocks, index);
  switch (move) {
    case 'left':
      return Math.max(0, index - 1);
    case 'right':
      return Math.min(last, index + 1);
    case 'first':
      return 0;
    case 'last':
      return last;
    case 'plant':
      return blocks[here + 1]?.first ?? index;
    case 'plant_before':
      return index > (blocks[here]?.first ?? 0)
        ? (blocks[here]?.first ?? 0)
        : (blocks[here - 1]?.first ?? index);
    case 'up':
    case 'down':
      return vertical(layout, index, move);
    default:
      return index;
  }
}

/** A row on in the same plant, else the tile across in the plant above or below. */
function vertical(layout: BoardLayout, index: number, move: 'up' | 'down'): number {
  const { blocks, size } = layout;
  const block = blocks[blockOf(blocks, index)];
  if (block === undefined) return index;
  const within = index - block.first + (move === 'up' ? -block.columns : block.columns);
  if (within >= 0 && within < block.count) return block.first + within;
  const rows = Math.ceil(block.count / block.columns);
  const row = Math.floor((index - block.first) / block.columns);
  // The last row is short: what lies below its end is its last tile.
  if (move === 'down' && row < rows - 1) return block.first + block.count - 1;
  const x = block.x + ((index - block.first) % block.columns) * (size.width + size.gap);
  const beyond = blocks.filter((b) => (move === 'up' ? b.y < block.y : b.y > block.y));
  if (beyond.length === 0) return index;
  const y = move === 'up' ? Math.max(...beyond.map((b) => b.y)) : Math.min(...beyond.map((b) => b.y));
  const next = beyond
    .filter((b) => b.y === y)
    .reduce((best, b) => (Math.abs(middle(b, x) - x) < Math.abs(middle(best, x) - x) ? b : best));
  const column = Math.max(0, Math.min(next.columns - 1, Math.round((x - next.x) / (size.width + size.gap))));
  const start = move === 'up' ? (Math.ceil(next.count / next.columns) - 1) * next.columns : 0;
  return next.first + Math.min(next.count - 1, start + column);
}

/** The point of a block that is nearest to `x`. */
const middle = (block: Block, x: number): number => Math.max(block.x, Math.min(block.x + block.width, x));

/** Which block a tile belongs to; blocks are in the order of their tiles. */
function blockOf(blocks: readonly Block[], index: number): number {
  let [low, high] = [0, blocks.length - 1];
  while (low < high) {
    const mid = Math.ceil((low + high) / 2);
    if ((blocks[mid]?.first ?? 0) <= index) low = mid;
    else high = mid - 1;
  }
  return low;
}

function* plantsOf(
  tiles: readonly Tile[],
): Generator<{ readonly plant_id: string; readonly first: number; readonly count: number }> {
  for (let first = 0; first < tiles.length;) {
    const plant_id = tiles[first]?.plant_id ?? '';
    let end = first + 1;
    while (tiles[end]?.plant_id === plant_id) end++;
    yield { plant_id, first, count: end - first };
    first = end;
  }
}

interface Placed {
  readonly plant_id: string;
  readonly first: number;
  readonly count: number;
  readonly columns: number;
  readonly width: number;
}

/** Which plants stand beside each other, and how many columns each has. */
function* shelvesOf(
  plants: Iterable<{ readonly plant_id: string; readonly first: number; readonly count: number }>,
  room: { readonly width: number; readonly most: number; readonly size: TileSize },
): Generator<readonly Placed[]> {
  const { width, most, size } = room;
  const pitch = size.width + size.gap;
  const widthOf = (columns: number): number =>
    Math.max(Math.min(width, MIN_BLOCK_PX), columns * pitch - size.gap);
  let shelf: Placed[] = [];
  let used = 0;
  for (const plant of plants) {
    const columns = size.named ? most : columnsFor(plant.count, most, pitch, size.height + size.gap);
    const placed = { ...plant, columns, width: size.named ? width : widthOf(columns) };
    if (shelf.length > 0 && used + placed.width > width) {
      yield stretched(shelf, width - used + BLOCK_GAP_PX, pitch);
      shelf = [];
      used = 0;
    }
    shelf.push(placed);
    used += placed.width + BLOCK_GAP_PX;
  }
  // The last row ends where it ends.
  if (shelf.length > 0) yield shelf;
}

/** Gives what is left of a row to those that have more than one row of tiles, each as much as it is wide. */
function stretched(shelf: readonly Placed[], left: number, pitch: number): readonly Placed[] {
  const wants = shelf.filter((each) => each.count > each.columns);
  const columns = wants.reduce((sum, each) => sum + each.columns, 0);
  const spare = Math.floor(left / pitch);
  if (columns === 0 || spare < 1) return shelf;
  return shelf.map((each) => {
    if (each.count <= each.columns) return each;
    const more = Math.min(each.count - each.columns, Math.floor((spare * each.columns) / columns));
    return { ...each, columns: each.columns + more, width: each.width + more * pitch };
  });
}

/** About three times as wide as high; a plant that would fill most of a row has all of it. */
function columnsFor(count: number, most: number, pitch_x: number, pitch_y: number): number {
  const least = Math.min(most, Math.ceil(MIN_BLOCK_PX / pitch_x));
  const columns = Math.max(least, Math.ceil(Math.sqrt((3 * count * pitch_y) / pitch_x)));
  return columns > 0.6 * most ? most : columns;
}

function bandsOf(block: Block, size: TileSize): Band[] {
  const pitch_y = size.height + size.gap;
  const rows = Math.max(1, Math.floor(BAND_PX / pitch_y));
  const bands: Band[] = [];
  for (let at = 0; at < block.count; at += rows * block.columns) {
    const count = Math.min(rows * block.columns, block.count - at);
    bands.push({
      key: `${block.plant_id}/${at}`,
      x: block.x,
      y: block.y + HEAD_PX + (at / block.columns) * pitch_y,
      width: Math.min(count, block.columns) * (size.width + size.gap) - size.gap,
      height: Math.ceil(count / block.columns) * pitch_y - size.gap,
      columns: block.columns,
      first: block.first + at,
      count,
    });
  }
  return bands;
}
