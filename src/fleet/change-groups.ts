import { CAUSES } from './plan.ts';
import type { Cause, PlannedCircuit } from './plan.ts';

/** Circuits that share a cause and the very sentence that explains it. */
export interface ChangeGroup {
  readonly action: 'train' | 'skip';
  readonly cause: Cause;
  readonly reason: string;
  readonly circuits: readonly string[];
}

/**
 * A plan by what is behind it, biggest group first within each cause: four hundred circuits collapse to the three
 * edits that caused them. Circuits that stay as they are make one group.
 */
export function groupByCause(circuits: Iterable<PlannedCircuit>): ChangeGroup[] {
  const groups = new Map<
    string,
    { action: 'train' | 'skip'; cause: Cause; reason: string; circuits: string[] }
  >();
  for (const c of circuits) {
    const reason = groupReason(c);
    const key = `${c.action}\0${c.cause}\0${reason}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { action: c.action, cause: c.cause, reason, circuits: [c.id] });
    else group.circuits.push(c.id);
  }
  return [...groups.values()].toSorted(
    (a, b) =>
      CAUSES.indexOf(a.cause) - CAUSES.indexOf(b.cause) ||
      b.circuits.length - a.circuits.length ||
      (a.reason < b.reason ? -1 : 1),
  );
}

/** What is the same for everybody in a group: names of models and jobs, digests and messages are not. */
function groupReason(c: PlannedCircuit): string {
  switch (c.cause) {
    case 'unchanged':
      return c.reason === 'not selected' ? c.reason : 'same settings and data as the good model';
    case 'accepted':
      return 'the good model was accepted for these settings';
    case 'owed_failed':
    case 'owed_unfinished':
      return c.reason.replace(/ \(.*\)/, '');
    default:
      if (c.cause === 'config' && c.changes.length === 0)
        return 'the training hash differs from that of the good model';
      if (c.changes.length > 0 && c.changes.every((change) => change.field === 'data_content'))
        return 'the content at data_path changed';
      return c.reason;
  }
}
