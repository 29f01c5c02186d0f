import { z } from 'zod';
import type { Cause, CircuitState } from '../fleet/index.ts';
import { CIRCUIT_STATES } from '../fleet/index.ts';
import { readCursor, writeCursor } from './cursor.ts';
import type { FleetSnapshot, KeptCircuit } from './fleet-watch.ts';

export const CIRCUIT_SORTS = [
  'id',
  '-id',
  'state',
  '-state',
  'owed_since',
  '-owed_since',
  'last_good',
  '-last_good',
] as const;
type CircuitSort = (typeof CIRCUIT_SORTS)[number];

export interface CircuitQuery {
  readonly plant?: string | undefined;
  readonly state?: CircuitState | undefined;
  readonly cause?: Cause | undefined;
  readonly q?: string | undefined;
  readonly sort: CircuitSort;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** What a page ended with: its place in the order, then its id. */
const Place = z.tuple([z.string(), z.string()]);

/**
 * A page of a look at the fleet. The place it ends with stays a place when the fleet is looked at again between two
 * pages: nobody is shown twice or left out because others moved.
 */
export function pageOfCircuits(
  fleet: FleetSnapshot,
  query: CircuitQuery,
): { circuits: KeptCircuit[]; next: string | null; total: number } {
  const down = query.sort.startsWith('-');
  const key = KEYS[query.sort.replace('-', '')] ?? byId;
  const after = query.cursor === undefined ? null : readCursor(Place, query.cursor);
  const matching = fleet.circuits.filter(filterOf(query));
  const sorted =
    key === byId ? matching : matching.toSorted((a, b) => compare(key(a), key(b)) || (a.id < b.id ? -1 : 1));
  if (down) sorted.reverse();
  const isAfter = (c: KeptCircuit): boolean => {
    if (after === null) return true;
    const order = compare(key(c), after[0]) || compare(c.id, after[1]);
    return down ? order < 0 : order > 0;
  };
  const from = after === null ? 0 : sorted.findIndex(isAfter);
  const rest = from === -1 ? [] : sorted.slice(from, from + query.limit);
  const last = rest.at(-1);
  const more = from !== -1 && sorted.length > from + query.limit;
  return {
    circuits: rest,
    next: more && last !== undefined ? writeCursor([key(last), last.id]) : null,
    total: sorted.length,
  };
}

const byId = (): string => '';

/** Circuits without a time stand at the end of it. */
const KEYS: Readonly<Record<string, (circuit: KeptCircuit) => string>> = {
  id: byId,
  state: (c) => String(CIRCUIT_STATES.indexOf(c.state)),
  owed_since: (c) => c.owed_since ?? '~',
  last_good: (c) => c.good?.created_at ?? '~',
};

const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

function filterOf({ plant, state, cause, q }: CircuitQuery): (circuit: KeptCircuit) => boolean {
  const part = q?.trim().toLowerCase() ?? '';
  return (c) =>
    (plant === undefined || c.plant_id === plant) &&
    (state === undefined || c.state === state) &&
    (cause === undefined || c.cause === cause) &&
    (part === '' ||
      c.id.toLowerCase().includes(part) ||
      c.model_name.toLowerCase().includes(part) ||
      c.reason.toLowerCase().includes(part));
}
