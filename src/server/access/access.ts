import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import type { Project } from '../../app.ts';
import { isLoopback } from '../../kernel/loopback.ts';
import { inNetworks } from '../../kernel/networks.ts';
import { householdOf } from '../../kernel/networks.ts';
import { ROLES } from '../../kernel/roles.ts';
import type { ApiContext, ApiEnv } from '../api.ts';
import { isHookCall } from '../incoming-hooks.ts';
import { problemResponse } from '../problem.ts';
import type { Caller } from './caller.ts';
import { shownBy } from './credentials.ts';
import type { Shown } from './credentials.ts';
import { changes, isNavigation, isOwnHost, originOf } from './origin.ts';
import { peerOf } from './peer.ts';
import { rateLimit } from './rate-limit.ts';
import { refuse, tooMany } from './refusals.ts';
import type { RecordRefusal } from './refusals.ts';
import { lacksRole, roleFinder } from './route-roles.ts';

/** Lets through who may ask what they ask, and tells handlers who that is. Everything else ends here. */
export function guard(
  context: ApiContext,
  app: OpenAPIHono<ApiEnv>,
  record: RecordRefusal,
): MiddlewareHandler<ApiEnv> {
  const { project } = context;
  const { clock, config } = project;
  const { public_url, oidc, trusted_proxies } = config.server;
  const trusted = inNetworks(trusted_proxies);
  const servesLocalUser = localUserMay(context);
  const askLocal = localUser(project);
  const neededFor = roleFinder(app);
  // The pages of one browser, the programs behind one address; a token or session; tries with a token that is wrong.
  const byAddress = rateLimit(clock, { burst: 2000, every_ms: 5 });
  const byCredential = rateLimit(clock, { burst: 1000, every_ms: 10 });
  const failures = rateLimit(clock, { burst: 10, every_ms: 6000 });

  /** Whoever shows nothing is the local user, where there is one. */
  const identify = async (c: Context<ApiEnv>, shown: Shown): Promise<Caller | Response> => {
    if (shown.shows === 'known') return shown.caller;
    const peer = c.get('peer');
    if (shown.shows === 'wrong') {
      const wait_ms = failures.take(householdOf(peer.address));
      await record(peer.address, {
        type: 'access.refused',
        message: `A token was refused that came from ${peer.address}: ${shown.detail}`,
        data: { address: peer.address, token: shown.token },
      });
      if (wait_ms > 0) return tooMany(c, wait_ms, 'requests with a token that is wrong');
      return refuse(c, 401, 'unauthenticated', shown.detail, shown.hint);
    }
    if (!servesLocalUser || !peer.local) {
      return refuse(
        c,
        401,
        'unauthenticated',
        'This needs somebody who is signed in, or an API token.',
        `${oidc === null ? 'Ask' : 'Sign in at /auth/login, or ask'} with \`Authorization: Bearer ty_…\`; \`trainyard tokens create NAME --role viewer\` makes a token.`,
      );
    }
    const { host } = peer;
    if (isOwnHost(host, peer.port)) return askLocal();
    return refuse(
      c,
      403,
      'wrong_host',
      `This server answers on this machine only, and does not know itself as ${host.slice(0, 100)}.`,
      `Open it as http://localhost:${peer.port ?? 80}.`,
    );
  };

  return async (c, next) => {
    if (namesAnotherHost(c))
      return refuse(c, 400, 'usage', 'This is no proxy: a request names a path here and nothing else.', null);
    const peer = peerOf(c, trusted);
    c.set('peer', peer);
    const unlimited = servesLocalUser && peer.local;
    const early_ms = unlimited ? 0 : byAddress.take(householdOf(peer.address));
    if (early_ms > 0) return tooMany(c, early_ms, `requests from ${peer.address}`);
    if (isOpen(c)) return next();

    const shown = await shownBy(project, c, true);
    const caller = await identify(c, shown);
    if (caller instanceof Response) return caller;
    const wait_ms = shown.shows === 'known' ? byCredential.take(shown.key) : 0;
    if (wait_ms > 0) return tooMany(c, wait_ms, `requests of ${caller.name}`);

    // A token is sent on purpose; what a browser sends by itself has to come from a page of ours.
    if (caller.via !== 'token') {
      const origin = originOf(c.req, peer, public_url);
      const unsaid = origin === 'unknown' && caller.via === 'session' && changes(c.req);
      if ((origin === 'cross' && !isNavigation(c.req)) || unsaid)
        return refuse(
          c,
          403,
          'cross_site',
          unsaid
            ? 'The browser does not say which site asks, so nothing is changed.'
            : 'Another web site or another port asked for this, and may not.',
          'Open the server itself in the browser. Programs use an API token.',
        );
    }
    if (changes(c.req) && !hasJsonOrNothing(c))
      return refuse(
        c,
        415,
        'usage',
        `A body has to be JSON, and this one is ${c.req.header('content-type')?.slice(0, 100) ?? 'without a type'}.`,
        'Send it with the header `content-type: application/json`.',
      );

    const role = neededFor(c);
    const what = `${c.req.method} ${c.req.path}`;
    if (role === null) return next();
    if (role === 'nobody')
      return refuse(c, 403, 'not_allowed', `${what} names no role that may call it.`, null);
    if (!caller.roles.includes(role)) {
      const { name, identity } = caller;
      const denied = lacksRole(name, caller.roles, role, what.slice(0, 200));
      await record(name, {
        type: 'access.denied',
        actor: { name, identity },
        message: denied.message,
        data: { address: peer.address, role },
      });
      return problemResponse(c, denied);
    }
    c.set('stillMay', async () => {
      const now = caller.via === 'local' ? null : await shownBy(project, c, false);
      return now === null || (now.shows === 'known' && now.caller.roles.includes(role));
    });
    c.set('role', role);
    c.set('caller', caller);
    c.set('actor', { name: caller.name, identity: caller.identity });
    await next();
    // What one may see is nobody else's to keep.
    if (!c.res.headers.has('cache-control')) c.res.headers.set('cache-control', 'private, no-cache');
    return undefined;
  };
}

