import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { NotFoundError } from '../../kernel/errors.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { ModelStanding, pageOfModels } from '../../registry/index.ts';
import { RegisteredModel, registeredModels as rowsOf } from '../../views/index.ts';
import { Paging, json, pageOf, problems, routes } from '../api.ts';
import type { ApiContext } from '../api.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import { Search } from '../fields.ts';
import type { ModelNames } from '../model-names.ts';

const Registry = z
  .enum(['dev', 'rehearsal-dev'])
  .default('dev')
  .meta({ description: 'What runs registered, or what rehearsals did.' });

const list = createRoute({
  method: 'get',
  path: '/registered-models',
  tags: ['models'],
  summary: 'Models by name, each with how its versions stand',
  description:
    'A page of filtered models may hold fewer than `limit`; `next` alone says whether there is more.',
  request: {
    query: Paging.extend({
      registry: Registry,
      q: Search.optional().meta({ description: 'Part of a model name or of a circuit id.' }),
      plant: z.string().min(1).max(200).optional(),
      standing: ModelStanding.optional(),
    }),
  },
  responses: { 200: json(pageOf(RegisteredModel), 'A page of models'), ...problems },
});

const show = createRoute({
  method: 'get',
  path: '/registered-models/{name}',
  tags: ['models'],
  summary: 'One model with how its versions stand',
  request: {
    params: z.object({ name: z.string().min(1).max(300) }),
    query: z.object({ registry: Registry }),
  },
  responses: { 200: json(RegisteredModel, 'The model'), ...problems },
});

export const registeredModels = ({ project }: ApiContext, names: ModelNames) =>
  routes()
    .openapi(show, async (c) => {
      const { registry } = c.req.valid('query');
      const { name } = c.req.valid('param');
      const { models } = await pageOfModels(project.store.db, {
        registry,
        names: [name],
        after: null,
        limit: 1,
      });
      const [row] = await rowsOf(project, registry, models);
      if (row === undefined)
        throw new NotFoundError(`The ${registry} registry has no model ${name}.`, {
          hint:
            didYouMean(name, await names.matching(registry, {})) ??
            'Its first training that succeeds registers it.',
        });
      return c.json(row, 200);
    })
    .openapi(list, async (c) => {
      const { registry, q, plant, standing, cursor, limit } = c.req.valid('query');
      const { models, next } = await pageOfModels(project.store.db, {
        registry,
        standing,
        names:
          q === undefined && plant === undefined ? undefined : await names.matching(registry, { q, plant }),
        after: cursor === undefined ? null : readCursor(Place, cursor)[0],
        limit,
      });
      return c.json(
        {
          items: await rowsOf(project, registry, models),
          next: next === null ? null : writeCursor([next]),
        },
        200,
      );
    });

const Place = z.tuple([z.string()]);
