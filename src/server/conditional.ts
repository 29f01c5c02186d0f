import type { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { sha256 } from '../kernel/digest.ts';
import type { ApiEnv } from './api.ts';

/** Larger answers are not asked for again and again. */
const MOST_CHARACTERS = 8 << 20;

/**
 * JSON answers carry an ETag, and whoever has seen that very answer is told so in a line (304). A handler that knows of a
 * cheaper mark sets its own. Streams and downloads pass untouched.
 */
export const conditional = (): MiddlewareHandler<ApiEnv> => async (c, next) => {
  await next();
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD') return;
  const { status, headers } = c.res;
  if (status !== 200 || headers.get('content-type')?.startsWith('application/json') !== true) return;
  const asked = c.req.header('if-none-match');
  let tag = headers.get('etag');
  if (tag === null) {
    const body = await c.res.clone().text();
    if (body.length > MOST_CHARACTERS) return;
    tag = etagOf(body);
    c.header('etag', tag);
  }
  // Kept by browsers, and asked about each time.
  if (!headers.has('cache-control')) c.header('cache-control', 'private, no-cache');
  if (asked !== undefined && isSeen(asked, tag)) c.res = new Response(null, { status: 304 });
};

/** Lets the OpenAPI document say so of every route that answers with JSON. */
export function describeConditional(app: OpenAPIHono<ApiEnv>): void {
  for (const definition of app.openAPIRegistry.definitions) {
    if (definition.type !== 'route' || definition.route.method !== 'get') continue;
    const { responses } = definition.route;
    const answer = responses['200'];
    if (answer !== undefined && 'content' in answer && answer.content?.['application/json'] !== undefined)
      responses['304'] ??= { description: 'As it was when `If-None-Match` was given' };
  }
}

/** Weak: the same JSON, however it is sent. */
export const etagOf = (body: string): string => `W/"${sha256(body).slice(0, 32)}"`;

const isSeen = (asked: string, tag: string): boolean =>
  asked.trim() === '*' || asked.split(',').some((each) => bare(each) === bare(tag));

const bare = (tag: string): string => tag.trim().replace(/^W\//, '');
