import type { PlanView } from '../../../../src/views/index.ts';

type Group = Pick<PlanView['groups'][number], 'action' | 'cause' | 'count'>;

/** How many are trained for each cause, in the order of the plan. */
export function trainedByCause(
  groups: readonly Group[],
): readonly { readonly cause: Group['cause']; readonly circuits: number }[] {
  const counts = new Map<Group['cause'], number>();
  for (const { action, cause, count } of groups) {
    if (action === 'train') counts.set(cause, (counts.get(cause) ?? 0) + count);
  }
  return [...counts].map(([cause, circuits]) => ({ cause, circuits }));
}
