import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { DoctorView, SystemView, diagnose, providerView, systemView } from '../../views/index.ts';
import { json, problems, routes } from '../api.ts';
import type { ApiContext } from '../api.ts';

/** Providers are not asked oftener than that how they are, unless somebody wants to know now. */
const ASK_MS = 30_000;

const Fresh = z.object({
  fresh: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'Look again now; else what was seen in the last half minute will do.' }),
});

const show = createRoute({
  method: 'get',
  path: '/system',
  tags: ['system'],
  summary: 'The project, its settings, and the process that serves it',
  request: { query: Fresh },
  responses: { 200: json(SystemView, 'How things stand'), ...problems },
});

const doctor = createRoute({
  method: 'get',
  path: '/doctor',
  tags: ['system'],
  summary: 'Whether everything is there that a run needs',
  request: { query: Fresh },
  responses: { 200: json(DoctorView, 'What was looked at'), ...problems },
});

export const system = ({ project, process }: ApiContext) => {
  const { clock } = project;
  const provider = asked(
    () => clock.now(),
    () => providerView(project),
  );
  const checks = asked(
    () => clock.now(),
    () => diagnose(project),
  );
  return routes()
    .openapi(show, async (c) =>
      c.json(
        await systemView(project, await provider(oldest(c.req.valid('query'))), process?.facts() ?? null),
        200,
      ),
    )
    .openapi(doctor, async (c) => c.json(await checks(oldest(c.req.valid('query'))), 200));
};

const oldest = ({ fresh }: z.infer<typeof Fresh>): number => (fresh === 'true' ? 0 : ASK_MS);

/** Asks once for everybody, and again when the answer is older than somebody takes; never twice at the same time. */
function asked<T>(now: () => number, ask: () => Promise<T>): (old_ms: number) => Promise<T> {
  let known: { readonly at: number; readonly answer: Promise<T>; open: boolean } | null = null;
  return (old_ms) => {
    const at = now();
    if (known !== null && (known.open || (at >= known.at && at - known.at < old_ms))) return known.answer;
    const asking = { at, answer: ask(), open: true };
    known = asking;
    asking.answer.then(
      () => (asking.open = false),
      // What went wrong is asked again at once.
      () => (known = null),
    );
    return asking.answer;
  };
}
