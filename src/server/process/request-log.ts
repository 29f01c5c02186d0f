import type { MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import { TrainyardError } from '../../kernel/errors.ts';
import type { ApiEnv } from '../api.ts';
import type { ServingProcess } from './serving-process.ts';

/** What is asked so often, or by machines, that nobody wants to read of it. */
const OFTEN = /^\/(?:healthz|readyz|metrics|assets)(?:\/|$)|^[^.]*\.[a-z0-9]+$/i;

/**
 * One line for each request, and its time for the metrics. A route is told by its pattern: what stands in addresses and
 * bodies is nobody's business here.
 */
export const requestLog =
  ({ log, metrics }: ServingProcess): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    const began = performance.now();
    await next();
    const ms = performance.now() - began;
    const { method, path } = c.req;
    const { status } = c.res;
    const route = matchedRoutes(c).find((each) => each.method !== 'ALL')?.path ?? 'none';
    metrics.answered({ method: knownMethod(method), route, status, s: ms / 1000 });
    const caller = c.get('caller') as { readonly name: string; readonly via: string } | undefined;
    const facts = {
      request_id: c.get('requestId'),
      method,
      route,
      status,
      ms: Math.round(ms * 10) / 10,
      ...(caller === undefined ? {} : { caller: caller.name, via: caller.via }),
    };
    const words = `${method} ${route} ${status}`;
    const unexpected =
      c.error !== undefined && !(c.error instanceof TrainyardError && c.error.code !== 'unexpected');
    if (status >= 500) log.error(unexpected ? { ...facts, error: c.error } : facts, words);
    else if (status < 400 && OFTEN.test(path)) log.debug(facts, words);
    else log.info(facts, words);
  };

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Whoever makes up methods makes up no series. */
const knownMethod = (method: string): string => (METHODS.has(method) ? method : 'other');
