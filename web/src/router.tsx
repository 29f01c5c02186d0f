import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { oneOf, parseSearch, searchOf, stringifySearch, text } from './search.ts';
import { NotFound } from './shell/not-found.tsx';
import { PageBroke } from './shell/page-broke.tsx';
import { Shell } from './shell/shell.tsx';

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: PageBroke });

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    // eslint-disable-next-line typescript/only-throw-error -- how this router is told to go elsewhere
    throw redirect({ to: '/runs', replace: true });
  },
});

const runs = createRoute({
  getParentRoute: () => root,
  path: '/runs',
  validateSearch: searchOf({
    q: text,
    status: oneOf(['pending', 'running', 'waiting', 'succeeded', 'failed', 'canceled']),
    pipeline: text,
    requested_by: text,
    rehearsal: oneOf(['true', 'false']),
  }),
  component: lazyRouteComponent(() => import('./pages/runs/index.ts'), 'RunsPage'),
});

const approvals = createRoute({
  getParentRoute: () => root,
  path: '/approvals',
  validateSearch: searchOf({
    show: oneOf(['waiting', 'decided', 'expired', 'canceled', 'superseded', 'all']),
    gate: text,
    run: text,
  }),
  component: lazyRouteComponent(() => import('./pages/approvals/index.ts'), 'ApprovalsPage'),
});

const approval = createRoute({
  getParentRoute: () => root,
  path: '/approvals/$approval',
  validateSearch: searchOf({
    q: text,
    held: oneOf(['true', 'false']),
    verdict: oneOf(['pending', 'approve', 'hold', 'reject']),
    metric: text,
    sort: text,
    tab: oneOf(['causes', 'subjects', 'history']),
  }),
  component: lazyRouteComponent(() => import('./pages/approvals/index.ts'), 'ApprovalPage'),
});

/** Every page, each fetched when it is first opened. Filters and open tabs are in the address: every view is a link. */
export const router = createRouter({
  routeTree: root.addChildren([home, runs, approvals, approval]),
  parseSearch,
  stringifySearch,
  scrollRestoration: true,
  scrollToTopSelectors: ['#page'],
  defaultPreload: 'intent',
  defaultNotFoundComponent: NotFound,
  defaultErrorComponent: PageBroke,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
