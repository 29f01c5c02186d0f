/** The entry of the web UI. */
import { CSPProvider } from '@base-ui/react/csp-provider';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError } from './api/client.ts';
import { meQuery } from './api/me.ts';
import { forget, isUnknown } from './api/sign-in.ts';
import './tokens.css';
import './base.css';
import { router } from './router.tsx';

const queries = new QueryClient({
  queryCache: new QueryCache({ onError: leadToSignIn }),
  mutationCache: new MutationCache({ onError: leadToSignIn }),
  defaultOptions: {
    queries: {
      // The event stream says when something is out of date; this is for what it may have missed.
      staleTime: 60_000,
      retry: (failures, error) =>
        failures < 2 && error instanceof ApiError && (error.status === 0 || error.status > 501),
    },
  },
});

const place = document.getElementById('root');
if (place === null) throw new TypeError('index.html has no element for the app.');
createRoot(place).render(
  <StrictMode>
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </CSPProvider>
  </StrictMode>,
);

/** Whoever is not known, or not any more, signs in and comes back to where they were. */
function leadToSignIn(error: unknown): void {
  if (!isUnknown(error) || location.pathname === '/sign-in') return;
  const return_to = `${location.pathname}${location.search}${location.hash}`;
  const why = queries.getQueryData(meQuery.queryKey) === undefined ? undefined : 'over';
  void router
    .navigate({ to: '/sign-in', search: { return_to, why }, replace: true })
    .then(() => forget(queries));
}
