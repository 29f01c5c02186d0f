/** What people look at first, in this order; other metrics follow by name. */
const FIRST = ['mae', 'rmse', 'mape', 'skill', 'r2', 'accuracy', 'f1', 'auc', 'loss'];

/** The few metrics that tell most, rounded: `mae 1.32  rmse 1.73  skill 0.208`. With `before`, what they were. */
export function headline(
  metrics: Readonly<Record<string, number>>,
  most: number,
  before: Readonly<Record<string, number>> | null = null,
): string {
  const rank = (name: string): number => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return Object.entries(metrics)
    .toSorted(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .slice(0, most)
    .map(
      ([name, value]) =>
        `${name} ${round(value)}${before?.[name] === undefined ? '' : ` (was ${round(before[name])})`}`,
    )
    .join('  ');
}

/** Four significant digits, plainly written. */
const round = (n: number): string => String(Number(n.toPrecision(4)));
