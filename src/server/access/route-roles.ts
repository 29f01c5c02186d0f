import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { matchedRoutes } from 'hono/route';
import { NotAllowedError } from '../../kernel/errors.ts';
import { Role } from '../../kernel/roles.ts';
import type { ApiEnv } from '../api.ts';

const KEY = 'x-role';

/** Names the role that a route needs: `createRoute({…, ...needs('operator')})`. Reading needs `viewer` unless told. */
export const needs = <const R extends Role>(role: R): { readonly 'x-role': R } => ({ [KEY]: role });

/** Lets the OpenAPI document say of every route which role it needs, and how a caller shows who they are. */
export function describeRoles(app: OpenAPIHono<ApiEnv>): void {
  const { openAPIRegistry: registry } = app;
  registry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API token, made by `trainyard tokens create`.',
  });
  for (const definition of registry.definitions) {
    if (definition.type !== 'route') continue;
    const { route } = definition;
    if (route.method === 'get') route[KEY] ??= 'viewer';
    route.security ??= [{ token: [] }];
  }
}

/**
 * The role that the route of a request needs. What reads needs `viewer` unless it says so; what changes something and
 * names no role is for `nobody`. Null: there is no such route, and nothing that could be done.
 */
export function roleFinder(app: OpenAPIHono<ApiEnv>): (c: Context<ApiEnv>) => Role | 'nobody' | null {
  let named: Map<string, Role> | null = null;
  return (c) => {
    // Once everything is registered.
    named ??= new Map(
      routesOf(app).flatMap(({ method, path, role }) => (role === null ? [] : [[`${method} ${path}`, role]])),
    );
    const route = matchedRoutes(c).find(({ method }) => method !== 'ALL');
    const method = route?.method ?? c.req.method;
    if (READING.has(method)) return named.get(`${method} ${route?.path ?? ''}`) ?? 'viewer';
    return route === undefined ? null : (named.get(`${method} ${route.path}`) ?? 'nobody');
  };
}

const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Every route of the OpenAPI document, paths as Hono has them, with the role that it names. */
function routesOf(
  app: OpenAPIHono<ApiEnv>,
): readonly { readonly method: string; readonly path: string; readonly role: Role | null }[] {
  return app.openAPIRegistry.definitions.flatMap((definition) => {
    if (definition.type !== 'route') return [];
    const { method, path } = definition.route;
    const role = Role.safeParse(definition.route[KEY]);
    return [
      {
        method: method.toUpperCase(),
        path: path.replaceAll(/\/\{(.+?)\}/g, '/:$1'),
        role: role.success ? role.data : null,
      },
    ];
  });
}

/** For a call of which only a part needs more than the route does. @throws NotAllowedError */
export function mustBe(c: Context<ApiEnv>, role: Role, what: string): void {
  const { name, roles } = c.get('caller');
  if (!roles.includes(role)) throw lacksRole(name, roles, role, what);
}

export const lacksRole = (name: string, roles: readonly Role[], role: Role, what: string): NotAllowedError =>
  new NotAllowedError(
    `${name} is ${roles.length === 0 ? 'nobody here' : roles.join(', ')}; ${what} needs the role ${role}.`,
    {
      hint: 'Roles of people stand in trainyard.yaml under server.roles, those of a token are given when it is made.',
    },
  );
