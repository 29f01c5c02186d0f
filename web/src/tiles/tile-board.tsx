import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { KeyboardEvent, MouseEvent, ReactNode } from 'react';
import { StatusShape, lookOf, useColours } from '../ui/index.ts';
import { drawTiles } from './draw.ts';
import { layTiles, placeOf, stepFrom, tileAt } from './layout.ts';
import type { Step } from './layout.ts';
import styles from './tile-board.module.css';

export interface Tile {
  readonly key: string;
  /** As states.ts knows it. */
  readonly state: string;
  /** What it is called. */
  readonly label: string;
}
export interface TileGroup {
  /** Empty: no name above. */
  readonly name: string;
  readonly tiles: readonly Tile[];
}

interface TileBoardProps {
  readonly label: string;
  readonly groups: readonly TileGroup[];
  /** More about the tile that is looked at, after its name and state. */
  readonly describe?: (key: string) => ReactNode;
  readonly onOpen: (key: string) => void;
  /** The one state to look at; the others are faint. */
  readonly only?: string | undefined;
}

/**
 * Things by state, one tile each, on a canvas: thousands, or a few with their names. The pointer or the arrow keys choose
 * a tile, which the line above names; click or Enter opens it. What a canvas cannot tell, a table beside it must.
 */
export function TileBoard({ label, groups, describe, onOpen, only }: TileBoardProps) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [chosen, setChosen] = useState<string | null>(null);
  const [spoken, setSpoken] = useState('');
  const readout = useId();
  const colours = useColours();
  const tiles = useMemo(() => groups.flatMap((group) => group.tiles), [groups]);
  const layout = useMemo(
    () =>
      layTiles(
        groups.map(({ name, tiles: some }) => ({ name, count: some.length })),
        width,
        tiles.reduce((most, { label: name }) => Math.max(most, name.length), 0),
      ),
    [groups, tiles, width],
  );

  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const look = (): void => setWidth(element.clientWidth);
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const pen = canvas.current?.getContext('2d') ?? null;
    if (pen === null || width === 0) return;
    const ratio = window.devicePixelRatio || 1;
    pen.canvas.width = Math.ceil(width * ratio);
    pen.canvas.height = Math.ceil((layout.height + 2) * ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, layout.height + 2);
    // Tiles that fill their place to the edge need a pixel before the first.
    pen.translate(1, 1);
    drawTiles(pen, layout, tiles, colours, only);
  }, [layout, tiles, colours, only, width]);

  // The thing and not its place: others come and go before it.
  const at = chosen === null ? -1 : tiles.findIndex((each) => each.key === chosen);
  const tile = tiles[at];
  const place = tile === undefined ? null : placeOf(layout, at);

  const pointed = (event: MouseEvent<HTMLElement>): Tile | undefined => {
    const box = event.currentTarget.getBoundingClientRect();
    return tiles[tileAt(layout, event.clientX - box.left - 1, event.clientY - box.top - 1) ?? -1];
  };
  const key = (event: KeyboardEvent<HTMLElement>): void => {
    // The browser's own: Alt with an arrow goes back.
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const step = STEPS[event.key];
    if (step !== undefined && tiles.length > 0) {
      event.preventDefault();
      const next = tiles[tile === undefined ? 0 : stepFrom(layout, at, step)];
      if (next === undefined) return;
      setChosen(next.key);
      setSpoken(`${next.label}, ${lookOf(next.state).word}`);
    } else if ((event.key === 'Enter' || event.key === ' ') && tile !== undefined) {
      event.preventDefault();
      onOpen(tile.key);
    }
  };
  return (
    <div className={styles.board}>
      <p id={readout} className={styles.readout} data-empty={tile === undefined || undefined}>
        {tile === undefined ? (
          <span className="muted">Point at a tile, or walk with the arrow keys; Enter opens.</span>
        ) : (
          <>
            <StatusShape state={tile.state} />
            <strong>{tile.label}</strong> {lookOf(tile.state).word} {describe?.(tile.key)}
          </>
        )}
      </p>
      <p aria-live="polite" className="unseen">
        {spoken}
      </p>
      <div
        ref={frame}
        role="application"
        aria-roledescription="board of tiles"
        aria-label={`${label}: ${tiles.length.toLocaleString('en')} tiles. Arrow keys walk, Enter opens.`}
        tabIndex={0}
        className={styles.frame}
        data-open={tile !== undefined || undefined}
        style={{ height: layout.height + 2 }}
        onMouseMove={(event) => setChosen(pointed(event)?.key ?? null)}
        onMouseLeave={() => setChosen(null)}
        onClick={(event) => {
          const hit = pointed(event);
          if (hit !== undefined) onOpen(hit.key);
        }}
        onKeyDown={key}
      >
        <canvas ref={canvas} aria-hidden="true" className={styles.canvas} />
        {place !== null && (
          <div
            className={styles.cursor}
            style={{
              width: layout.size.width + 4,
              height: layout.size.height + 4,
              transform: `translate(${place.x - 1}px, ${place.y - 1}px)`,
            }}
          />
        )}
      </div>
    </div>
  );
}

const STEPS: Readonly<Record<string, Step>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  Home: 'first',
  End: 'last',
};
