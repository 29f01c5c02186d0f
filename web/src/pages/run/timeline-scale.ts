import type { TimelineView } from '../../../../src/views/index.ts';

/** Even steps that people count time in, in seconds. */
const STEPS = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200,
  86_400, 172_800, 604_800,
];

/** Marks on an axis of so many seconds: from 0 on, at even steps, no more than `most`. */
export function marksOf(span_s: number, most: number): number[] {
  const step = STEPS.find((each) => span_s / each <= most) ?? Math.ceil(span_s / most);
  const marks: number[] = [];
  for (let i = 0; i * step <= span_s; i += 1) marks.push(Number((i * step).toFixed(3)));
  return marks;
}

/** Marks for counts: 0, and even steps up to the largest. */
export function countMarks(largest: number): number[] {
  if (largest <= 0) return [0];
  const rough = largest / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough) ?? power * 10);
  const marks: number[] = [];
  for (let n = 0; n < largest + step; n += step) marks.push(n);
  return marks;
}

export interface Layer {
  readonly name: 'running' | 'preparing' | 'queued';
  /** A closed path in a box of 1000 × 100, the bottom at 100. */
  readonly d: string;
}

export interface Bucket {
  /** Seconds from the start of the run. */
  readonly t_s: number;
  readonly running: number;
  readonly preparing: number;
  readonly queued: number;
}

/** What the server counted, bucket by bucket, and an empty one where the last job ended before the run did. */
export function bucketsOf({ from, to, bucket_s, ...counts }: Counted, start_ms: number): Bucket[] {
  if (from === null || to === null) return [];
  const t_s = (at_ms: number): number => Math.max(0, (at_ms - start_ms) / 1000);
  const buckets = counts.running.map((running, i) => ({
    t_s: t_s(Date.parse(from) + i * bucket_s * 1000),
    running,
    preparing: counts.preparing[i] ?? 0,
    queued: counts.queued[i] ?? 0,
  }));
  return [...buckets, { t_s: t_s(Date.parse(to)), running: 0, preparing: 0, queued: 0 }];
}

type Counted = Pick<TimelineView, 'from' | 'to' | 'bucket_s' | 'queued' | 'preparing' | 'running'>;

/** What ran, prepared and queued, one upon the other, as steps: between two looks nothing is made up. */
export function stacked(buckets: readonly Bucket[], span_s: number, top: number): Layer[] {
  if (buckets.length === 0 || span_s <= 0 || top <= 0) return [];
  const x = (s: number): number => Math.min(1000, (s / span_s) * 1000);
  const y = (n: number): number => 100 - (n / top) * 100;
  const layers: Layer[] = [];
  const below = buckets.map(() => 0);
  for (const name of ['running', 'preparing', 'queued'] as const) {
    const above = buckets.map((bucket, i) => (below[i] ?? 0) + bucket[name]);
    const ends = buckets.map((_, i) => x(buckets[i + 1]?.t_s ?? span_s));
    const forth = buckets.map(
      (bucket, i) =>
        `L${r(x(bucket.t_s))} ${r(y(above[i] ?? 0))}L${r(ends[i] ?? 1000)} ${r(y(above[i] ?? 0))}`,
    );
    const back = buckets
      .map(
        (bucket, i) =>
          `L${r(ends[i] ?? 1000)} ${r(y(below[i] ?? 0))}L${r(x(bucket.t_s))} ${r(y(below[i] ?? 0))}`,
      )
      .toReversed();
    layers.push({
      name,
      d: `M${r(x(buckets[0]?.t_s ?? 0))} ${r(y(below[0] ?? 0))}${forth.join('')}${back.join('')}Z`,
    });
    for (const [i, n] of above.entries()) below[i] = n;
  }
  return layers;
}

const r = (n: number): string => String(Math.round(n * 100) / 100);
