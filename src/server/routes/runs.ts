import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { cancelRun } from '../../actions/index.ts';
import { UsageError } from '../../kernel/errors.ts';
import { RunStatus, getRun, listRuns } from '../../pipelines/index.ts';
import { RunRow, RunView, runRow, runView } from '../../views/index.ts';
import { needs } from '../access/route-roles.ts';
import { Paging, json, pageOf, problems, routes } from '../api.ts';
import type { ApiContext } from '../api.ts';

const params = z.object({ run: z.string().min(1).max(60).meta({ description: 'Number or id.' }) });

const list = createRoute({
  method: 'get',
  path: '/runs',
  tags: ['runs'],
  summary: 'Runs, newest first',
  request: {
    query: Paging.extend({ status: RunStatus.optional(), pipeline: z.string().max(60).optional() }),
  },
  responses: { 200: json(pageOf(RunRow), 'A page of runs'), ...problems },
});

const show = createRoute({
  method: 'get',
  path: '/runs/{run}',
  tags: ['runs'],
  summary: 'A run with its stages',
  request: { params },
  responses: { 200: json(RunView, 'The run'), ...problems },
});

const cancel = createRoute({
  method: 'post',
  path: '/runs/{run}/cancel',
  tags: ['runs'],
  summary: 'End a run; harmless twice',
  ...needs('operator'),
  request: { params },
  responses: {
    202: json(z.object({ requested: z.boolean() }), 'False: there was nothing left to cancel'),
    ...problems,
  },
});

export const runs = ({ project }: ApiContext) =>
  routes()
    .openapi(list, async (c) => {
      const { limit, cursor, status, pipeline } = c.req.valid('query');
      const before = cursor === undefined ? undefined : wholeNumber(cursor);
      const rows = await listRuns(project.store.db, { limit, before, status, pipeline });
      const last = rows.length === limit ? rows.at(-1) : undefined;
      return c.json({ items: rows.map(runRow), next: last === undefined ? null : String(last.number) }, 200);
    })
    .openapi(show, async (c) => {
      const run = await getRun(project.store.db, c.req.valid('param').run);
      return c.json(await runView(project, run), 200);
    })
    .openapi(cancel, async (c) => {
      const run = await getRun(project.store.db, c.req.valid('param').run);
      const { requested } = await cancelRun(project, run, c.get('actor'));
      return c.json({ requested }, 202);
    });

function wholeNumber(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw new UsageError(`${cursor} is no cursor of this list.`, { hint: 'Take `next` of the page before.' });
}
