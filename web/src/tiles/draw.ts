import { lookOf } from '../ui/index.ts';
import type { Colours } from '../ui/index.ts';
import { placeOf } from './layout.ts';
import type { Block, TileLayout } from './layout.ts';

/** How a state is drawn: told apart by its shape down to 7 px, the colour helps. */
type Shape = 'inset' | 'hollow' | 'cross' | 'triangle' | 'bars' | 'half' | 'slash' | 'dot';

const SHAPES: Readonly<Record<string, Shape>> = {
  succeeded: 'inset',
  good: 'inset',
  failed: 'cross',
  owed: 'cross',
  running: 'triangle',
  training: 'triangle',
  preparing: 'half',
  stale: 'half',
  waiting: 'bars',
  canceled: 'slash',
  pending: 'hollow',
  queued: 'dot',
  new: 'dot',
};

/** Draws all tiles at once; those that `only` leaves out are faint. */
export function drawTiles(
  pen: CanvasRenderingContext2D,
  layout: TileLayout,
  tiles: readonly { readonly state: string; readonly label: string }[],
  colours: Colours,
  only: string | undefined,
): void {
  pen.font = `500 12px ${getComputedStyle(pen.canvas).fontFamily}`;
  pen.textBaseline = 'alphabetic';
  for (const block of layout.blocks) {
    if (block.name !== '') drawName(pen, block, colours);
  }
  const { width, height, named } = layout.size;
  for (const [i, { state, label }] of tiles.entries()) {
    const place = placeOf(layout, i);
    if (place === null) continue;
    const { x, y } = place;
    const shape = SHAPES[state] ?? 'hollow';
    const colour = colours[lookOf(state).tone];
    pen.globalAlpha = only === undefined || only === state ? 1 : 0.16;
    if (!named) {
      drawTile(pen, shape, x, y, height, colour);
      continue;
    }
    const inset = (height - MARK) / 2;
    pen.strokeStyle = colours.rule;
    pen.lineWidth = 1;
    pen.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
    drawTile(pen, shape, x + inset, y + inset, MARK, colour);
    pen.globalAlpha = only === undefined || only === state ? 1 : 0.4;
    pen.fillStyle = colours.text;
    const room = width - 2 * inset - MARK - 8;
    pen.fillText(
      shortened(label, (text) => pen.measureText(text).width <= room),
      x + inset + MARK + 8,
      y + height / 2 + 4,
    );
  }
  pen.globalAlpha = 1;
}

/** Side of what tells the state, on a tile with a name. */
const MARK = 14;

/** A name that does not fit loses its middle: beginnings are alike, and ends tell apart. */
export function shortened(name: string, fits: (text: string) => boolean): string {
  if (fits(name)) return name;
  for (let left = name.length - 1; left > 2; left -= 1) {
    const head = Math.floor(left / 2);
    const text = `${name.slice(0, head)}…${name.slice(name.length - (left - head))}`;
    if (fits(text)) return text;
  }
  return `${name.slice(0, 1)}…`;
}

function drawName(pen: CanvasRenderingContext2D, block: Block, colours: Colours): void {
  const room = block.width - 48;
  pen.fillStyle = colours.text;
  const shown = shortened(block.name, (text) => pen.measureText(text).width <= room);
  pen.fillText(shown, block.x, block.y - 7);
  pen.fillStyle = colours.muted;
  pen.fillText(
    block.count.toLocaleString('en'),
    block.x + pen.measureText(`${shown} `).width + 2,
    block.y - 7,
  );
}

function drawTile(
  pen: CanvasRenderingContext2D,
  shape: Shape,
  x: number,
  y: number,
  size: number,
  colour: string,
): void {
  pen.fillStyle = colour;
  pen.strokeStyle = colour;
  const line = size >= 14 ? 2 : size >= 10 ? 1.5 : 1;
  pen.lineWidth = line;
  switch (shape) {
    case 'inset': {
      const inset = size >= 10 ? 1 : 0.5;
      pen.globalAlpha *= 0.72;
      pen.fillRect(x + inset, y + inset, size - 2 * inset, size - 2 * inset);
      pen.globalAlpha /= 0.72;
      return;
    }
    case 'cross':
      // Fills its tile to the edge, with a cross cut out where there is room for one.
      pen.fillRect(x - 0.5, y - 0.5, size + 1, size + 1);
      if (size >= 7) {
        const a = size * 0.28;
        pen.globalCompositeOperation = 'destination-out';
        stroke(pen, [x + a, y + a, x + size - a, y + size - a], [x + size - a, y + a, x + a, y + size - a]);
        pen.globalCompositeOperation = 'source-over';
      }
      return;
    case 'triangle':
      pen.beginPath();
      pen.moveTo(x + size * 0.1, y);
      pen.lineTo(x + size, y + size / 2);
      pen.lineTo(x + size * 0.1, y + size);
      pen.fill();
      return;
    case 'bars':
      pen.fillRect(x + size * 0.14, y, size * 0.28, size);
      pen.fillRect(x + size * 0.58, y, size * 0.28, size);
      return;
    case 'half':
      pen.strokeRect(x + line / 2, y + line / 2, size - line, size - line);
      pen.fillRect(x, y + size / 2, size, size / 2);
      return;
    case 'slash':
      pen.strokeRect(x + line / 2, y + line / 2, size - line, size - line);
      stroke(pen, [x, y + size, x + size, y]);
      return;
    case 'dot':
      pen.strokeRect(x + line / 2, y + line / 2, size - line, size - line);
      pen.fillRect(x + size / 2 - line, y + size / 2 - line, line * 2, line * 2);
      return;
    case 'hollow':
      pen.strokeRect(x + line / 2, y + line / 2, size - line, size - line);
  }
}

function stroke(
  pen: CanvasRenderingContext2D,
  ...lines: (readonly [number, number, number, number])[]
): void {
  pen.beginPath();
  for (const [x1, y1, x2, y2] of lines) {
    pen.moveTo(x1, y1);
    pen.lineTo(x2, y2);
  }
  pen.stroke();
}
