import { useId, useLayoutEffect, useRef, useState } from 'react';
import { number } from './format.ts';
import styles from './line-chart.module.css';
import { chartScale } from './chart-scale.ts';

export interface ChartPoint {
  readonly x: number;
  readonly y: number;
  /** What the point is called where it is named: `v4`. */
  readonly name: string;
  /** `ring`: one that stands out; `cross` and `hollow` are no part of the line. */
  readonly mark?: ChartMark | undefined;
}
export type ChartMark = 'ring' | 'cross' | 'hollow';
export interface ChartSeries {
  /** Empty: there is only one. */
  readonly name: string;
  readonly points: readonly ChartPoint[];
}

interface LineChartProps {
  /** What is shown, for those who hear it. */
  readonly label: string;
  readonly x_label: string;
  readonly y_label: string;
  readonly series: readonly ChartSeries[];
  /** What stands below a tick; else the number. */
  readonly tick?: (x: number) => string;
  /** What the marks mean; those that are there stand below. */
  readonly marks?: readonly { readonly mark: ChartMark; readonly word: string }[];
  /** False: the points stand alone, as each is a thing of its own. */
  readonly lines?: boolean;
  readonly height?: number;
  readonly onPick?: (point: ChartPoint) => void;
}

/**
 * Figures over a number, a line for each series; told apart by dashes and marks besides their shade. The arrow keys walk
 * the points, the pointer takes the nearest.
 */
