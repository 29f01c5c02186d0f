import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Actor } from '../../gates/index.ts';
import { cancelNamedJobs } from '../../actions/index.ts';
import { JobStatus, findJob, pageOfJobs } from '../../jobs/index.ts';
import { getRun } from '../../pipelines/index.ts';
import { JobRow, JobView, NamedJobs, jobRows, jobView, namedJobs } from '../../views/index.ts';
import { needs } from '../access/route-roles.ts';
import { Paging, json, pageOf, problems, routes } from '../api.ts';
import type { ApiContext } from '../api.ts';
import { idCursor } from '../cursor.ts';
import { Flag, Names, Search, bodyOf } from '../fields.ts';
import { RunKey } from './runs.ts';

/** Whoever waits for more asks several times. */
const MOST_NAMED = 5000;

/** Of every route below a job. */
export const JobParam = z.object({
  job: z.string().min(1).max(300).meta({ description: 'Name or id.' }),
});

const list = createRoute({
  method: 'get',
  path: '/jobs',
  tags: ['jobs'],
  summary: 'Jobs, newest first',
  description: 'A search over all runs may answer with few or none and a `next`: go on from there.',
  request: {
    query: Paging.extend({
      run: RunKey.optional(),
      status: JobStatus.optional(),
      circuit: z.string().max(300).optional(),
      stage: z.string().max(100).optional(),
      retry: Flag.optional(),
      q: Search.optional().meta({ description: 'Part of a name or of the id of a circuit.' }),
      match: z
        .string()
        .min(1)
        .max(300)
        .optional()
        .meta({ description: 'Names that match a glob, such as `*_retry_*`.' }),
    }),
  },
  responses: { 200: json(pageOf(JobRow), 'A page of jobs'), ...problems },
});

const show = createRoute({
  method: 'get',
  path: '/jobs/{job}',
  tags: ['jobs'],
  summary: 'A job with its attempts, command, inputs and what it used',
  request: { params: JobParam },
  responses: { 200: json(JobView, 'The job'), ...problems },
});

const Canceled = z.object({ requested: z.int().meta({ description: 'How many were still open.' }) });

const cancel = createRoute({
  method: 'post',
  path: '/jobs/{job}/cancel',
  tags: ['jobs'],
  summary: 'End a job; harmless twice. What is canceled is not a failure',
  ...needs('operator'),
  request: { params: JobParam },
  responses: { 202: json(Canceled, 'Asked for'), ...problems },
});

const cancelMany = createRoute({
  method: 'post',
  path: '/jobs/cancel',
  tags: ['jobs'],
  summary: 'End several jobs; harmless twice',
  ...needs('operator'),
  request: { body: bodyOf(z.object({ jobs: Names }), { required: true }) },
  responses: { 202: json(Canceled, 'Asked for'), ...problems },
});

const named = createRoute({
  method: 'post',
  path: '/jobs/named',
  tags: ['jobs'],
  summary: 'How jobs stand, of whichever runs they are, by their names; changes nothing',
  ...needs('viewer'),
  request: {
    body: bodyOf(z.object({ jobs: Names.max(MOST_NAMED) }), { required: true }),
  },
  responses: { 200: json(NamedJobs, 'The jobs'), ...problems },
});

export const jobs = ({ project }: ApiContext) => {
  const { db } = project.store;
  const cancelNamed = async (names: readonly string[], actor: Actor): Promise<number> =>
    (await cancelNamedJobs(project, names, actor)).reduce(
      (sum, { jobs }) => sum + jobs.filter((j) => j.ended_at === null).length,
      0,
    );
  return routes()
    .openapi(list, async (c) => {
      const { limit, cursor, run, circuit, ...filter } = c.req.valid('query');
      const run_id = run === undefined ? undefined : (await getRun(db, run)).id;
      const page = await pageOfJobs(db, {
        ...filter,
        run_id,
        circuit_id: circuit,
        before: idCursor(cursor),
        limit,
      });
      return c.json({ items: await jobRows(db, page.jobs), next: page.next }, 200);
    })
    .openapi(cancelMany, async (c) => {
      const requested = await cancelNamed(c.req.valid('json').jobs, c.get('actor'));
      return c.json({ requested }, 202);
    })
    .openapi(named, async (c) => {
      // It changes nothing, and is asked again and again: no answer is kept.
      c.header('cache-control', 'no-store');
      return c.json(await namedJobs(project, [...new Set(c.req.valid('json').jobs)]), 200);
    })
    .openapi(show, async (c) => {
      const job = await findJob(db, c.req.valid('param').job);
      return c.json(await jobView(project, job), 200);
    })
    .openapi(cancel, async (c) => {
      const requested = await cancelNamed([c.req.valid('param').job], c.get('actor'));
      return c.json({ requested }, 202);
    });
};
