/** Where ten thousand tiles lie, in px; pure. Tiles are numbered through all groups, in order. */
export interface TileLayout {
  /** Side of a tile, and from one to the next. */
  readonly tile: number;
  readonly step: number;
  readonly height: number;
  readonly blocks: readonly Block[];
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

/** Tiles get smaller as there are more; groups lie side by side where they are small, else each takes the whole width. */
export function layTiles(
  groups: readonly { readonly name: string; readonly count: number }[],
  width: number,
): TileLayout {
  const some = groups.filter((group) => group.count > 0);
  const total = some.reduce((sum, group) => sum + group.count, 0);
  const [tile, step] = sizeFor(total);
  const named = some.length > 1 || (some[0]?.name ?? '') !== '';
  const head = named ? HEAD : 0;
  const largest = Math.max(0, ...some.map((group) => group.count));
  const across = Math.max(
    1,
    Math.floor((width + GAP) / ((named ? blockWidth(largest, step, width) : width) + GAP)),
  );
  const room = Math.floor((width - GAP * (across - 1)) / across);
  const columns = Math.max(1, Math.floor((room + step - tile) / step));
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
    deepest = Math.max(deepest, head + Math.ceil(count / columns) * step);
    first += count;
  }
  return { tile, step, height: top + deepest, blocks };
}

/** Room for a group: about three rows of tiles, never less than a name needs, and all there is for large ones. */
function blockWidth(largest: number, step: number, width: number): number {
  if (largest > 400) return width;
  return Math.min(width, Math.max(136, Math.ceil(largest / 3) * step));
}

function sizeFor(total: number): readonly [tile: number, step: number] {
  if (total <= 300) return [20, 24];
  if (total <= 1500) return [14, 16];
  if (total <= 4000) return [10, 12];
  return [7, 8];
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
    x: block.x + (n % block.columns) * layout.step,
    y: block.y + Math.floor(n / block.columns) * layout.step,
  };
}

/** The tile at a point; null where there is none. The gap right and below belongs to it. */
export function tileAt(layout: TileLayout, x: number, y: number): number | null {
  for (const block of layout.blocks) {
    const column = Math.floor((x - block.x) / layout.step);
    const row = Math.floor((y - block.y) / layout.step);
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
