import { queryOptions } from '@tanstack/react-query';
import type { Role } from '../../../src/kernel/roles.ts';
import { api, ok } from './client.ts';

/** Who uses the page, and what they may do. */
export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => ok(api.me.$get({}, { init: { signal } })),
  staleTime: Number.POSITIVE_INFINITY,
});

/** Roles as people name them: who has all is an admin, who may do something else can read as well. */
export function rolesInWords(roles: readonly Role[]): string {
  if (roles.includes('admin')) return 'admin';
  const more = roles.filter((role) => role !== 'viewer');
  return more.length > 0 ? more.join(', ') : roles.length > 0 ? 'viewer' : 'no role';
}

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
