import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { RunStatus, getRun, listRuns } from '../../pipelines/index.ts';
import {
  ListedRun,
  PlanCircuitRow,
  RunReport,
  RunView,
  listedRuns,
  pageOfPlanCircuits,
  runReport,
  runView,
} from '../../views/index.ts';
import { Paging, json, pageOf, problems, routes } from '../api.ts';
import type { ApiContext } from '../api.ts';
import { idCursor, numberCursor } from '../cursor.ts';
import { Flag, Search } from '../fields.ts';

export const RunKey = z
  .string()
  .min(1)
  .max(60)
  .meta({ description: 'Number or id of a run.', example: '12' });

/** Of every route below a run. */
export const RunParam = z.object({ run: RunKey });

const list = createRoute({
  method: 'get',
  path: '/runs',
  tags: ['runs'],
  summary: 'Runs, newest first',
  request: {
    query: Paging.extend({
      status: RunStatus.optional(),
      pipeline: z.string().max(60).optional(),
      requested_by: z.string().max(200).optional(),
      rehearsal: Flag.optional(),
      q: Search.optional().meta({ description: 'Part of who asked, branch, commit or reason; or a number.' }),
    }),
  },
  responses: { 200: json(pageOf(ListedRun), 'A page of runs'), ...problems },
});

const show = createRoute({
  method: 'get',
  path: '/runs/{run}',
  tags: ['runs'],
  summary: 'A run with its stages',
  request: { params: RunParam },
  responses: { 200: json(RunView, 'The run'), ...problems },
});

const circuits = createRoute({
  method: 'get',
  path: '/runs/{run}/circuits',
  tags: ['runs'],
  summary: 'What the plan of a run says of each circuit, and why',
  request: {
    params: RunParam,
    query: Paging.extend({
      action: z.enum(['train', 'skip']).optional(),
      cause: z.string().max(60).optional(),
      q: Search.optional().meta({ description: 'Part of the id of a circuit.' }),
    }),
  },
  responses: { 200: json(pageOf(PlanCircuitRow), 'A page of circuits'), ...problems },
});

const report = createRoute({
  method: 'get',
  path: '/runs/{run}/report',
  tags: ['runs'],
  summary: 'How a run stands, in the facts that a build is told',
  request: { params: RunParam },
  responses: { 200: json(RunReport, 'The report'), ...problems },
});

export const runs = ({ project }: ApiContext) =>
  routes()
    .openapi(list, async (c) => {
      const { limit, cursor, ...filter } = c.req.valid('query');
      const rows = await listRuns(project.store.db, {
        ...filter,
        before: numberCursor(cursor),
        limit: limit + 1,
      });
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      const items = await listedRuns(project.store.db, shown);
      return c.json({ items, next: last === undefined ? null : String(last.number) }, 200);
    })
    .openapi(show, async (c) => {
      const run = await getRun(project.store.db, c.req.valid('param').run);
      return c.json(await runView(project, run), 200);
    })
    .openapi(report, async (c) => {
      const run = await getRun(project.store.db, c.req.valid('param').run);
      const { artifacts, ...told } = await runReport(project, run);
      // Where the files lie on this machine is nobody else's business.
      return c.json({ ...told, artifacts: artifacts.map((each) => ({ ...each, path: null })) }, 200);
    })
    .openapi(circuits, async (c) => {
      const run = await getRun(project.store.db, c.req.valid('param').run);
      const { limit, cursor, ...filter } = c.req.valid('query');
      const after = idCursor(cursor);
      return c.json(await pageOfPlanCircuits(project.store.db, run.id, { ...filter, after, limit }), 200);
    });
