import type { OpenAPIHono } from '@hono/zod-openapi';
import type { ApiEnv } from './api.ts';

const header = (name: string, description: string) =>
  ({ name, in: 'header', required: false, description, schema: { type: 'string' } }) as const;

const SEEN = header('If-None-Match', 'ETags of answers that are there already.');
const ONCE = header(
  'Idempotency-Key',
  'Up to 255 characters of ASCII: asked again with the same key and body, it is done once.',
);

/**
 * Lets the OpenAPI document name every operation, for programs that make clients of it, and the headers that every route
 * takes: for answers seen before, for requests that come twice.
 */
export function describeCommonHeaders(app: OpenAPIHono<ApiEnv>): void {
  for (const definition of app.openAPIRegistry.definitions) {
    if (definition.type !== 'route') continue;
    const { route } = definition;
    route.operationId ??= operationName(route.method, route.path);
    if (route.method === 'post') route.parameters ??= [ONCE];
    const answer = route.responses[200];
    if (route.method !== 'get' || answer === undefined || !('content' in answer)) continue;
    if (answer.content?.['application/json'] === undefined) continue;
    route.parameters ??= [SEEN];
  }
}

/** `get` of `/api/v1/runs/{run}/artifacts.zip` is `get_runs_run_artifacts_zip`. */
const operationName = (method: string, path: string): string =>
  [method, ...path.replace(/^\/api\/v\d+/, '').split(/[^A-Za-z0-9]+/)]
    .filter((part) => part !== '')
    .join('_');
