import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { retryDeliveries } from '../../actions/index.ts';
import { DeliveryOutcome, listDeliveries } from '../../hooks/index.ts';
import { DeliveryView, HookView, hookView, hookViews } from '../../views/index.ts';
import { needs } from '../access/route-roles.ts';
import { Paging, json, pageOf, problems, routes } from '../api.ts';
import type { ApiContext } from '../api.ts';
import { idCursor } from '../cursor.ts';
import { bodyOf } from '../fields.ts';

const params = z.object({ name: z.string().min(1).max(200) });

const list = createRoute({
  method: 'get',
  path: '/hooks',
  tags: ['hooks'],
  summary: 'Hooks of trainyard.yaml, then those that are gone from it and were called',
  responses: { 200: json(pageOf(HookView), 'All of them'), ...problems },
});

const deliveries = createRoute({
  method: 'get',
  path: '/hooks/{name}/deliveries',
  tags: ['hooks'],
  summary: 'Genuine calls of a hook, newest first, and what became of them',
  request: { params, query: Paging.extend({ outcome: DeliveryOutcome.optional() }) },
  responses: { 200: json(pageOf(DeliveryView), 'A page of calls'), ...problems },
});

const retry = createRoute({
  method: 'post',
  path: '/hooks/{name}/retry',
  tags: ['hooks'],
  summary: 'Have calls that failed wait once more',
  ...needs('operator'),
  request: {
    params,
    body: bodyOf(
      z.strictObject({
        deliveries: z
          .array(z.string().min(1).max(60))
          .min(1)
          .max(1000)
          .optional()
          .meta({ description: 'Left out: the newest that failed.' }),
      }),
    ),
  },
  responses: { 200: json(HookView.extend({ retried: z.int() }), 'The hook'), ...problems },
});

export const hooks = ({ project }: ApiContext) =>
  routes()
    .openapi(list, async (c) => c.json({ items: await hookViews(project), next: null }, 200))
    .openapi(deliveries, async (c) => {
      const { limit, cursor, outcome } = c.req.valid('query');
      const rows = await listDeliveries(project.store.db, {
        hook: c.req.valid('param').name,
        outcome,
        before: idCursor(cursor),
        limit: limit + 1,
      });
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      return c.json({ items: shown, next: last?.id ?? null }, 200);
    })
    .openapi(retry, async (c) => {
      const { name } = c.req.valid('param');
      const { deliveries: ids = null } = c.req.valid('json');
      const retried = await retryDeliveries(project, name, ids, c.get('actor'));
      return c.json({ ...(await hookView(project, name)), retried }, 200);
    });
