import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import {
  prepareServedScripts,
  refuseIfScriptsRun,
  scriptResources,
  servedScriptJobs,
  servedSummary,
} from '../../actions/index.ts';
import type { ScriptSettings } from '../../actions/index.ts';
import { JobStatus } from '../../jobs/index.ts';
import { NotFoundError } from '../../kernel/errors.ts';
import { getRun } from '../../pipelines/index.ts';
import { TrainingSummary } from '../../scripts/index.ts';
import type { ScriptJob } from '../../scripts/index.ts';
import {
  RunRow,
  ScriptPreview,
  ScriptResult,
  ScriptView,
  runRow,
  scriptPreview,
  scriptResults,
  scriptView,
} from '../../views/index.ts';
import { needs } from '../access/route-roles.ts';
import { Paging, json, pageOf, problems, routes } from '../api.ts';
import type { ApiContext } from '../api.ts';
import { scriptsAside } from '../aside/plan-aside.ts';
import { numberCursor } from '../cursor.ts';
import { Search, bodyOf } from '../fields.ts';
import { writeOnce } from '../idempotency.ts';
import { ReadCache } from '../read-cache.ts';
import { SCRIPT_SORT, pageOfScripts } from '../script-pages.ts';
import { ScriptRequest, argumentsOf, refuseLeadingOut, settingsOf, sweepsOf } from '../script-request.ts';
import { RunParam } from './runs.ts';

const list = createRoute({
  method: 'get',
  path: '/scripts',
  tags: ['scripts'],
  summary: "The repository's training scripts, with what each takes",
  request: {
    query: Paging.extend({
      q: Search.optional().meta({ description: 'Part of an id or of a path.' }),
    }),
  },
  responses: {
    200: json(pageOf(ScriptView).extend({ total: z.int() }), 'A page of scripts'),
    ...problems,
  },
});

const results = createRoute({
  method: 'get',
  path: '/runs/{run}/scripts',
  tags: ['scripts'],
  summary: 'A run of scripts as a table: settings, state, duration and metrics of each job',
  request: {
    params: RunParam,
    query: Paging.extend({
      status: JobStatus.optional(),
      q: Search.optional().meta({ description: 'Part of an id or of a path.' }),
      sort: z
        .string()
        .max(210)
        .regex(SCRIPT_SORT)
        .default('position')
        .meta({ description: '`position`, `duration_s` or `metrics.NAME`; with `-`: the other way round.' }),
    }),
  },
  responses: {
    200: json(
      pageOf(ScriptResult).extend({
        total: z.int().meta({ description: 'How many match.' }),
        parameters: z.array(z.string()).meta({ description: 'Names that the jobs are told apart by.' }),
        metrics: z.array(z.string()).meta({ description: 'Names that at least one job reported.' }),
        resumed: z
          .array(z.string())
          .meta({ description: 'Left out, because an interrupted run had finished them.' }),
      }),
      'A page of jobs',
    ),
    ...problems,
  },
});

const summary = createRoute({
  method: 'get',
  path: '/runs/{run}/scripts/summary',
  tags: ['scripts'],
  summary: 'What became of a run of scripts that is over, as its file in summaries/ has it',
  request: { params: RunParam },
  responses: { 200: json(TrainingSummary, 'The summary'), ...problems },
});

const start = createRoute({
  method: 'post',
  path: '/scripts/run',
  tags: ['scripts'],
  summary: 'Runs scripts, or a sweep over their settings',
  description:
    'Takes what `trainyard scripts` takes, as far as it names scripts that are there and options that they declare. What is left out stands under `scripts:` in trainyard.yaml.',
  ...needs('operator'),
  request: { body: bodyOf(ScriptRequest) },
  responses: { 202: json(RunRow, 'The run'), ...problems },
});

const preview = createRoute({
  method: 'post',
  path: '/scripts/preview',
  tags: ['scripts'],
  summary: 'What such a call would run, and with which commands; runs nothing',
  ...needs('operator'),
  request: { body: bodyOf(ScriptRequest) },
  responses: { 200: json(ScriptPreview, 'The jobs'), ...problems },
});

/** Whoever pages through the scripts does not have the repository searched for each page. */
const KEPT_MS = 5000;

export const scripts = ({ project }: ApiContext) => {
  const { db } = project.store;
  const cache = new ReadCache(project.store, 8);
  let last: { readonly at: number; readonly found: Promise<readonly ScriptJob[]> } | null = null;

  const discovered = (): Promise<readonly ScriptJob[]> => {
    const now = project.clock.now();
    if (last !== null && now >= last.at && now < last.at + KEPT_MS) return last.found;
    const found = scriptsAside(project, project.config.scripts);
    last = { at: now, found };
    found.catch(() => (last = null));
    return found;
  };

  const askedFor = async (request: ScriptRequest) => {
    refuseLeadingOut(request);
    const settings: ScriptSettings = { ...project.config.scripts, ...settingsOf(request) };
    const found = await scriptsAside(project, settings);
    // Only options that a script declares are swept: of one that nobody could read none is known.
    const chosen = found.map((job) => ({ ...job, flags_known: true }));
    return { chosen, settings, sweeps: sweepsOf(request), resume: request.resume };
  };

  return routes()
    .openapi(list, async (c) => {
      const { q, limit, cursor } = c.req.valid('query');
      const part = q?.toLowerCase() ?? '';
      const found = (await discovered()).filter(
        ({ id, script }) => id.toLowerCase().includes(part) || script.toLowerCase().includes(part),
      );
      const from = numberCursor(cursor) ?? 0;
      const items = found.slice(from, from + limit).map(scriptView);
      const next = from + limit < found.length ? String(from + limit) : null;
      return c.json({ items, next, total: found.length }, 200);
    })
    .openapi(results, async (c) => {
      const run = await getRun(db, c.req.valid('param').run);
      const table = await cache.get(run.id, () => scriptResults(project, run));
      const { items, next, total } = pageOfScripts(table, c.req.valid('query'));
      const { parameters, metrics, resumed } = table;
      return c.json(
        {
          items: [...items],
          next,
          total,
          parameters: [...parameters],
          metrics: [...metrics],
          resumed: [...resumed],
        },
        200,
      );
    })
    .openapi(summary, async (c) =>
      c.json(await servedSummary(project, await getRun(db, c.req.valid('param').run)), 200),
    )
    .openapi(preview, async (c) => {
      const asked = await askedFor(ScriptRequest.parse(c.req.valid('json')));
      // It changes nothing, and is large: asked again it is made again.
      c.header('cache-control', 'no-store');
      const resources = await scriptResources(asked.settings);
      const jobs = await servedScriptJobs(project, asked);
      return c.json(scriptPreview({ ...jobs, settings: asked.settings, resources }), 200);
    })
    .openapi(start, async (c) => {
      const request = ScriptRequest.parse(c.req.valid('json'));
      const asked = await askedFor(request);
      const prepared = await prepareServedScripts(project, {
        ...asked,
        actor: c.get('actor'),
        arguments: argumentsOf(request),
      });
      if (prepared === null)
        throw new NotFoundError('There is nothing to run.', {
          hint:
            asked.chosen.length === 0
              ? 'Scripts are called train_*.py. See which there are with GET /api/v1/scripts.'
              : 'The last run was interrupted and had finished all of them; leave `resume` out to run them again.',
        });
      const run = await writeOnce(
        c,
        project,
        async (tx) => {
          await refuseIfScriptsRun(tx, prepared.jobs);
          return prepared.write(tx);
        },
        (written) => ({ status: 202, body: runRow(written) }),
      );
      return c.json(runRow(run), 202);
    });
};
