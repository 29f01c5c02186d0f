import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { flag, oneOf, parseSearch, searchOf, stringifySearch, text, whole } from './search.ts';
import { App } from './shell/app.tsx';
import { NotFound } from './shell/not-found.tsx';
import { PageBroke } from './shell/page-broke.tsx';

const CAUSES = [
  'new',
  'config',
  'data',
  'component',
  'inputs',
  'owed_unfinished',
  'owed_failed',
  'selected',
  'unchanged',
  'accepted',
] as const;

const root = createRootRoute({ component: App, notFoundComponent: NotFound, errorComponent: PageBroke });

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    // eslint-disable-next-line typescript/only-throw-error -- how this router is told to go elsewhere
    throw redirect({ to: '/fleet', replace: true });
  },
});

const fleet = createRoute({
  getParentRoute: () => root,
  path: '/fleet',
  validateSearch: searchOf({
    view: oneOf(['board', 'table']),
    q: text,
    plant: text,
    state: oneOf(['good', 'stale', 'owed', 'failed', 'training', 'waiting', 'new']),
    cause: oneOf(CAUSES),
    sort: oneOf(['id', '-id', 'state', '-state', 'owed_since', '-owed_since', 'last_good', '-last_good']),
  }),
  component: lazyRouteComponent(() => import('./pages/fleet/index.ts'), 'FleetPage'),
});

const circuit = createRoute({
  getParentRoute: () => root,
  path: '/fleet/$circuit',
  validateSearch: searchOf({ metric: text }),
  component: lazyRouteComponent(() => import('./pages/circuit/index.ts'), 'CircuitPage'),
});

const plan = createRoute({
  getParentRoute: () => root,
  path: '/plan',
  component: lazyRouteComponent(() => import('./pages/plan/index.ts'), 'NewPlanPage'),
});

const onePlan = createRoute({
  getParentRoute: () => root,
  path: '/plan/$plan',
  validateSearch: searchOf({ q: text, action: oneOf(['train', 'skip']), cause: oneOf(CAUSES), group: whole }),
  component: lazyRouteComponent(() => import('./pages/plan/index.ts'), 'PlanPage'),
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

const run = createRoute({
  getParentRoute: () => root,
  path: '/runs/$run',
  validateSearch: searchOf({
    tab: oneOf(['failures', 'timeline', 'artifacts', 'plan', 'events']),
    stage: text,
    state: oneOf(['pending', 'queued', 'preparing', 'running', 'succeeded', 'failed', 'canceled']),
    view: oneOf(['table']),
    order: oneOf(['state', 'plant']),
    q: text,
    cause: text,
    action: oneOf(['train', 'skip']),
  }),
  component: lazyRouteComponent(() => import('./pages/run/index.ts'), 'RunPage'),
});

const job = createRoute({
  getParentRoute: () => root,
  path: '/jobs/$job',
  validateSearch: searchOf({ tab: oneOf(['details', 'attempts']), attempt: whole, line: whole, q: text }),
  component: lazyRouteComponent(() => import('./pages/job/index.ts'), 'JobPage'),
});

const activity = createRoute({
  getParentRoute: () => root,
  path: '/activity',
  validateSearch: searchOf({
    tab: oneOf(['audit']),
    run: text,
    circuit: text,
    type: text,
    severity: oneOf(['warning', 'error']),
    actor: text,
  }),
  component: lazyRouteComponent(() => import('./pages/activity/index.ts'), 'ActivityPage'),
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

const models = createRoute({
  getParentRoute: () => root,
  path: '/models',
  validateSearch: searchOf({
    q: text,
    plant: text,
    standing: oneOf(['promoted', 'ahead', 'unpromoted', 'unusable']),
    rehearsal: flag,
  }),
  component: lazyRouteComponent(() => import('./pages/models/index.ts'), 'ModelsPage'),
});

const model = createRoute({
  getParentRoute: () => root,
  path: '/models/$model',
  validateSearch: searchOf({
    metric: text,
    compare: text,
    state: oneOf(['good', 'superseded', 'promoted', 'pull_request', 'withdrawn', 'removed']),
    rehearsal: flag,
  }),
  component: lazyRouteComponent(() => import('./pages/model/index.ts'), 'ModelPage'),
});

const modelVersion = createRoute({
  getParentRoute: () => root,
  path: '/models/$model/$version',
  validateSearch: searchOf({ rehearsal: flag }),
  component: lazyRouteComponent(() => import('./pages/model-version/index.ts'), 'VersionPage'),
});

const scripts = createRoute({
  getParentRoute: () => root,
  path: '/scripts',
  validateSearch: searchOf({ q: text }),
  component: lazyRouteComponent(() => import('./pages/scripts/index.ts'), 'ScriptsPage'),
});

const newScripts = createRoute({
  getParentRoute: () => root,
  path: '/scripts/new',
  validateSearch: searchOf({ only: text }),
  component: lazyRouteComponent(() => import('./pages/new-scripts/index.ts'), 'NewScriptsPage'),
});

const scriptRun = createRoute({
  getParentRoute: () => root,
  path: '/scripts/runs/$run',
  validateSearch: searchOf({
    metric: text,
    goal: oneOf(['lowest', 'highest']),
    x: text,
    by: text,
    q: text,
    status: oneOf(['pending', 'queued', 'preparing', 'running', 'succeeded', 'failed', 'canceled']),
    sort: text,
  }),
  component: lazyRouteComponent(() => import('./pages/script-run/index.ts'), 'ScriptRunPage'),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  validateSearch: searchOf({
    tab: oneOf(['gates', 'channels', 'tokens', 'schedules', 'hooks', 'retention', 'file']),
    state: oneOf(['pending', 'dead', 'delivered']),
    channel: text,
    schedule: text,
    hook: text,
  }),
  component: lazyRouteComponent(() => import('./pages/settings/index.ts'), 'SettingsPage'),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: searchOf({ return_to: text, why: oneOf(['over', 'out']) }),
  component: lazyRouteComponent(() => import('./pages/sign-in/index.ts'), 'SignInPage'),
});

/** Every page, each fetched when it is first opened. Filters and open tabs are in the address: every view is a link. */
export const router = createRouter({
  routeTree: root.addChildren([
    home,
    runs,
    run,
    job,
    activity,
    approvals,
    approval,
    models,
    model,
    modelVersion,
    scripts,
    newScripts,
    scriptRun,
    fleet,
    circuit,
    plan,
    onePlan,
    settings,
    signIn,
  ]),
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
