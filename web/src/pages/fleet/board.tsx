import { memo, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { KeyboardEvent, PointerEvent as ReactPointerEvent } from 'react';
import { count, lookOf } from '../../ui/index.ts';
import styles from './board.module.css';
import { HEAD_PX, layoutBoard, moveFrom, placeOf, tileAt, tileSize } from './board-layout.ts';
import type { Band, BoardLayout, Move } from './board-layout.ts';
import { CircuitCard } from './circuit-card.tsx';
import { useTilePainter } from './tile-painter.ts';
import type { TilePainter } from './tile-painter.ts';
import type { Tile } from './tiles.ts';

interface BoardProps {
  readonly tiles: readonly Tile[];
  /** Of the whole fleet: tiles keep their size when a filter leaves few of them. */
  readonly fleet: number;
  readonly selected: ReadonlySet<string>;
  readonly onToggle: (id: string) => void;
  readonly onExtend: (id: string) => void;
  readonly onAll: () => void;
  readonly onClear: () => void;
  readonly onOpen: (id: string) => void;
}

/**
 * The fleet as tiles by plant. Only the bands in sight are there, each painted once and then moved by the browser, so that
 * scrolling costs nothing. To those who hear it, it is a list of which one option at a time is there.
 */
export function Board(props: BoardProps) {
  const { tiles, fleet, selected } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const probe = useRef<HTMLSpanElement>(null);
  const view = useView(scroller);
  const width = Math.max(0, view.width - 2 * PAD_PX);
  const layout = useMemo(() => layoutBoard(tiles, width, tileSize(fleet, width)), [tiles, width, fleet]);
  const painter = useTilePainter(probe, layout.size);
  // The circuit and not its place: others come and go before it. Where it is gone itself, what stands there now.
  const [active, setActive] = useState<{ readonly id: string; readonly index: number } | null>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const [focused, setFocused] = useState(false);
  const found = active === null ? 0 : tiles.findIndex((each) => each.id === active.id);
  const at = found === -1 ? Math.min(active?.index ?? 0, tiles.length - 1) : found;
  const tile = tiles[at];
  const shown = pointed ?? (focused ? at : null);

  const [from, to] = [view.top - view.height / 2, view.top + view.height * 1.5];
  const inSight = <T extends { readonly y: number; readonly height: number }>(all: readonly T[]): T[] =>
    all.filter((each) => each.y + each.height + PAD_PX >= from && each.y <= to);

  const go = (index: number): void => {
    const next = tiles[index];
    if (next === undefined) return;
    setActive({ id: next.id, index });
    setPointed(null);
    setFocused(true);
    reveal(scroller.current, layout, index);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    // The browser's own: Alt with an arrow goes back.
    if (tile === undefined || event.altKey) return;
    const move = MOVES[`${event.ctrlKey || event.metaKey ? 'Ctrl+' : ''}${event.key}`];
    if (move !== undefined) {
      const next = moveFrom(layout, at, move);
      if (event.shiftKey) {
        if (selected.size === 0) props.onToggle(tile.id);
        const id = tiles[next]?.id;
        if (id !== undefined) props.onExtend(id);
      }
      go(next);
    } else if (event.key === 'Enter') props.onOpen(tile.id);
    else if (event.key === ' ') (event.shiftKey ? props.onExtend : props.onToggle)(tile.id);
    else if (event.key === 'a' && (event.ctrlKey || event.metaKey)) props.onAll();
    else if (event.key === 'Escape') {
      if (shown !== null) {
        setPointed(null);
        setFocused(false);
      } else props.onClear();
    } else return;
    event.preventDefault();
  };
  const under = (event: ReactPointerEvent | React.MouseEvent): number | null => {
    const rect = scroller.current?.getBoundingClientRect();
    if (rect === undefined || scroller.current === null) return null;
    const y = event.clientY - rect.top + scroller.current.scrollTop - PAD_PX;
    return tileAt(layout, event.clientX - rect.left - PAD_PX, y);
  };

  return (
    <div className={styles.frame}>
      <span ref={probe} hidden />
      <div
        ref={scroller}
        role="listbox"
        aria-label={`Circuits, ${count(tiles.length)}`}
        aria-multiselectable="true"
        aria-activedescendant={tile === undefined ? undefined : 'tile'}
        aria-describedby="board-keys"
        tabIndex={0}
        className={styles.board}
        onKeyDown={onKeyDown}
        onFocus={(event) => setFocused(event.currentTarget.matches(':focus-visible'))}
        onBlur={() => setFocused(false)}
        onPointerMove={(event) => {
          if (event.pointerType === 'mouse') setPointed(under(event));
        }}
        onPointerLeave={() => setPointed(null)}
        onClick={(event) => {
          const index = under(event);
          const id = index === null ? undefined : tiles[index]?.id;
          if (index === null || id === undefined) return;
          setActive({ id, index });
          (event.shiftKey ? props.onExtend : props.onToggle)(id);
        }}
        onDoubleClick={(event) => {
          const index = under(event);
          const id = index === null ? undefined : tiles[index]?.id;
          if (id !== undefined) props.onOpen(id);
        }}
      >
        <div className={styles.content} role="presentation" style={{ height: layout.height + 2 * PAD_PX }}>
          {inSight(layout.blocks).map((block) => (
            <p
              key={block.plant_id}
              aria-hidden="true"
              className={styles.plant}
              style={{ left: block.x, top: block.y, width: block.width, height: HEAD_PX }}
            >
              {block.plant_id} <span>{count(block.count)}</span>
            </p>
          ))}
          {painter !== null &&
            inSight(layout.bands).map((band) => (
              <BandCanvas
                key={band.key}
                band={band}
                layout={layout}
                tiles={tiles}
                selected={selected}
                painter={painter}
              />
            ))}
          {tile !== undefined && (
            <div
              id="tile"
              role="option"
              aria-selected={selected.has(tile.id)}
              aria-setsize={tiles.length}
              aria-posinset={at + 1}
              aria-label={`${tile.plant_id} ${tile.circuit_id}, ${lookOf(tile.state).word}`}
              className={styles.active}
              style={placed(layout, at)}
            />
          )}
          {pointed !== null && (
            <div aria-hidden="true" className={styles.pointed} style={placed(layout, pointed)} />
          )}
        </div>
      </div>
      <p id="board-keys" className="unseen">
        Arrow keys move, Enter opens, Space selects, Shift with an arrow extends, Control A selects all.
      </p>
      <CardAt tile={shown === null ? undefined : tiles[shown]} index={shown} layout={layout} view={view} />
    </div>
  );
}

const PAD_PX = 16;

const MOVES: Readonly<Record<string, Move>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  Home: 'first',
  End: 'last',
  PageDown: 'plant',
  PageUp: 'plant_before',
};

