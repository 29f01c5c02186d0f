import { queryOptions } from '@tanstack/react-query';
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
