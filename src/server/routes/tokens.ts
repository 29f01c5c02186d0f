import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { createToken, listTokens, revokeToken } from '../../access/index.ts';
import { Role } from '../../kernel/roles.ts';
import { TokenRow, tokenRow } from '../../views/index.ts';
import { needs } from '../access/route-roles.ts';
import { Paging, json, pageOf, problems, routes } from '../api.ts';
import type { ApiContext } from '../api.ts';
import { idCursor } from '../cursor.ts';

const list = createRoute({
  method: 'get',
  path: '/tokens',
  tags: ['access'],
  summary: 'API tokens, newest first',
  ...needs('admin'),
  request: {
    query: Paging.extend({
      revoked: z
        .enum(['true', 'false'])
        .default('false')
        .meta({ description: 'Whether those that were revoked are listed as well.' }),
    }),
  },
  responses: { 200: json(pageOf(TokenRow), 'A page of tokens'), ...problems },
});

const create = createRoute({
  method: 'post',
  path: '/tokens',
  tags: ['access'],
  summary: 'Make an API token; its secret is told this once',
  ...needs('admin'),
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({
            name: z.string().min(1).max(64),
            roles: z.array(Role).min(1).max(4),
            expires_s: z
              .int()
              .min(60)
              .max(100 * 366 * 86_400)
              .nullable()
              .default(90 * 86_400)
              .meta({ description: 'Null: never.' }),
          }),
        },
      },
    },
  },
  responses: {
    201: json(
      z.object({ token: TokenRow, secret: z.string().meta({ description: 'Kept nowhere.' }) }),
      'The token',
    ),
    ...problems,
  },
});

const revoke = createRoute({
  method: 'delete',
  path: '/tokens/{id}',
  tags: ['access'],
  summary: 'Let a token in no more; harmless twice',
  ...needs('admin'),
  request: { params: z.object({ id: z.string().min(1).max(64).meta({ description: 'Id or name.' }) }) },
  responses: { 200: json(TokenRow, 'The token as it is now'), ...problems },
});

export const tokens = ({ project: { store, clock } }: ApiContext) =>
  routes()
    .openapi(list, async (c) => {
      const { limit, cursor, revoked } = c.req.valid('query');
      const page = await listTokens(store.db, clock.now(), {
        limit: limit + 1,
        before: idCursor(cursor),
        revoked: revoked === 'true',
      });
      const shown = page.slice(0, limit);
      const last = page.length > limit ? shown.at(-1) : undefined;
      return c.json({ items: shown.map(tokenRow), next: last?.id ?? null }, 200);
    })
    .openapi(create, async (c) => {
      const { token, secret } = await createToken(store, clock.now(), c.req.valid('json'), c.get('actor'));
      return c.json({ token: tokenRow(token), secret }, 201, { 'cache-control': 'no-store' });
    })
    .openapi(revoke, async (c) => {
      const token = await revokeToken(store, clock.now(), c.req.valid('param').id, c.get('actor'));
      return c.json(tokenRow(token), 200);
    });
