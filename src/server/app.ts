import { OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { requestId } from 'hono/request-id';
import { ownVersion } from '../kernel/package-folder.ts';
import { guard } from './access/access.ts';
import { securityHeaders } from './access/headers.ts';
import { refusalRecorder, refuse } from './access/refusals.ts';
import { describeRoles } from './access/route-roles.ts';
import { signIn } from './access/sign-in.ts';
import type { ApiContext, ApiEnv } from './api.ts';
import { conditional, describeConditional } from './conditional.ts';
import { describeCommonHeaders } from './common-headers.ts';
import { apiDocs } from './docs/docs.ts';
import { letGoOfBodies } from './head.ts';
import { idempotent } from './idempotency.ts';
import { incomingHooks, isHookCall } from './incoming-hooks.ts';
import { StreamPlaces } from './live/places.ts';
import { ModelNames } from './model-names.ts';
import { PlanShelf } from './plan-shelf.ts';
import { problem, problemResponse } from './problem.ts';
import { health } from './process/health.ts';
import { requestLog } from './process/request-log.ts';
import { acceptance } from './routes/acceptance.ts';
import { approvals } from './routes/approvals.ts';
import { artifacts } from './routes/artifacts.ts';
import { audit } from './routes/audit.ts';
import { circuits } from './routes/circuits.ts';
import { events } from './routes/events.ts';
import { hooks } from './routes/hooks.ts';
import { jobLogs } from './routes/job-logs.ts';
import { jobs } from './routes/jobs.ts';
import { me } from './routes/me.ts';
import { notifications } from './routes/notifications.ts';
import { plans } from './routes/plans.ts';
import { runActions } from './routes/run-actions.ts';
import { runJobs } from './routes/run-jobs.ts';
import { models } from './routes/models.ts';
import { registeredModels } from './routes/registered-models.ts';
import { retention } from './routes/retention.ts';
import { runs } from './routes/runs.ts';
import { schedules } from './routes/schedules.ts';
import { scripts } from './routes/scripts.ts';
import { system } from './routes/system.ts';
import { tokens } from './routes/tokens.ts';
import { webFiles } from './web-files.ts';

/** All resources, each under its own path; their type is what the client is made of. */
export const resources = (context: ApiContext) => {
  const names = new ModelNames(context.project.store.db);
  const shelf = new PlanShelf(context.project);
  const places = new StreamPlaces();
  return new OpenAPIHono<ApiEnv>()
    .route('/', acceptance(context, shelf))
    .route('/', approvals(context))
    .route('/', artifacts(context))
    .route('/', audit(context))
    .route('/', circuits(context))
    .route('/', events(context, places))
    .route('/', hooks(context))
    .route('/', jobLogs(context, places))
    .route('/', jobs(context))
    .route('/', me())
    .route('/', models(context, names))
    .route('/', registeredModels(context, names))
    .route('/', notifications(context))
    .route('/', plans(context, shelf))
    .route('/', retention(context))
    .route('/', runActions(context))
    .route('/', runJobs(context))
    .route('/', runs(context))
    .route('/', schedules(context))
    .route('/', scripts(context))
    .route('/', system(context))
    .route('/', tokens(context));
};

const LARGEST_BODY = 1 << 20;

const DOCUMENT = {
  openapi: '3.1.0',
  info: {
    title: 'Trainyard',
    version: '1',
    description: 'What the command line does with a project, over HTTP.',
  },
};

/** Everything that answers HTTP requests, before it listens anywhere. */
export function createApp(context: ApiContext): OpenAPIHono<ApiEnv> {
  const app = new OpenAPIHono<ApiEnv>();
  const version = ownVersion();
  app.use(requestId());
  if (context.process !== undefined) app.use(requestLog(context.process));
  app.use(securityHeaders(context.project.config.server));
  const record = refusalRecorder(context.project);
  app.use(guard(context, app, record));
  // After that: nobody unknown makes us keep what they send.
  const limited = bodyLimit({
    maxSize: LARGEST_BODY,
    onError: (c) => {
      // The rest of it is not read, so nothing can follow on this connection.
      c.header('connection', 'close');
      return refuse(c, 413, 'usage', 'The body is larger than 1 MiB.', 'Send less at once.');
    },
  });
  app.use((c, next) => (isHookCall(c.req.path) ? next() : limited(c, next)));
  incomingHooks(app, context, record);
  for (const path of ['/api/v1/*', '/auth/*'])
    app.use(path, async (c, next) => {
      await next();
      // By it clients know that it was us who answered, and which of us.
      c.header('trainyard-version', version);
    });
  app.use('/api/v1/*', letGoOfBodies());
  app.use('/api/v1/*', conditional());
  app.use('/api/v1/*', idempotent(context.project));
  app.route('/', health(context));
  app.route('/auth', signIn(context, record));
  app.route('/api/v1', resources(context));
  describeRoles(app);
  describeConditional(app);
  describeCommonHeaders(app);
  app.doc31('/api/openapi.json', DOCUMENT);
  apiDocs(app, context, () => app.getOpenAPI31Document(DOCUMENT));
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
