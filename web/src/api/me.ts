import { queryOptions } from '@tanstack/react-query';
import { api, ok } from './client.ts';

/** Who uses the page, and what they may do. */
export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => ok(api.me.$get({}, { init: { signal } })),
  staleTime: Number.POSITIVE_INFINITY,
});

/** How many requests wait for a decision, as far as one page goes. */
export const waitingQuery = queryOptions({
  queryKey: ['approvals', 'waiting'],
  queryFn: async ({ signal }) => {
    const page = await ok(
      api.approvals.$get({ query: { status: 'waiting', limit: 100 } }, { init: { signal } }),
    );
    return { waiting: page.items.length, more: page.next !== null };
  },
});
