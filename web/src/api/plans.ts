import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { InferRequestType } from 'hono/client';
import { api, ok } from './client.ts';

/** What is to be planned; what is left out is as on the command line. */
export type PlanRequest = NonNullable<InferRequestType<typeof api.plans.$post>['json']>;

/** Makes a plan, which the server keeps. It trains nothing. */
export const makePlan = (request: PlanRequest) => ok(api.plans.$post({ json: request }));

/** A plan that was made. It does not change. */
export const planQuery = (id: string) =>
  queryOptions({
    queryKey: ['plans', 'one', id],
    queryFn: ({ signal }) => ok(api.plans[':plan_id'].$get({ param: { plan_id: id } }, { init: { signal } })),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Makes a plan and leads to it; whoever has gone elsewhere meanwhile stays there. */
export function usePlanning() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { mutate, isPending, isError, error } = useMutation({
    mutationFn: makePlan,
    // What is planned again may come to the same plan: it is known already, and was made anew.
    onSuccess: (plan) => queries.setQueryData(planQuery(plan.plan_id).queryKey, plan),
  });
  const plan = (request: PlanRequest): void =>
    mutate(request, {
      onSuccess: ({ plan_id }) => void navigate({ to: '/plan/$plan', params: { plan: plan_id } }),
    });
  return { plan, isPending, isError, error };
}
