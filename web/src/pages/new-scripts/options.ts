import type { ScriptRow, ScriptsRequest } from '../../scripts/index.ts';

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
type Common = (typeof COMMON)[number];

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

/** What the form holds. */
export interface Draft {
  /** Ids; empty: all. */
  readonly only: readonly string[];
  /** What was written for each option, by its name. */
  readonly values: Readonly<Record<string, string>>;
  readonly parallel: boolean;
  readonly max_workers: string;
  readonly retries: string;
  readonly timeout_min: string;
  readonly partial: boolean;
}

export const EMPTY: Draft = {
  only: [],
  values: {},
  parallel: false,
  max_workers: '',
  retries: '',
  timeout_min: '',
  partial: false,
};

/** What is asked of the server, and what is wrong with a field, by its name. */
export interface Asked {
  readonly request: ScriptsRequest;
  readonly wrong: Readonly<Record<string, string>>;
}

/**
 * One value of a common option is given to all scripts; of any other one, and of several, each makes a job. What is
 * written for an option that none of the chosen scripts takes any more is left alone.
 */
export function askedBy(draft: Draft, options: readonly Option[]): Asked {
  const wrong: Record<string, string> = {};
  const sweep: Record<string, string[]> = {};
  const common: Partial<Record<Common, number>> = {};
  for (const option of options) {
    const text = (draft.values[option.name] ?? '').trim();
    if (text === '') continue;
    const values = readValues(text);
    if (typeof values === 'string') wrong[option.name] = values;
    else if (option.common !== null && values.length === 1 && isWhole(values[0] ?? ''))
      common[option.common] = Number(values[0]);
    else sweep[option.name] = [...values];
  }
  const whole = (name: 'max_workers' | 'retries', least: number): number | undefined => {
    const text = draft[name].trim();
    if (text === '') return undefined;
    if (/^\d+$/.test(text) && Number(text) >= least) return Number(text);
    wrong[name] = `A whole number from ${least} on.`;
    return undefined;
  };
  const request: ScriptsRequest = {
    ...common,
    ...given('only', draft.only.length === 0 ? undefined : [...draft.only]),
    ...given('sweep', Object.keys(sweep).length === 0 ? undefined : sweep),
    ...given('parallel', draft.parallel ? true : undefined),
    ...given('max_workers', draft.parallel ? whole('max_workers', 1) : undefined),
    ...given('retries', whole('retries', 0)),
    ...given('timeout_s', seconds(draft.timeout_min, wrong)),
    ...given('allow_partial_success', draft.partial ? true : undefined),
  };
  return { request, wrong };
}

const isWhole = (text: string): boolean => /^[1-9]\d{0,8}$/.test(text);

/** Only what was said: the rest is as in trainyard.yaml. */
const given = <K extends string, V>(name: K, value: V | undefined): Partial<Record<K, V>> =>
  value === undefined ? {} : ({ [name]: value } as Record<K, V>);

function seconds(minutes: string, wrong: Record<string, string>): number | undefined {
  const text = minutes.trim();
  if (text === '') return undefined;
  const number = Number(text);
  if (Number.isFinite(number) && number > 0) return number * 60;
  wrong['timeout_min'] = 'A number of minutes.';
  return undefined;
}
