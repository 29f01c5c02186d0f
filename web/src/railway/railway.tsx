import { useLayoutEffect, useRef, useState } from 'react';
import { exactTime } from '../ui/format.ts';
import { duration, localTime, lookOf, secondsBetween } from '../ui/index.ts';
import { GLYPHS } from './glyphs.ts';
import { layAcross, layDown } from './layout.ts';
import type { LineLayout, Post, Stop } from './layout.ts';
import styles from './railway.module.css';
import { below, gateOf, inWords, signalOf } from './stations.ts';
import type { Station } from './stations.ts';

interface RailwayProps {
  /** Of what it is the line, for those who hear it. */
  readonly label: string;
  readonly stations: readonly Station[];
  /** The station that is shown in full elsewhere. */
  readonly selected?: string | undefined;
  readonly onSelect?: (name: string) => void;
}

/**
 * The picture of a run: stations on a line, signals at the gates, the retry on a siding. It lies across where there is
 * room and goes down where there is not. Every station can be reached by keyboard, and tells its counts and times.
 */
export function Railway({ label, stations, selected, onSelect }: RailwayProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [down, setDown] = useState(false);
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const look = (): void => setDown(element.clientWidth < 720);
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const layout = down ? layDown(stations) : layAcross(stations);
  return (
    <div ref={frame} className={styles.frame}>
      <svg
        viewBox={`0 0 ${layout.width} ${layout.height}`}
        className={styles.picture}
        data-down={down || undefined}
        style={{ maxWidth: down ? layout.width : layout.width * 1.15 }}
        role="group"
        aria-label={label}
      >
        <Tracks layout={layout} />
        {layout.stops.map((stop) => (
          <StopView
            key={stop.station.name}
            stop={stop}
            selected={selected === stop.station.name}
            onSelect={onSelect}
          />
        ))}
      </svg>
    </div>
  );
}

/** Rails and signals: what is drawn below the stations. */
export const Tracks = ({ layout }: { readonly layout: LineLayout }) => (
  <g aria-hidden="true">
    {(['unused', 'ahead', 'passed'] as const).flatMap((state) =>
      layout.rails
        .filter((rail) => rail.state === state)
        .map((rail) => <path key={rail.key} d={rail.d} className={styles.rail} data-state={rail.state} />),
    )}
    {layout.posts.map((post) => (
      <SignalView key={post.key} post={post} />
    ))}
  </g>
);

/** A signal: the upper lamp says stop, the lower one go. Place and ring tell it as well as the colour. */
const SignalView = ({ post: { x, y, foot, signal } }: { readonly post: Post }) => (
  <g className={styles.signal} data-signal={signal}>
    <path d={`M${x} ${foot}V${y}`} />
    <rect x={x - 7} y={y - 12} width={14} height={24} rx={7} />
    <circle cx={x} cy={y - 5} r={4} data-lamp="stop" />
    <circle cx={x} cy={y + 5} r={4} data-lamp="go" />
  </g>
);

function StopView({
  stop: { station, x, y, label },
  selected,
  onSelect,
}: {
  readonly stop: Stop;
  readonly selected: boolean;
  readonly onSelect: ((name: string) => void) | undefined;
}) {
  const look = lookOf(station.status);
  const glyph = GLYPHS[station.status];
  const act = onSelect === undefined ? undefined : () => onSelect(station.name);
  return (
    <g
      role={act === undefined ? 'img' : 'button'}
      tabIndex={0}
      aria-label={spoken(station)}
      aria-pressed={act === undefined ? undefined : selected}
      data-hint={hintOf(station)}
      data-tone={look.tone}
      data-status={station.status}
      className={styles.stop}
      onClick={act}
      onKeyDown={(event) => {
        if (act === undefined || (event.key !== 'Enter' && event.key !== ' ')) return;
        event.preventDefault();
        act();
      }}
    >
      <circle cx={x} cy={y} r={18} className={styles.halo} />
      <circle cx={x} cy={y} r={11} className={styles.ring} />
      <path
        d={glyph.d}
        transform={`translate(${x} ${y})`}
        className={styles.glyph}
        data-filled={glyph.filled}
      />
      <text x={label.x} y={label.y} textAnchor={label.anchor} className={styles.name}>
        {station.name}
      </text>{' '}
      <text
        x={label.x}
        y={label.y + 17}
        textAnchor={label.anchor}
        className={styles.state}
        // A stage that went well may tell of jobs that did not.
        data-tone={(station.counts?.['failed'] ?? 0) > 0 ? 'failed' : look.tone}
      >
        {below(station, look.word)}
      </text>
    </g>
  );
}

function hintOf(station: Station): string {
  const { started_at: from = null, ended_at: to = null } = station;
  const took = secondsBetween(from, to);
  const now = new Date();
  return [
    `${station.name}: ${lookOf(station.status).word}`,
    inWords(station.counts),
    station.reason ?? '',
    signalOf(station) === 'stop' ? `Gate ${gateOf(station.name) ?? ''} waits for a decision.` : '',
    from === null
      ? ''
      : `${to === null ? 'Since' : 'From'} ${localTime(from, now)}${took === null ? '' : `, took ${duration(took)}`}`,
    from === null ? '' : exactTime(from),
  ]
    .filter((line) => line !== '')
    .join('\n');
}

/** Begins with what is written at the station, so that whoever speaks to the page can call it by that. */
function spoken(station: Station): string {
  const counts = station.status === 'skipped' ? '' : inWords(station.counts);
  return [station.name, counts, lookOf(station.status).word, station.reason ?? '']
    .filter((p) => p !== '')
    .join(', ');
}
