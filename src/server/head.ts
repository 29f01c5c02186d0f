import type { MiddlewareHandler } from 'hono';

/**
 * An answer to HEAD is made as that to GET, and its body is read by nobody: a stream, or a file that is open, is let go at
 * once and not kept until it is full.
 */
export const letGoOfBodies = (): MiddlewareHandler => async (c, next) => {
  await next();
  if (c.req.method === 'HEAD') await c.res.body?.cancel();
};
