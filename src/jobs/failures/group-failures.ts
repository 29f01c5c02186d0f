import { adviceFor } from './advice.ts';
import type { Failure, FailureClass } from './failure.ts';

/** Failures of one cause. */
export interface FailureGroup {
  /** From 1, the largest group first. */
  readonly number: number;
  readonly class: FailureClass;
  readonly signature: string;
  readonly title: string;
  readonly advice: string;
  readonly count: number;
  /** Sorted, each once. */
  readonly circuits: readonly string[];
  readonly sample: readonly string[];
  /** The fault lies in what the circuits share: see `isSystematic`. */
  readonly systematic: boolean;
}

interface Failed {
  readonly circuit_id: string;
  readonly failure: Failure;
}

/** Groups by signature, largest first, then by title; the same input in any order gives the same groups and numbers. */
export function groupFailures(failed: Iterable<Failed>): FailureGroup[] {
  const groups = new Map<string, { shown: Failed; count: number; circuits: Set<string> }>();
  const all = new Set<string>();
  for (const one of failed) {
    all.add(one.circuit_id);
    const group = groups.get(one.failure.signature);
    if (group === undefined) {
      groups.set(one.failure.signature, { shown: one, count: 1, circuits: new Set([one.circuit_id]) });
      continue;
    }
    group.count++;
    group.circuits.add(one.circuit_id);
    if (comesBefore(one, group.shown)) group.shown = one;
  }
  return [...groups.values()]
    .toSorted(
      (a, b) =>
        b.count - a.count ||
        order(a.shown.failure.title, b.shown.failure.title) ||
        order(a.shown.failure.signature, b.shown.failure.signature),
    )
    .map(({ shown: { failure }, count, circuits }, i) => ({
      number: i + 1,
      class: failure.class,
      signature: failure.signature,
      title: failure.title,
      advice: adviceFor(failure),
      count,
      circuits: [...circuits].toSorted(order),
      sample: failure.sample,
      systematic: isSystematic(circuits.size, all.size),
    }));
}

/** Three circuits with one error share its cause; two do where they are at least half of those that failed. */
const isSystematic = (circuits: number, failed: number): boolean =>
  circuits >= 3 || (circuits === 2 && failed <= 4);

/** Which of two failures a group shows: by title, then circuit, then lines, so that no order of input matters. */
function comesBefore(a: Failed, b: Failed): boolean {
  const by =
    order(a.failure.title, b.failure.title) ||
    order(a.circuit_id, b.circuit_id) ||
    order(a.failure.sample.join('\n'), b.failure.sample.join('\n')) ||
    order(a.failure.class, b.failure.class);
  return by < 0;
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
