import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { getRun } from '../../pipelines/index.ts';
import {
  FailuresView,
  MOST_BUCKETS,
  MatrixView,
  TimelineView,
  failuresView,
  matrixView,
  timelineView,
} from '../../views/index.ts';
import { json, problems, routes } from '../api.ts';
import type { ApiContext } from '../api.ts';
import { etagOf } from '../conditional.ts';
import { ReadCache } from '../read-cache.ts';
import { RunParam } from './runs.ts';

const matrix = createRoute({
  method: 'get',
  path: '/runs/{run}/matrix',
  tags: ['runs'],
  summary: 'All jobs of a run at once, compactly',
  request: { params: RunParam },
  responses: { 200: json(MatrixView, 'The jobs'), ...problems },
});

const failures = createRoute({
  method: 'get',
  path: '/runs/{run}/failures',
  tags: ['runs'],
  summary: 'What failed and was not mended, by cause, with what to do about it',
  request: { params: RunParam },
  responses: { 200: json(FailuresView, 'The failures'), ...problems },
});

const timeline = createRoute({
  method: 'get',
  path: '/runs/{run}/timeline',
  tags: ['runs'],
  summary: 'A run in time: its stages, and how many jobs were queued, preparing and running',
  request: {
    params: RunParam,
    query: z.object({
      buckets: z.coerce
        .number()
        .int()
        .min(1)
        .max(MOST_BUCKETS)
        .default(120)
        .meta({ description: 'At most so many.' }),
    }),
  },
  responses: { 200: json(TimelineView, 'The run in time'), ...problems },
});

/** Pictures of a whole run; each is read once for everybody who looks, until something changes. */
export const runJobs = ({ project }: ApiContext) => {
  const cache = new ReadCache(project.store, 16);
  return routes()
    .openapi(matrix, async (c) => {
      const run = await getRun(project.store.db, c.req.valid('param').run);
      const { view, tag } = await cache.get(`matrix ${run.id}`, async () => {
        const view = await matrixView(project, run);
        return { view, tag: etagOf(JSON.stringify(view.circuits)) };
      });
      c.header('etag', tag);
      return c.json(view, 200);
    })
    .openapi(failures, async (c) => {
      const run = await getRun(project.store.db, c.req.valid('param').run);
      return c.json(await cache.get(`failures ${run.id}`, () => failuresView(project, run)), 200);
    })
    .openapi(timeline, async (c) => {
      const run = await getRun(project.store.db, c.req.valid('param').run);
      const { buckets } = c.req.valid('query');
      const view = await cache.get(`timeline ${run.id} ${buckets}`, () =>
        timelineView(project, run, buckets),
      );
      return c.json(view, 200);
    });
};
