/** Where ten thousand tiles lie, in px; pure. Tiles are numbered through all groups, in order. */
export interface TileLayout {
  readonly size: TileSize;
  readonly height: number;
  readonly blocks: readonly Block[];
}

export interface TileSize {
  /** Of a tile. */
  readonly width: number;
  readonly height: number;
  /** From one to the next. */
  readonly across: number;
  readonly down: number;
  /** There is room for its name. */
  readonly named: boolean;
}

/** A group: its name above its tiles. */
export interface Block {
  readonly name: string;
  /** The number of its first tile. */
  readonly first: number;
  readonly count: number;
  readonly x: number;
  /** Of its tiles; the name stands above. */
  readonly y: number;
  readonly columns: number;
  readonly width: number;
}

const HEAD = 20;
const GAP = 16;

/**
 * A few tiles carry their names; tiles get smaller as there are more. Groups lie side by side where they are small, else
 * each takes the whole width. `longest`: letters of the longest name.
 */
export function layTiles(
  groups: readonly { readonly name: string; readonly count: number }[],
  width: number,
  longest = 0,
): TileLayout {
  const some = groups.filter((group) => group.count > 0);
  const total = some.reduce((sum, group) => sum + group.count, 0);
  const size =
    namedSize(
      some.map((group) => group.count),
      width,
      longest,
    ) ?? squareSize(total);
  const named = some.length > 1 || (some[0]?.name ?? '') !== '';
  const head = named ? HEAD : 0;
  const largest = Math.max(0, ...some.map((group) => group.count));
  const across = Math.max(
    1,
    Math.floor(
      (width + GAP) / ((named && !size.named ? blockWidth(largest, size.across, width) : width) + GAP),
    ),
  );
  const room = Math.floor((width - GAP * (across - 1)) / across);
  const columns = columnsIn(room, size);
  const blocks: Block[] = [];
  let first = 0;
  let top = 0;
  let deepest = 0;
  for (const [i, { name, count }] of some.entries()) {
    const place = i % across;
    if (place === 0 && i > 0) {
      top += deepest + GAP;
      deepest = 0;
    }
    blocks.push({ name, first, count, x: place * (room + GAP), y: top + head, columns, width: room });
    deepest = Math.max(deepest, head + Math.ceil(count / columns) * size.down);
    first += count;
  }
  return { size, height: top + deepest, blocks };
}

/** Room for a group: about three rows of tiles, never less than a name needs, and all there is for large ones. */
function blockWidth(largest: number, step: number, width: number): number {
  if (largest > 400) return width;
  return Math.min(width, Math.max(136, Math.ceil(largest / 3) * step));
}

const columnsIn = (width: number, { width: tile, across }: TileSize): number =>
  Math.max(1, Math.floor((width + across - tile) / across));

/** The size of tiles with names, as wide as they fill the width evenly; null where they would take more than a screen. */
function namedSize(counts: readonly number[], width: number, longest: number): TileSize | null {
  const wanted = Math.min(MOST_NAMED_PX, Math.max(LEAST_NAMED_PX, MARK_PX + longest * LETTER_PX));
  const columns = Math.floor((width + NAMED_GAP) / (Math.min(wanted, width) + NAMED_GAP));
  if (longest === 0 || width <= 0 || columns < 1) return null;
  const rows = counts.reduce((sum, count) => sum + Math.ceil(count / columns) + 1, 0);
  if (rows * NAMED_DOWN > MOST_HEIGHT_PX) return null;
  // Where one row holds them all they need not be wider than their names.
  const even = Math.floor((width + NAMED_GAP) / columns) - NAMED_GAP;
  const tile = Math.min(even, MOST_NAMED_PX);
  return { width: tile, height: NAMED_DOWN - 4, across: tile + NAMED_GAP, down: NAMED_DOWN, named: true };
}
const LEAST_NAMED_PX = 112;
const MOST_NAMED_PX = 232;
/** Beside its state. */
const MARK_PX = 32;
const LETTER_PX = 7;
const NAMED_GAP = 8;
const NAMED_DOWN = 28;
const MOST_HEIGHT_PX = 720;

function squareSize(total: number): TileSize {
  const [side, step] = total <= 300 ? [20, 24] : total <= 1500 ? [14, 16] : total <= 4000 ? [10, 12] : [7, 8];
  return { width: side, height: side, across: step, down: step, named: false };
}

/** The corner of a tile. */
export function placeOf(
  layout: TileLayout,
  index: number,
): { readonly x: number; readonly y: number } | null {
  const block = blockOf(layout, index);
  if (block === undefined) return null;
  const n = index - block.first;
  return {
    x: block.x + (n % block.columns) * layout.size.across,
    y: block.y + Math.floor(n / block.columns) * layout.size.down,
  };
}

/** The tile at a point; null where there is none. The gap right and below belongs to it. */
export function tileAt(layout: TileLayout, x: number, y: number): number | null {
  for (const block of layout.blocks) {
    const column = Math.floor((x - block.x) / layout.size.across);
    const row = Math.floor((y - block.y) / layout.size.down);
    if (column < 0 || column >= block.columns || row < 0) continue;
    const n = row * block.columns + column;
    if (n < block.count) return block.first + n;
  }
  return null;
}

export type Step = 'left' | 'right' | 'up' | 'down' | 'first' | 'last';

/** Where a key leads from a tile: along the order, or to the row above or below, on into the next group. */
export function stepFrom(layout: TileLayout, index: number, step: Step): number {
  const end = layout.blocks.reduce((sum, block) => sum + block.count, 0) - 1;
  const block = blockOf(layout, index);
  if (block === undefined) return 0;
  const n = index - block.first;
  const at = layout.blocks.indexOf(block);
  switch (step) {
    case 'left':
      return Math.max(0, index - 1);
    case 'right':
      return Math.min(end, index + 1);
    case 'first':
      return 0;
    case 'last':
      return end;
    case 'up': {
      if (n >= block.columns) return index - block.columns;
      const above = layout.blocks[at - 1];
      return above === undefined ? index : above.first + above.count - 1;
    }
    case 'down': {
      if (n + block.columns < block.count) return index + block.columns;
      return layout.blocks[at + 1]?.first ?? end;
    }
  }
}

function blockOf(layout: TileLayout, index: number): Block | undefined {
  let low = 0;
  let high = layout.blocks.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const block = layout.blocks[middle];
    if (block === undefined) return undefined;
    if (index < block.first) high = middle - 1;
    else if (index >= block.first + block.count) low = middle + 1;
    else return block;
  }
  return undefined;
}
