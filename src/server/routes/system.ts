import { createRoute } from '@hono/zod-openapi';
import { DoctorView, SystemView, diagnose, providerView, systemView } from '../../views/index.ts';
import { json, problems, routes } from '../api.ts';
import type { ApiContext } from '../api.ts';

/** Providers are not asked oftener than that how they are. */
const ASK_MS = 30_000;

const show = createRoute({
  method: 'get',
  path: '/system',
  tags: ['system'],
  summary: 'The project, its settings, and the process that serves it',
  responses: { 200: json(SystemView, 'How things stand'), ...problems },
});

const doctor = createRoute({
  method: 'get',
  path: '/doctor',
  tags: ['system'],
  summary: 'Whether everything is there that a run needs',
  responses: { 200: json(DoctorView, 'What was looked at'), ...problems },
});

export const system = ({ project, process }: ApiContext) => {
  const { clock } = project;
  const provider = asked(
    () => clock.now(),
    ASK_MS,
    () => providerView(project),
  );
  const checks = asked(
    () => clock.now(),
    ASK_MS,
    () => diagnose(project),
  );
  return routes()
    .openapi(show, async (c) =>
      c.json(await systemView(project, await provider(), process?.facts() ?? null), 200),
    )
    .openapi(doctor, async (c) => c.json(await checks(), 200));
};

/** Asks once for everybody, and again when the answer is old. */
function asked<T>(now: () => number, old_ms: number, ask: () => Promise<T>): () => Promise<T> {
  let known: { readonly at: number; readonly answer: Promise<T> } | null = null;
  return () => {
    const at = now();
    if (known !== null && at >= known.at && at - known.at < old_ms) return known.answer;
    const answer = ask();
    known = { at, answer };
    // What went wrong is asked again at once.
    answer.catch(() => (known = null));
    return answer;
  };
}