const OPEN: ReadonlySet<string> = new Set(['/api/openapi.json', '/api/docs', '/api/docs.css']);

/**
 * What anybody may ask: the pages themselves, sign-in, whether the process lives, what the API looks like. And hooks, which
 * look for a signature of their own.
 */
function isOpen(c: Context<ApiEnv>): boolean {
  const { path } = c.req;
  if (path.startsWith('/auth/') || isHookCall(path)) return true;
  if (changes(c.req)) return false;
  return OPEN.has(path) || !/^\/(api|metrics)(\/|$)/i.test(path);
}

/** `GET http://elsewhere/path HTTP/1.1`: the name in it counts and not the header that we look at; no browser sends that. */
const namesAnotherHost = (c: Context<ApiEnv>): boolean => /^[a-z]+:/i.test(c.env?.incoming?.url ?? '');

/** Whoever sits at this machine is let in unasked, as on the command line, unless people sign in here. */
export function localUserMay({ project, listening }: ApiContext): boolean {
  const { oidc, require_sign_in, public_url } = project.config.server;
  return (
    (listening === undefined || isLoopback(listening.host)) &&
    oidc === null &&
    !require_sign_in &&
    (public_url === null || isLoopback(new URL(public_url).hostname))
  );
}

/** git is asked once a minute, not at every request. */
function localUser({ clock, actor }: Project): () => Promise<Caller> {
  let known: { readonly at: number; readonly caller: Promise<Caller> } | null = null;
  return () => {
    const now = clock.now();
    if (known === null || Math.abs(now - known.at) >= 60_000)
      known = { at: now, caller: actor().then((who) => ({ ...who, via: 'local', roles: ROLES })) };
    return known.caller;
  };
}

/** A form can be sent by any page; JSON only by one that this server lets. */
function hasJsonOrNothing(c: Context<ApiEnv>): boolean {
  const type = c.req.header('content-type');
  if (type !== undefined) return /^application\/json\s*(;|$)/i.test(type);
  return c.req.header('transfer-encoding') === undefined && Number(c.req.header('content-length') ?? 0) === 0;
}
