import { OpenAPIHono } from '@hono/zod-openapi';
import { requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import { guard } from './access/access.ts';
import { describeRoles } from './access/route-roles.ts';
import type { ApiContext, ApiEnv } from './api.ts';
import { conditional } from './conditional.ts';
import { problem, problemResponse } from './problem.ts';
import { circuits } from './routes/circuits.ts';
import { events } from './routes/events.ts';
import { jobLogs } from './routes/job-logs.ts';
import { jobs } from './routes/jobs.ts';
import { me } from './routes/me.ts';
import { runActions } from './routes/run-actions.ts';
import { runJobs } from './routes/run-jobs.ts';
import { runs } from './routes/runs.ts';
import { system } from './routes/system.ts';
import { webFiles } from './web-files.ts';

/** All resources, each under its own path; the type is what the client is made of. */
const resources = (context: ApiContext) =>
  new OpenAPIHono<ApiEnv>()
    .route('/', circuits(context))
    .route('/', events(context))
    .route('/', jobLogs(context))
    .route('/', jobs(context))
    .route('/', me())
    .route('/', runActions(context))
    .route('/', runJobs(context))
    .route('/', runs(context))
    .route('/', system(context));

/** The routes under `/api/v1` and what they take and give, for `hono/client`. */
export type Api = ReturnType<typeof resources>;

/** Everything that answers HTTP requests, before it listens anywhere. */
export function createApp(context: ApiContext): OpenAPIHono<ApiEnv> {
  const app = new OpenAPIHono<ApiEnv>();
  app.use(requestId());
  app.use(secureHeaders());
  app.use(guard(context, app));
  app.use('/api/v1/*', conditional());
  app.route('/api/v1', resources(context));
  describeRoles(app);
  app.doc31('/api/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'Trainyard', version: '1', description: 'Everything the command line does, over HTTP.' },
  });
  webFiles(app);
  app.notFound((c) =>
    problem(c, {
      status: 404,
      title: 'Not found',
      code: 'not_found',
      detail: `There is nothing at ${c.req.path}.`,
      hint: 'See /api/docs for what there is.',
      problems: [],
    }),
  );
  app.onError((error, c) => problemResponse(c, error));
  return app;
}
