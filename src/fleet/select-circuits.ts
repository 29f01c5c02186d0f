import picomatch from 'picomatch';
import { UsageError } from '../kernel/errors.ts';
import { nearest } from '../kernel/suggest.ts';
import type { Circuit } from './circuit.ts';
import type { Fleet } from './load-fleet.ts';

/**
 * The circuits that were asked for, in the order of the fleet; null when nothing was (`AUTO` or empty), which means
 * detection. Selectors: `plant_circuit`, `plant/circuit`, globs over either, in lists with commas and spaces.
 * @throws {UsageError} listing every selector that matches nothing, with the nearest ids
 */
export function selectCircuits(fleet: Fleet, selectors: readonly string[]): readonly Circuit[] | null {
  const asked = selectors.flatMap(splitSelectors);
  if (asked.every((selector) => selector.toUpperCase() === 'AUTO')) return null;
  if (asked.some((selector) => selector.toUpperCase() === 'AUTO')) {
    throw new UsageError('AUTO stands beside other circuits.', {
      hint: 'Give either AUTO or a list of circuits.',
    });
  }
  const chosen = new Set<Circuit>();
  const unknown: string[] = [];
  const withSlash = asked.some((selector) => selector.includes('/'))
    ? new Map(fleet.circuits.map((c) => [`${c.plant_id}/${c.circuit_id}`, c]))
    : new Map<string, Circuit>();
  for (const selector of asked) {
    const exact = fleet.by_id.get(selector) ?? withSlash.get(selector);
    const found = exact === undefined ? matching(fleet, selector) : [exact];
    if (found.length === 0) unknown.push(selector);
    for (const circuit of found) chosen.add(circuit);
  }
  if (unknown.length > 0) throw unknownCircuits(fleet, [...new Set(unknown)]);
  return chosen.size === fleet.circuits.length ? fleet.circuits : fleet.circuits.filter((c) => chosen.has(c));
}

/** Splits at commas and spaces, but not inside the braces of a glob; `plant / circuit` is one selector. */
export function splitSelectors(text: string): string[] {
  return (text.replaceAll(/\s*\/\s*/g, '/').match(/(?:\{[^}]*\}|[^\s,{]|\{)+/g) ?? []).map((s) => s);
}

function matching(fleet: Fleet, selector: string): Circuit[] {
  if (!/[*?[\]{}()!+@]/.test(selector)) return [];
  const matches = picomatch(selector, { nonegate: true });
  const slash = selector.includes('/');
  return fleet.circuits.filter((c) => matches(slash ? `${c.plant_id}/${c.circuit_id}` : c.id));
}

function unknownCircuits(fleet: Fleet, unknown: readonly string[]): UsageError {
  const ids = [...fleet.by_id.keys()];
  // Looking for near names reads the whole fleet for each, so only the first few get theirs.
  const told = unknown.slice(0, 10).map((name) => {
    const near = nearest(name.replace('/', '_'), ids);
    return near.length === 0 ? name : `${name} (near: ${near.join(', ')})`;
  });
  if (unknown.length > told.length) told.push(`and ${unknown.length - told.length} more`);
  const what = unknown.length === 1 ? 'No circuit matches' : 'No circuits match';
  return new UsageError(`${what} ${told.join(', ')}.`, {
    hint: `The ids in ${fleet.file} are <plant_id>_<circuit_id>; globs such as ${ids[0]?.split('_', 1)[0] ?? 'plant'}_* are fine.`,
    details: { unknown },
  });
}
