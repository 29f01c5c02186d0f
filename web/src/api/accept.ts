import { useQueryClient } from '@tanstack/react-query';
import type { CircuitView } from '../../../src/views/index.ts';
import { api, ok } from './client.ts';
import { makePlan } from './plans.ts';

/** Lets the good models of a plan's circuits stand for what it says of them; returns how many. */
export async function acceptOfPlan(
  plan_id: string,
  json: Parameters<(typeof api.plans)[':plan_id']['accept']['$post']>[0]['json'],
): Promise<number> {
  const { accepted } = await ok(api.plans[':plan_id'].accept.$post({ param: { plan_id }, json }));
  return accepted.length;
}

/** The same of one circuit, as it was seen; refused where it wants something else by now. */
export async function acceptCircuit(
  { id, why: { training_hash, inputs_digest } }: CircuitView,
  reason: string,
): Promise<number> {
  const { plan_id } = await makePlan({ circuits: [id], if_changed: true, detection: 'hash' });
  return acceptOfPlan(plan_id, { reason, seen: { [id]: { training_hash, inputs_digest } } });
}

/** What is shown of circuits and models is fetched again. */
export function useAccepted(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    await queries.invalidateQueries({ queryKey: ['circuits'] });
    await queries.invalidateQueries({ queryKey: ['models'] });
  };
}
