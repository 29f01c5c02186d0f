import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import type { Project } from '../../app.ts';
import { isLoopback } from '../../kernel/loopback.ts';
import { ROLES } from '../../kernel/roles.ts';
import type { ApiContext, ApiEnv } from '../api.ts';
import { problem, problemResponse } from '../problem.ts';
import type { Caller } from './caller.ts';
import { changes, hostOf, isNavigation, isOwnHost, originOf } from './origin.ts';
import { peerOf } from './peer.ts';
import { lacksRole, roleFinder } from './route-roles.ts';

/** Lets through who may ask what they ask, and tells handlers who that is. Everything else ends here. */
export function guard(context: ApiContext, app: OpenAPIHono<ApiEnv>): MiddlewareHandler<ApiEnv> {
  const local = localUser(context.project);
  const neededFor = roleFinder(app);
  const servesLocalUser = localUserMay(context);
  const { public_url } = context.project.config.server;
  return async (c, next) => {
    if (isOpen(c)) return next();
    const peer = peerOf(c);
    if (!servesLocalUser || !peer.local)
      return refuse(c, 401, 'unauthenticated', 'Sign in first.', 'See docs.');
    const host = hostOf(c.req);
    if (!isOwnHost(host, peer.port))
      return refuse(
        c,
        403,
        'wrong_host',
        `This server answers on this machine only, and does not know itself as ${host.slice(0, 100)}.`,
        `Open it as http://localhost:${peer.port ?? 80}.`,
      );
    if (originOf(c.req, public_url) === 'cross' && !isNavigation(c.req))
      return refuse(
        c,
        403,
        'cross_site',
        'Another web site or another port asked for this, and may not.',
        'Open the server itself in the browser.',
      );
    if (changes(c.req) && !hasJsonOrNothing(c))
      return refuse(
        c,
        415,
        'usage',
        `A body has to be JSON, and this one is ${c.req.header('content-type')?.slice(0, 100) ?? 'without a type'}.`,
        'Send it with the header `content-type: application/json`.',
      );
    const caller = await local();
    c.set('caller', caller);
    c.set('actor', { name: caller.name, identity: caller.identity });
    const role = neededFor(c);
    const what = `${c.req.method} ${c.req.path}`;
    if (role === null) return refuse(c, 403, 'not_allowed', `${what} names no role that may call it.`, null);
    if (!caller.roles.includes(role))
      return problemResponse(c, lacksRole(caller.name, caller.roles, role, what));
    return next();
  };
}

/** What anybody may see: the pages themselves, sign-in, whether the process lives, what the API looks like. */
function isOpen(c: Context<ApiEnv>): boolean {
  const { path } = c.req;
  if (path.startsWith('/auth/')) return true;
  if (changes(c.req)) return false;
  return path === '/api/openapi.json' || path === '/api/docs' || !/^\/(api|metrics)(\/|$)/.test(path);
}

/** Whoever sits at this machine is let in unasked, as on the command line, unless people sign in here. */
export function localUserMay({ project, listening }: ApiContext): boolean {
  const { oidc, require_sign_in, public_url } = project.config.server;
  return (
    (listening === undefined || isLoopback(listening.address)) &&
    oidc === null &&
    !require_sign_in &&
    (public_url === null || isLoopback(new URL(public_url).hostname))
  );
}

/** git is asked once a minute, not at every request. */
function localUser(project: Project): () => Promise<Caller> {
  let known: { readonly until: number; readonly caller: Promise<Caller> } | null = null;
  return () => {
    const now = project.clock.now();
    if (known === null || now >= known.until || now < known.until - 60_000)
      known = {
        until: now + 60_000,
        caller: project.actor().then((actor) => ({ ...actor, via: 'local', roles: ROLES })),
      };
    return known.caller;
  };
}

/** A form can be sent by any page; JSON only by one that this server lets. */
function hasJsonOrNothing(c: Context<ApiEnv>): boolean {
  const type = c.req.header('content-type');
  if (type !== undefined) return /^application\/json\s*(;|$)/i.test(type);
  return c.req.header('transfer-encoding') === undefined && Number(c.req.header('content-length') ?? 0) === 0;
}

const refuse = (
  c: Context<ApiEnv>,
  status: 401 | 403 | 415,
  code: string,
  detail: string,
  hint: string | null,
): Response => problem(c, { status, title: TITLES[status], code, detail, hint, problems: [] });

const TITLES = {
  401: 'Who asks is not known',
  403: 'Not allowed',
  415: 'The request makes no sense',
} as const;
