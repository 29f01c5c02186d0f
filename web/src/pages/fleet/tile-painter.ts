import { useEffect, useMemo, useState } from 'react';
import type { RefObject } from 'react';
import type { TileSize } from './board-layout.ts';
import { TILE_LOOKS } from './tile-look.ts';
import type { CircuitState, Tile } from './tiles.ts';

export interface TilePainter {
  /** Pixels of the screen for each px. */
  readonly scale: number;
  readonly paint: (
    context: CanvasRenderingContext2D,
    tile: Tile,
    at: { readonly x: number; readonly y: number },
    selected: boolean,
  ) => void;
}

/**
 * Paints tiles in the colours of the theme, whichever it is. Every kind of tile is drawn once and then stamped: thousands
 * of them take a few milliseconds.
 */
export function useTilePainter(probe: RefObject<HTMLElement | null>, size: TileSize): TilePainter | null {
  const look = useLook();
  const [painter, setPainter] = useState<TilePainter | null>(null);
  const { width, height, gap, named } = size;
  const stable = useMemo(() => ({ width, height, gap, named }), [width, height, gap, named]);
  useEffect(() => {
    if (probe.current !== null) setPainter(makePainter(probe.current, stable));
  }, [probe, stable, look]);
  return painter;
}

/** Anew whenever the theme or the resolution of the screen changes. */
function useLook(): number {
  const [look, setLook] = useState(0);
  useEffect(() => {
    const changed = (): void => setLook((before) => before + 1);
    const theme = new MutationObserver(changed);
    theme.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    const queries = [
      matchMedia('(prefers-color-scheme: dark)'),
      matchMedia(`(resolution: ${devicePixelRatio}dppx)`),
    ];
    for (const query of queries) query.addEventListener('change', changed);
    return () => {
      theme.disconnect();
      for (const query of queries) query.removeEventListener('change', changed);
    };
  }, [look]);
  return look;
}

function makePainter(element: HTMLElement, size: TileSize): TilePainter {
  const scale = Math.min(3, devicePixelRatio);
  const colour = colourReader(element);
  const text = colour('var(--text)');
  const font = `500 13px ${getComputedStyle(element).fontFamily}`;
  const stamps = new Map<string, OffscreenCanvas>();
  const stampOf = (state: CircuitState, selected: boolean): OffscreenCanvas => {
    const key = `${state} ${selected}`;
    let stamp = stamps.get(key);
    if (stamp === undefined) stamps.set(key, (stamp = drawStamp(state, selected, size, scale, colour)));
    return stamp;
  };
  return {
    scale,
    paint: (context, tile, { x, y }, selected) => {
      context.drawImage(stampOf(tile.state, selected), x, y, size.width, size.height);
      if (!size.named) return;
      context.font = font;
      context.fillStyle = text;
      context.textBaseline = 'middle';
      context.fillText(shortened(context, tile.circuit_id, size.width - 44), x + 34, y + size.height / 2 + 1);
    },
  };
}

function drawStamp(
  state: CircuitState,
  selected: boolean,
  size: TileSize,
  scale: number,
  colour: (css: string) => string,
): OffscreenCanvas {
  const { fill, tone, sign, solid } = TILE_LOOKS[state];
  const canvas = new OffscreenCanvas(Math.ceil(size.width * scale), Math.ceil(size.height * scale));
  const context = canvas.getContext('2d');
  if (context === null) return canvas;
  context.scale(scale, scale);
  const own = colour(`var(${tone})`);
  const panel = colour('var(--panel)');
  const quiet = colour(`color-mix(in oklab, var(${tone}) ${size.width < 20 ? 34 : 16}%, var(--panel))`);
  // With a name beside it the sign has a tile of its own, and the large one only frames both.
  const mark = size.named ? 18 : Math.min(size.width, size.height);
  const [x, y] = size.named ? [10, (size.height - mark) / 2] : [0, 0];
  if (size.named) {
    box(context, 0, 0, size.width, size.height, 4);
    context.fillStyle = colour(`color-mix(in oklab, var(${tone}) 7%, var(--panel))`);
    context.fill();
    context.lineWidth = 1;
    context.strokeStyle = colour(`color-mix(in oklab, var(${tone}) 34%, var(--panel))`);
    context.stroke();
  }
  box(context, x, y, mark, mark, mark < 20 ? 2 : 3);
  context.fillStyle = fill === 'full' ? own : fill === 'quiet' ? quiet : panel;
  context.fill();
  if (fill === 'hollow') {
    context.lineWidth = 1.5;
    context.strokeStyle = own;
    context.stroke();
  }
  // Where most are as they should be, nine thousand ticks say less than none.
  if (!(fill === 'quiet' && mark < 16)) {
    context.save();
    context.translate(x, y);
    context.scale(mark / 16, mark / 16);
    const path = new Path2D(sign);
    const soft = colour(`color-mix(in oklab, var(${tone}) 62%, var(--panel))`);
    context.strokeStyle = context.fillStyle = fill === 'full' ? panel : fill === 'quiet' ? soft : own;
    context.lineWidth = mark < 16 ? 2.2 : fill === 'quiet' ? 1.25 : 1.75;
    if (solid === true) context.fill(path);
    context.stroke(path);
    context.restore();
  }
  if (selected) ring(context, size, colour('var(--accent)'), panel);
  return canvas;
}

/** Around a tile that is selected. */
function ring(context: OffscreenCanvasRenderingContext2D, size: TileSize, accent: string, gap: string): void {
  for (const [inset, width, style] of [
    [2.5, 1, gap],
    [1, 2, accent],
  ] as const) {
    context.beginPath();
    context.roundRect(inset, inset, size.width - 2 * inset, size.height - 2 * inset, 2);
    context.lineWidth = width;
    context.strokeStyle = style;
    context.stroke();
  }
}

function box(
  context: OffscreenCanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
  radius: number,
): void {
  context.beginPath();
  context.roundRect(x + 0.75, y + 0.75, width - 1.5, height - 1.5, radius);
}

/** Colours as a canvas takes them: whatever CSS makes of the tokens in the present theme. */
function colourReader(element: HTMLElement): (css: string) => string {
  return (css) => {
    element.style.color = css;
    const read = getComputedStyle(element).color;
    element.style.color = '';
    return read;
  };
}

function shortened(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let end = text.length;
  while (end > 1 && context.measureText(`${text.slice(0, end)}…`).width > width) end--;
  return `${text.slice(0, end)}…`;
}