/** A few rows of tiles. */
const BandCanvas = memo(function BandCanvas({
  band,
  layout,
  tiles,
  selected,
  painter,
}: {
  readonly band: Band;
  readonly layout: BoardLayout;
  readonly tiles: readonly Tile[];
  readonly selected: ReadonlySet<string>;
  readonly painter: TilePainter;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (context == null) return;
    const { size } = layout;
    context.setTransform(painter.scale, 0, 0, painter.scale, 0, 0);
    context.clearRect(0, 0, band.width, band.height);
    for (let i = 0; i < band.count; i++) {
      const tile = tiles[band.first + i];
      if (tile === undefined) continue;
      const x = (i % band.columns) * (size.width + size.gap);
      const y = Math.floor(i / band.columns) * (size.height + size.gap);
      painter.paint(context, tile, { x, y }, selected.has(tile.id));
    }
  }, [band, layout, tiles, selected, painter]);
  return (
    <canvas
      ref={canvas}
      aria-hidden="true"
      className={styles.band}
      width={Math.ceil(band.width * painter.scale)}
      height={Math.ceil(band.height * painter.scale)}
      style={{ left: band.x, top: band.y, width: band.width, height: band.height }}
    />
  );
});

/** What is known of the tile that is pointed at, or has the focus, beside it and within the board. */
function CardAt({
  tile,
  index,
  layout,
  view,
}: {
  readonly tile: Tile | undefined;
  readonly index: number | null;
  readonly layout: BoardLayout;
  readonly view: View;
}) {
  const place = index === null ? null : placeOf(layout, index);
  if (tile === undefined || place === null) return null;
  const top = place.y + PAD_PX - view.exact();
  const below = top + place.height + CARD_PX.height < view.height;
  return (
    <div
      className={styles.card}
      style={{
        left: Math.max(8, Math.min(place.x + PAD_PX, view.width - CARD_PX.width - 8)),
        ...(below ? { top: top + place.height + 8 } : { bottom: view.height - top + 8 }),
      }}
    >
      <CircuitCard tile={tile} />
    </div>
  );
}

const CARD_PX = { width: 336, height: 136 };

const placed = (layout: BoardLayout, index: number) => {
  const place = placeOf(layout, index);
  return place === null
    ? undefined
    : { left: place.x, top: place.y, width: place.width, height: place.height };
};

/** Scrolls no further than it takes to have the tile in sight. */
function reveal(scroller: HTMLElement | null, layout: BoardLayout, index: number): void {
  const place = placeOf(layout, index);
  if (scroller === null || place === null) return;
  const [top, bottom] = [place.y + PAD_PX - HEAD_PX - 8, place.y + PAD_PX + place.height + 8];
  if (top < scroller.scrollTop) scroller.scrollTop = Math.max(0, top);
  else if (bottom > scroller.scrollTop + scroller.clientHeight)
    scroller.scrollTop = bottom - scroller.clientHeight;
}

interface View {
  readonly width: number;
  readonly height: number;
  /** In steps: between two of them nothing has to be drawn. */
  readonly top: number;
  readonly exact: () => number;
}

/** Which part of the board can be seen. */
function useView(scroller: React.RefObject<HTMLElement | null>): View {
  const [view, setView] = useState({ width: 0, height: 0, top: 0 });
  const look = useCallback(() => {
    const element = scroller.current;
    if (element === null) return;
    const { clientWidth: width, clientHeight: height, scrollTop } = element;
    const step = Math.max(64, height / 4);
    const top = Math.floor(scrollTop / step) * step;
    setView((before) =>
      before.width === width && before.height === height && before.top === top
        ? before
        : { width, height, top },
    );
  }, [scroller]);
  useLayoutEffect(look, [look]);
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, [scroller, look]);
  return { ...view, exact: () => scroller.current?.scrollTop ?? 0 };
}
