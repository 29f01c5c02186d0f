import { queryOptions } from '@tanstack/react-query';
import { getJson, setCsrf } from './client.ts';

/** Who uses the page, and what they may do. */
export interface Me {
  readonly name: string;
  readonly identity: 'claimed' | 'verified' | 'system';
  readonly roles: readonly string[];
  readonly via: 'local' | 'token' | 'session';
  readonly csrf: string | null;
}

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async ({ signal }) => {
    const me = await getJson<Me>('/me', {}, signal);
    setCsrf(me.csrf);
    return me;
  },
  staleTime: Number.POSITIVE_INFINITY,
});

/** How many requests wait for a decision, as far as one page goes. */
export const waitingQuery = queryOptions({
  queryKey: ['approvals', 'waiting'],
  queryFn: async ({ signal }) => {
    const page = await getJson<{ readonly items: readonly unknown[]; readonly next: string | null }>(
      '/approvals',
      { status: 'waiting', limit: 100 },
      signal,
    );
    return { waiting: page.items.length, more: page.next !== null };
  },
});
