/** Which way a metric is better, as far as a quality limit says so. */
export type Better = 'lower' | 'higher';

/** How a candidate's number stands to the current model's. */
export interface Difference {
  readonly change: number;
  /** `more` and `less` where nobody said which is better. */
  readonly word: 'better' | 'worse' | 'same' | 'more' | 'less';
}

/**
 * Which way each metric is better: `mae <= 10` means that less is. One that is limited on both sides, or to one value, is
 * neither.
 */
export function betterBy(rules: readonly string[]): ReadonlyMap<string, Better> {
  const said = new Map<string, Set<Better | 'neither'>>();
  for (const rule of rules) {
    const [, metric, op] = /^\s*(.+?)\s*(<=|>=|==|!=|<|>)/.exec(rule) ?? [];
    if (metric === undefined || op === undefined) continue;
    const way = op.startsWith('<') ? 'lower' : op.startsWith('>') ? 'higher' : 'neither';
    said.set(metric, (said.get(metric) ?? new Set()).add(way));
  }
  const better = new Map<string, Better>();
  for (const [metric, ways] of said) {
    const [way] = ways;
    if (ways.size === 1 && way !== undefined && way !== 'neither') better.set(metric, way);
  }
  return better;
}

/** Null where one of the two did not report it. */
export function differenceOf(
  candidate: number | undefined,
  current: number | undefined,
  better: Better | undefined,
): Difference | null {
  if (candidate === undefined || current === undefined) return null;
  const change = candidate - current;
  if (change === 0) return { change, word: 'same' };
  const less = change < 0;
  if (better === undefined) return { change, word: less ? 'less' : 'more' };
  return { change, word: less === (better === 'lower') ? 'better' : 'worse' };
}

/** Metrics with a quality limit first, in the order of the limits; then by name. */
export function inOrder(names: Iterable<string>, rules: readonly string[]): string[] {
  const limited = rules.map((rule) => /^\s*(.+?)\s*(?:<=|>=|==|!=|<|>)/.exec(rule)?.[1]);
  const rank = (name: string): number => {
    const at = limited.indexOf(name);
    return at === -1 ? limited.length : at;
  };
  return [...new Set(names)].toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** A measured number in four digits, so that a column can be read down; whole numbers as they are. */
export const figure = (n: number): string =>
  minus(isFar(n) ? n.toExponential(3) : (Number.isInteger(n) ? WHOLE : FIGURE).format(n));
/** The same with its sign, also of what is more. */
export const signed = (n: number): string =>
  minus(isFar(n) ? `${n > 0 ? '+' : ''}${n.toExponential(2)}` : SIGNED.format(n));

/** So small or large that it is read by its power of ten; written out no column has room for it. */
const isFar = (n: number): boolean => n !== 0 && (Math.abs(n) < 1e-3 || Math.abs(n) >= 1e9);

/** As wide as the plus sign, so that signs stand below each other. */
const minus = (written: string): string => written.replaceAll('-', '−');

const WHOLE = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 });
const FIGURE = new Intl.NumberFormat('en', { minimumSignificantDigits: 4, maximumSignificantDigits: 4 });
const SIGNED = new Intl.NumberFormat('en', { maximumSignificantDigits: 3, signDisplay: 'exceptZero' });
