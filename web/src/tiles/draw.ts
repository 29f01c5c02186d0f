import { lookOf } from '../ui/index.ts';
import type { Colours } from '../ui/index.ts';
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
  states: readonly string[],
  colours: Colours,
  only: string | undefined,
): void {
  pen.font = `500 12px ${getComputedStyle(pen.canvas).fontFamily}`;
  pen.textBaseline = 'alphabetic';
  for (const block of layout.blocks) {
    if (block.name !== '') drawName(pen, block, colours);
  }
  for (const block of layout.blocks) {
    for (let n = 0; n < block.count; n += 1) {
      const state = states[block.first + n] ?? '';
      const x = block.x + (n % block.columns) * layout.step;
      const y = block.y + Math.floor(n / block.columns) * layout.step;
      pen.globalAlpha = only === undefined || only === state ? 1 : 0.16;
      drawTile(pen, SHAPES[state] ?? 'hollow', x, y, layout.tile, colours[lookOf(state).tone]);
    }
  }
  pen.globalAlpha = 1;
}

function drawName(pen: CanvasRenderingContext2D, block: Block, colours: Colours): void {
  const room = block.width - 48;
  pen.fillStyle = colours.text;
  let name = block.name;
  while (name.length > 1 && pen.measureText(name).width > room) name = name.slice(0, -1);
  const shown = name === block.name ? name : `${name.slice(0, -1)}…`;
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
