import { number } from './format.ts';
import styles from './sparkline.module.css';

/** One figure over time, as a line without axes; the last point is where it stands now. */
export function Sparkline({
  values,
  label,
  width = 72,
  height = 20,
}: {
  readonly values: readonly number[];
  /** What is shown, for those who hear it. */
  readonly label: string;
  readonly width?: number;
  readonly height?: number;
}) {
  const last = values.at(-1);
  if (last === undefined) return null;
  const points = sparkPoints(values, width, height);
  const [x, y] = points.at(-1) ?? [0, 0];
  const told = `${label}: ${values.map(number).join(', ')}`;
  return (
    <svg width={width} height={height} role="img" aria-label={told} className={styles.spark}>
      {points.length > 1 && <polyline points={points.map((p) => p.join(',')).join(' ')} />}
      <circle cx={x} cy={y} r={2} />
    </svg>
  );
}

/** Where the points lie; a line that does not move runs through the middle. */
export function sparkPoints(
  values: readonly number[],
  width: number,
  height: number,
): (readonly [number, number])[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const inset = 3;
  const x = (i: number): number =>
    values.length === 1 ? width - inset : inset + (i / (values.length - 1)) * (width - 2 * inset);
  const y = (value: number): number =>
    high === low ? height / 2 : height - inset - ((value - low) / (high - low)) * (height - 2 * inset);
  return values.map((value, i) => [round(x(i)), round(y(value))]);
}

const round = (n: number): number => Math.round(n * 10) / 10;