export function LineChart(props: LineChartProps) {
  const { label, x_label, y_label, series, tick, marks = [], lines = true, height = 200, onPick } = props;
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const [at, setAt] = useState<number | null>(null);
  const id = useId();
  const all = series.flatMap((s, i) => s.points.map((point) => ({ ...point, series: s.name, line: i })));
  const scale = chartScale(all, { width, height, left: LEFT, right: 16, top: 8, bottom: 36 });
  const there = marks.filter(({ mark }) => all.some((point) => point.mark === mark));
  const chosen = at === null ? undefined : all[at];
  const told = chosen === undefined ? '' : pointText(chosen, y_label);
  return (
    <div ref={frame} className={styles.chart}>
      <svg
        width={width}
        height={height}
        role="application"
        aria-roledescription="chart"
        aria-label={`${label}. ${all.length} points; the arrow keys walk them.`}
        aria-describedby={id}
        tabIndex={0}
        onKeyDown={(event) => {
          if (event.altKey || event.ctrlKey || event.metaKey) return;
          const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (step !== undefined && all.length > 0) {
            event.preventDefault();
            setAt(at === null ? (step === 1 ? 0 : all.length - 1) : (at + step + all.length) % all.length);
          } else if (event.key === 'Enter' && chosen !== undefined) onPick?.(chosen);
        }}
        onBlur={() => setAt(null)}
        onPointerMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          setAt(scale.nearest(event.clientX - box.left, event.clientY - box.top));
        }}
        onPointerLeave={() => setAt(null)}
        onClick={() => chosen !== undefined && onPick?.(chosen)}
        data-pick={onPick !== undefined || undefined}
      >
        <g className={styles.grid}>
          {scale.yTicks.map((y) => (
            <g key={y}>
              <line x1={LEFT} x2={width - 16} y1={scale.y(y)} y2={scale.y(y)} />
              <text x={LEFT - 8} y={scale.y(y)} dy="0.32em" textAnchor="end">
                {y.toLocaleString('en', { maximumSignificantDigits: 6 })}
              </text>
            </g>
          ))}
          {scale.xTicks.map((x) => (
            <text key={x} x={scale.x(x)} y={height - 22} textAnchor="middle">
              {tick?.(x) ?? x.toLocaleString('en', { maximumSignificantDigits: 6 })}
            </text>
          ))}
          <text x={width - 16} y={height - 4} textAnchor="end" className={styles.axis}>
            {x_label}
          </text>
          <text x={0} y={height - 4} className={styles.axis}>
            {y_label}
          </text>
        </g>
        {series.map((s, i) => (
          <g key={s.name} className={styles.series} data-line={i % LINES}>
            {lines && (
              <polyline
                points={s.points
                  .filter((p) => p.mark === undefined || p.mark === 'ring')
                  .map((p) => `${scale.x(p.x)},${scale.y(p.y)}`)
                  .join(' ')}
              />
            )}
            {s.points.map((p) => (
              <Dot
                key={`${p.x} ${p.name}`}
                x={scale.x(p.x)}
                y={scale.y(p.y)}
                mark={p.mark}
                shape={lines || series.length === 1 ? undefined : i}
              />
            ))}
          </g>
        ))}
        {chosen !== undefined && (
          <circle className={styles.chosen} cx={scale.x(chosen.x)} cy={scale.y(chosen.y)} r={5} />
        )}
      </svg>
      {chosen !== undefined && (
        <div
          aria-hidden="true"
          className={styles.told}
          style={{
            top: Math.max(0, scale.y(chosen.y) - 36),
            ...(scale.x(chosen.x) > width / 2
              ? { right: width - scale.x(chosen.x) + 10 }
              : { left: scale.x(chosen.x) + 10 }),
          }}
        >
          {told}
        </div>
      )}
      <p id={id} aria-live="polite" className="unseen">
        {told}
      </p>
      {(series.length > 1 || there.length > 0) && (
        <ul className={styles.legend}>
          {(series.length > 1 ? series : []).map((s, i) => (
            <li key={s.name}>
              <svg width="24" height="16" aria-hidden="true" className={styles.series} data-line={i % LINES}>
                {lines ? <polyline points="0,8 24,8" /> : <Dot x={12} y={8} shape={i} />}
              </svg>
              {s.name}
            </li>
          ))}
          {there.map(({ mark, word }) => (
            <li key={mark}>
              <svg width="16" height="16" aria-hidden="true" className={styles.series}>
                <Dot x={8} y={8} mark={mark} />
              </svg>
              {word}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Told apart by their shape. */
function Dot({
  x,
  y,
  mark,
  shape,
}: {
  readonly x: number;
  readonly y: number;
  readonly mark?: ChartMark | undefined;
  /** Of the series, where no line tells it apart. */
  readonly shape?: number | undefined;
}) {
  if (mark === 'cross') return <path className={styles.cross} d={`M${x - 4} ${y - 4}l8 8m0 -8l-8 8`} />;
  if (mark === 'hollow') return <circle className={styles.hollow} cx={x} cy={y} r={3.5} />;
  return (
    <>
      {mark === 'ring' && <circle className={styles.ring} cx={x} cy={y} r={shape === undefined ? 6 : 8} />}
      {shape === undefined ? (
        <circle cx={x} cy={y} r={2.5} />
      ) : (
        <path
          className={styles.shape}
          d={SHAPES[shape % SHAPES.length]}
          data-hollow={shape % LINES >= 4 || undefined}
          transform={`translate(${x} ${y})`}
        />
      )}
    </>
  );
}

/** A disk, a square, a diamond, a triangle; then the same hollow. */
const DISK = 'M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z';
const SQUARE = 'M-3.5 -3.5h7v7h-7z';
const DIAMOND = 'M0 -4.5L4.5 0L0 4.5L-4.5 0z';
const TRIANGLE = 'M0 -4L4.5 3.5H-4.5z';
const SHAPES = [DISK, SQUARE, DIAMOND, TRIANGLE, DISK, SQUARE, DIAMOND, TRIANGLE];

const LEFT = 64;
/** Lines that can be told apart; more of them begin again. */
const LINES = 8;

const pointText = (point: ChartPoint & { readonly series: string }, y_label: string): string =>
  `${[point.name, point.series].filter((part) => part !== '').join(', ')}: ${y_label} ${number(point.y)}`;

function useWidth(ref: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(320);
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return undefined;
    const look = (): void => setWidth(Math.max(200, element.clientWidth));
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
  return width;
}
