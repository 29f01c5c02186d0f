import { queryOptions } from '@tanstack/react-query';
import type { QueryClient } from '@tanstack/react-query';
import { ApiError, client } from './client.ts';

/** How one may sign in here. */
interface Methods {
  /** Whoever sits at this machine is let in unasked. */
  readonly local: boolean;
  /** Whom people sign in with. */
  readonly oidc: { readonly host: string } | null;
}

export const methodsQuery = queryOptions({
  queryKey: ['sign-in'],
  queryFn: async ({ signal }): Promise<Methods> =>
    (await (await client.send('/auth/methods', { signal })).json()) as Methods,
});

/** Where the provider is asked, with the page to come back to. */
export const providerPath = (return_to: string): string =>
  `/auth/login?${new URLSearchParams({ return_to }).toString()}`;

export const signInWithToken = async (token: string): Promise<void> => {
  await client.send('/auth/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });
};

export const signOut = async (): Promise<void> => {
  await client.send('/auth/logout', { method: 'POST' });
};

/** Nobody is signed in, or not any more. */
export const isUnknown = (error: unknown): boolean => error instanceof ApiError && error.status === 401;

/** Forgets what was shown to whoever was signed in. */
export const forget = (queries: QueryClient): void =>
  queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== methodsQuery.queryKey[0] });

/** A page of this app to go back to, from an address that anybody may have written; else the first page. */
export function pageToReturnTo(wanted: string | undefined): string {
  const url =
    wanted !== undefined && URL.canParse(wanted, location.origin) ? new URL(wanted, location.origin) : null;
  if (url === null || url.origin !== location.origin) return '/';
  // Below these are no pages, and sign-in would lead to itself.
  if (/^\/+(?:sign-in|auth|api)(?:\/|$)/.test(url.pathname) || url.pathname.startsWith('//')) return '/';
  return `${url.pathname}${url.search}${url.hash}`;
}
