import type { ScriptRow } from '../../scripts/index.ts';

/** An option that the chosen scripts declare. */
export interface Option {
  /** What it is called in a request: `epochs`, `batch-size`. */
  readonly name: string;
  /** As the scripts spell it. */
  readonly flag: string;
  /** How many of the chosen scripts take it. */
  readonly takers: number;
  /** One of the four that are given to all scripts alike, without a job for each value. */
  readonly common: Common | null;
}
const COMMON = ['epochs', 'folds', 'sample', 'batch'] as const;
export type Common = (typeof COMMON)[number];

const SPELLED: Readonly<Record<Common, readonly string[]>> = {
  epochs: ['--epochs'],
  folds: ['--folds'],
  sample: ['--sample'],
  batch: ['--batch-size', '--batch', '--batch_size'],
};

/** Every option of the chosen scripts once, the common ones first, then those that most of them take. */
export function optionsOf(scripts: readonly Pick<ScriptRow, 'flags'>[]): readonly Option[] {
  const takers = new Map<string, number>();
  for (const { flags } of scripts)
    for (const flag of flags) if (isGiven(flag)) takers.set(flag, (takers.get(flag) ?? 0) + 1);
  const options = [...takers].map(([flag, n]): Option => {
    const common = COMMON.find((name) => SPELLED[name].includes(flag)) ?? null;
    return { name: flag.replace(/^--/, ''), flag, takers: n, common };
  });
  const rank = ({ common }: Option): number => (common === null ? COMMON.length : COMMON.indexOf(common));
  return options.toSorted((a, b) => rank(a) - rank(b) || b.takers - a.takers || (a.flag < b.flag ? -1 : 1));
}

/** What can be asked for: where results go is decided for the scripts. */
const isGiven = (flag: string): boolean =>
  /^--[A-Za-z][\w-]{0,99}$/.test(flag) && !/^--output[_-]dir$/i.test(flag);

/** Values that are written `10, 20` or `1..5`; a text where it cannot be read. */
export function readValues(text: string): readonly string[] | string {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.includes('')) return 'A value is missing between two commas.';
  const values: string[] = [];
  for (const part of parts) {
    const [, from, to] = /^(-?\d+)\.\.(-?\d+)$/.exec(part) ?? [];
    if (from === undefined || to === undefined) {
      if (/^-?[\d.]+\.\.-?[\d.]+$/.test(part))
        return `${part} is no range of whole numbers; name the values one by one.`;
      values.push(part);
      continue;
    }
    const [first, last] = [Number(from), Number(to)];
    const length = Math.abs(last - first) + 1;
    if (length > MOST_VALUES) return `${part} are ${length} values; ${MOST_VALUES} are the most.`;
    values.push(...Array.from({ length }, (_, i) => String(first + (first <= last ? i : -i))));
  }
  return [...new Set(values)];
}

const MOST_VALUES = 10_000;
