import { parseSize } from '../../../../src/kernel/size.ts';
import type { ScriptsRequest } from '../../scripts/index.ts';
import { readValues } from './options.ts';
import type { Common, Option } from './options.ts';

/** What is on or off. */
export type Switch =
  | 'parallel'
  | 'allow_partial_success'
  | 'mark_discovered_optional'
  | 'no_auto_discover'
  | 'allow_discovery_overrides'
  | 'resume';

/** What is written into a line of its own. */
export type Line = 'max_workers' | 'retries' | 'timeout_min' | 'exclude' | 'memory' | 'gpus' | 'gpus_per_job';

/** What the form holds. What was not touched is left to trainyard.yaml. */
export interface Draft {
  /** Ids; empty: all. */
  readonly only: readonly string[];
  /** What was written for each option, by its name. */
  readonly values: Readonly<Record<string, string>>;
  readonly switches: Readonly<Partial<Record<Switch, boolean>>>;
  readonly lines: Readonly<Partial<Record<Line, string>>>;
  readonly order: ScriptsRequest['order'];
}

export const EMPTY: Draft = { only: [], values: {}, switches: {}, lines: {}, order: undefined };

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
  const line = <T>(name: Line, read: (text: string) => T | Refused): T | undefined => {
    const text = (draft.lines[name] ?? '').trim();
    if (text === '') return undefined;
    const value = read(text);
    if (!(value instanceof Refused)) return value;
    wrong[name] = value.why;
    return undefined;
  };
  const { parallel } = draft.switches;
  const asked: ScriptsRequest = {
    ...common,
    only: draft.only.length === 0 ? undefined : [...draft.only],
    sweep: Object.keys(sweep).length === 0 ? undefined : sweep,
    ...draft.switches,
    max_workers: parallel === false ? undefined : line('max_workers', wholeFrom(1)),
    order: draft.order,
    retries: line('retries', wholeFrom(0)),
    timeout_s: line('timeout_min', secondsOf),
    memory_limit_mib: line('memory', mebibytesOf),
    exclude: line('exclude', namesOf),
    gpus: line('gpus', gpusOf),
    gpus_per_job: line('gpus_per_job', wholeFrom(1)),
  };
  return { request: said(asked), wrong };
}

class Refused {
  readonly why: string;
  constructor(why: string) {
    this.why = why;
  }
}

/** Without what was not said: the rest is as in trainyard.yaml. */
const said = (asked: ScriptsRequest): ScriptsRequest =>
  Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));

const isWhole = (text: string): boolean => /^[1-9]\d{0,8}$/.test(text);

const wholeFrom =
  (least: number) =>
  (text: string): number | Refused =>
    /^\d{1,9}$/.test(text) && Number(text) >= least
      ? Number(text)
      : new Refused(`A whole number from ${least} on.`);

function secondsOf(minutes: string): number | Refused {
  const number = Number(minutes);
  return Number.isFinite(number) && number > 0 ? number * 60 : new Refused('A number of minutes.');
}

function mebibytesOf(size: string): number | Refused {
  const mib = Math.round(parseSize(size) ?? 0);
  return mib >= 1 ? mib : new Refused('A size from 1M on, such as 512M or 4G.');
}

const namesOf = (text: string): string[] => text.split(/[\s,]+/).filter((name) => name !== '');

const gpusOf = (text: string): string | Refused => {
  const which = text.replaceAll(/\s/g, '');
  return /^(?:auto|\d{1,3}|[\w-]+(?:,[\w-]+)+)$/.test(which)
    ? which
    : new Refused('auto, how many, or a list such as 0,2.');
};
