import { z } from 'zod';
import { numberOf, parseNumber, subjectFacts, subjectMatcher, verdictsNow } from '../gates/index.ts';
import type { Subject, SubjectFacts, SubjectFilter } from '../gates/index.ts';
import type { Store } from '../store/index.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { ReadCache } from './read-cache.ts';

export interface SubjectQuery extends SubjectFilter {
  readonly verdict?: Subject['verdict'] | undefined;
  /** `subject`, a metric, or `change.` and a metric; descending with `-` before it. */
  readonly sort: string;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface SubjectPage {
  readonly names: readonly string[];
  readonly next: string | null;
  /** How many match in all. */
  readonly total: number;
  /** Names of the metrics that they have. */
  readonly metrics: readonly string[];
}

/** What a page ended with: its number in the order, then its name. */
const Place = z.tuple([z.number().nullable(), z.string()]);

/** Requests that are kept in mind, and orders of each. */
const MOST_KEPT = 4;
const MOST_ORDERS = 6;

interface Kept {
  readonly facts: readonly SubjectFacts[];
  readonly metrics: readonly string[];
  readonly orders: Map<string, readonly SubjectFacts[]>;
}

/**
 * Pages of a request's subjects in any order. The numbers of subjects never change, so they are read once for each request;
 * where they stand is read whenever something was written since.
 */
export class SubjectPages {
  readonly #store: Store;
  readonly #verdicts: ReadCache;
  readonly #kept = new Map<string, Promise<Kept>>();

  constructor(store: Store) {
    this.#store = store;
    this.#verdicts = new ReadCache(store, MOST_KEPT);
  }

  async page(approval_id: string, query: SubjectQuery): Promise<SubjectPage> {
    const after = query.cursor === undefined ? null : readCursor(Place, query.cursor);
    const matches = subjectMatcher(query);
    const kept = await this.#of(approval_id);
    const { verdict } = query;
    const verdicts =
      verdict === undefined
        ? null
        : await this.#verdicts.get(approval_id, () => verdictsNow(this.#store.db, approval_id));
    const order = orderOf(query.sort);
    const found = sorted(kept, query.sort, order).filter(
      (f) => matches(f) && (verdicts === null || verdicts.get(f.subject) === verdict),
    );
    const from =
      after === null ? 0 : found.findIndex((f) => order.compare([order.value(f), f.subject], after) > 0);
    const shown = from < 0 ? [] : found.slice(from, from + query.limit);
    const last = shown.at(-1);
    const more = from >= 0 && found.length > from + query.limit;
    return {
      names: shown.map((f) => f.subject),
      next: more && last !== undefined ? writeCursor([order.value(last), last.subject]) : null,
      total: found.length,
      metrics: kept.metrics,
    };
  }

  #of(approval_id: string): Promise<Kept> {
    const known = this.#kept.get(approval_id);
    if (known !== undefined) return known;
    const reading = (async (): Promise<Kept> => {
      const facts = await subjectFacts(this.#store.db, approval_id);
      const metrics = new Set(facts.flatMap((f) => Object.keys(f.metrics)));
      return { facts, metrics: [...metrics].toSorted(), orders: new Map() };
    })();
    this.#kept.set(approval_id, reading);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    reading.catch(() => this.#kept.delete(approval_id));
    return reading;
  }
}

type At = readonly [number | null, string];

interface Order {
  value(facts: SubjectFacts): number | null;
  compare(a: At, b: At): number;
}

/** What lacks the number comes last, whichever way round. */
function orderOf(sort: string): Order {
  const down = sort.startsWith('-');
  const name = down ? sort.slice(1) : sort;
  const sign = down ? -1 : 1;
  const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  if (name === 'subject') return { value: () => null, compare: ([, a], [, b]) => sign * byName(a, b) };
  const number = parseNumber(name);
  return {
    value: (facts) => numberOf(facts, number),
    compare: ([a, a_name], [b, b_name]) => {
      if (a === b) return byName(a_name, b_name);
      if (a === null || b === null) return a === null ? 1 : -1;
      return sign * (a - b);
    },
  };
}

function sorted(kept: Kept, sort: string, order: Order): readonly SubjectFacts[] {
  const known = kept.orders.get(sort);
  if (known !== undefined) return known;
  const made = kept.facts
    .map((facts): readonly [At, SubjectFacts] => [[order.value(facts), facts.subject], facts])
    .toSorted(([a], [b]) => order.compare(a, b))
    .map(([, facts]) => facts);
  if (kept.orders.size >= MOST_ORDERS) kept.orders.clear();
  kept.orders.set(sort, made);
  return made;
}
