import type { ResultRow } from '../../scripts/index.ts';

/** Where values of a parameter lie on an axis: numbers by what they are, wide ranges by their size, words in turn. */
export interface Axis {
  readonly kind: 'linear' | 'log' | 'words';
  readonly place: (value: string) => number;
  readonly tick: (place: number) => string;
}

/** Ten times more twice over does not fit on a straight scale. */
const WIDE = 100;

export function axisOf(values: readonly string[]): Axis {
  const all = [...new Set(values)];
  const numbers = all.map((value) => (value.trim() === '' ? Number.NaN : Number(value)));
  if (all.length > 0 && numbers.every((n) => Number.isFinite(n))) {
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
    const log = low > 0 && high / low >= WIDE && all.length > 2;
    const place = (value: string): number => (log ? Math.log10(Number(value)) : Number(value));
    const written = new Map(all.map((value) => [place(value), value]));
    return { kind: log ? 'log' : 'linear', place, tick: (x) => written.get(x) ?? String(x) };
  }
  const sorted = all.toSorted();
  return {
    kind: 'words',
    place: (value) => sorted.indexOf(value),
    tick: (x) => sorted[x] ?? '',
  };
}

/** Parameters that tell the jobs apart; one that is the same everywhere says nothing. */
export const varying = (rows: readonly Pick<ResultRow, 'parameters'>[], names: readonly string[]): string[] =>
  names.filter((name) => new Set(rows.map((row) => row.parameters[name])).size > 1);

/** What is said of a job where all are of one script: only what a sweep gave it, `lr-1_seed-2`. */
export function shortNames(rows: readonly Pick<ResultRow, 'script'>[]): (id: string) => string {
  if (new Set(rows.map((row) => row.script)).size !== 1) return (id) => id;
  return (id) => {
    const at = id.indexOf('__');
    return at === -1 ? id : id.slice(at + 2);
  };
}

/** What can be measured: a metric by its name, or how long it took. */
export type Measure = { readonly metric: string } | 'duration';

export function measured(row: Pick<ResultRow, 'metrics' | 'duration_s'>, measure: Measure): number | null {
  if (measure === 'duration') return row.duration_s;
  return row.metrics?.[measure.metric] ?? null;
}

export interface Group<T> {
  readonly name: string;
  readonly rows: readonly T[];
}

/** More lines cannot be told apart. */
const MOST_GROUPS = 8;

/** Rows by the values of a parameter in their order, what lacks it last; the rest of many values together. */
export function groupsBy<T extends Pick<ResultRow, 'parameters'>>(
  rows: readonly T[],
  parameter: string | undefined,
): Group<T>[] {
  if (parameter === undefined) return [{ name: '', rows }];
  const by = Map.groupBy(rows, (row) => row.parameters[parameter]);
  const lacking = by.get(undefined);
  const values = [...by.keys()].filter((value) => value !== undefined);
  const order = axisOf(values);
  const groups: Group<T>[] = values
    .toSorted((a, b) => order.place(a) - order.place(b))
    .map((value) => ({ name: `${parameter} ${value}`, rows: by.get(value) ?? [] }));
  if (lacking !== undefined) groups.push({ name: `without ${parameter}`, rows: lacking });
  if (groups.length <= MOST_GROUPS) return groups;
  const rest = groups.slice(MOST_GROUPS - 1);
  return [
    ...groups.slice(0, MOST_GROUPS - 1),
    { name: `${rest.length} other values`, rows: rest.flatMap((group) => group.rows) },
  ];
}

/** Which way a metric is better. */
export type Goal = 'lowest' | 'highest';

/** By what metrics are usually called. */
export function guessedGoal(metric: string): Goal {
  const words = metric.toLowerCase().split(/[^a-z0-9]+/);
  return words.some((word) => HIGHEST.has(word)) ? 'highest' : 'lowest';
}

const HIGHEST: ReadonlySet<string> = new Set([
  'acc',
  'accuracy',
  'ap',
  'auc',
  'auroc',
  'bleu',
  'dice',
  'f1',
  'iou',
  'map',
  'mcc',
  'ndcg',
  'precision',
  'r2',
  'recall',
  'reward',
  'roc',
  'rouge',
  'score',
  'skill',
  'sensitivity',
  'specificity',
  'throughput',
]);

/** What the server sorts by, so that the best comes first. */
export const sortFor = (metric: string, goal: Goal): string =>
  goal === 'highest' ? `-metrics.${metric}` : `metrics.${metric}`;

/** Ids of the best jobs, all of them where several are as good. */
export function bestOf(
  rows: readonly Pick<ResultRow, 'id' | 'metrics' | 'duration_s'>[],
  metric: string,
  goal: Goal,
): { readonly value: number; readonly ids: ReadonlySet<string> } | null {
  const values = rows.flatMap((row) => {
    const value = measured(row, { metric });
    return value === null ? [] : [{ id: row.id, value }];
  });
  const [first] = values;
  if (first === undefined) return null;
  const value = values.reduce(
    (best, each) => (goal === 'highest' ? Math.max(best, each.value) : Math.min(best, each.value)),
    first.value,
  );
  return { value, ids: new Set(values.filter((each) => each.value === value).map((each) => each.id)) };
}
