/** Where figures lie on a chart, in px. Pure. */
export interface ChartScale {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly xTicks: readonly number[];
  readonly yTicks: readonly number[];
  /** Index of the point that is nearest to a place, or null where there is none. */
  readonly nearest: (x: number, y: number) => number | null;
}

export interface ChartRoom {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** The figures fill the room, with round numbers beside them; what is the same everywhere lies in the middle. */
export function chartScale(
  points: readonly { readonly x: number; readonly y: number }[],
  room: ChartRoom,
): ChartScale {
  const { width, height, left, right, top, bottom } = room;
  const ys = rangeOf(points.map((p) => p.y));
  const yTicks = roundTicks(ys.low, ys.high, Math.max(2, Math.floor((height - top - bottom) / 36)));
  const [low, high] = [Math.min(ys.low, ...yTicks), Math.max(ys.high, ...yTicks)];
  const xs = rangeOf(points.map((p) => p.x));
  const x = (value: number): number =>
    left + 8 + ((value - xs.low) / (xs.high - xs.low)) * Math.max(1, width - left - right - 16);
  const y = (value: number): number =>
    height - bottom - ((value - low) / (high - low)) * Math.max(1, height - top - bottom);
  const values = [...new Set(points.map((p) => p.x))].toSorted((a, b) => a - b);
  return {
    x,
    y,
    yTicks,
    xTicks: apart(values, x, 48),
    nearest: (px, py) => {
      let [best, least] = [-1, Number.POSITIVE_INFINITY];
      for (const [i, point] of points.entries()) {
        // Across counts for more: people follow a line from left to right.
        const away = Math.abs(x(point.x) - px) * 2 + Math.abs(y(point.y) - py);
        if (away < least) [best, least] = [i, away];
      }
      return best === -1 ? null : best;
    },
  };
}

/** Steps of 1, 2 or 5 times a power of ten, about `wanted` of them. */
export function roundTicks(low: number, high: number, wanted: number): number[] {
  const raw = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * (raw / power <= 1 ? 1 : raw / power <= 2 ? 2 : raw / power <= 5 ? 5 : 10);
  const first = Math.floor(low / step);
  // Counted: far from zero, one more than a large number may be that number again.
  const steps = Math.min(Math.ceil(high / step) - first, wanted + 2);
  // Not 0.30000000000000004.
  return Array.from({ length: steps + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

function rangeOf(values: readonly number[]): { low: number; high: number } {
  const [low, high] = [
    values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  ];
  if (low > high) return { low: 0, high: 1 };
  const size = Math.max(Math.abs(low), Math.abs(high));
  // What differs in its last digits alone is the same: there is no round number between.
  if (high - low > Math.max(size * 1e-9, 1e-300)) return { low, high };
  const around = size > 1e-300 ? size * 0.1 : 1;
  return { low: low - around, high: high + around };
}

/** As many of them as stand so far apart. */
function apart(values: readonly number[], place: (value: number) => number, px: number): number[] {
  const kept: number[] = [];
  for (const value of values) {
    const last = kept.at(-1);
    if (last === undefined || place(value) - place(last) >= px) kept.push(value);
  }
  return kept;
}
