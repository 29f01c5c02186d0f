import { createRoute } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { z } from 'zod';
import { prepareRun, refuseUnknownFailures } from '../../actions/index.ts';
import type { Overrides, Project } from '../../app.ts';
import { CAUSES, groupByCause, whatMoved } from '../../fleet/index.ts';
import type { SealInputs, SealedPlan } from '../../fleet/index.ts';
import { ConflictError, NotFoundError, TrainyardError, UsageError } from '../../kernel/errors.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { PlanView, PlannedCircuitView, RunRow, WhyView, runRow, whyView } from '../../views/index.ts';
import { mustBe, needs } from '../access/route-roles.ts';
import { Paging, json, pageOf, problems, routes } from '../api.ts';
import type { ApiContext, ApiEnv } from '../api.ts';
import { planAside } from '../aside/plan-aside.ts';
import type { PlannedAside } from '../aside/plan-aside.ts';
import { numberCursor } from '../cursor.ts';
import { Comment, bodyOf } from '../fields.ts';
import { writeOnce } from '../idempotency.ts';
import type { PlanShelf, ShelvedPlan } from '../plan-shelf.ts';

const PlanRequest = z
  .object({
    circuits: z
      .array(z.string().min(1).max(300))
      .max(100_000)
      .default([])
      .meta({ description: 'Exactly these: ids, plant/circuit or globs; empty: detect.' }),
    detection: z.enum(['auto', 'git', 'hash']).default('auto'),
    base_ref: z.string().min(1).max(300).nullable().default(null),
    if_changed: z.boolean().default(false),
    include_failed: z.boolean().default(false),
    allow_wide: z
      .string()
      .trim()
      .min(1)
      .max(2000)
      .nullable()
      .default(null)
      .meta({ description: 'Why more of the fleet may be retrained than max_changed allows.' }),
  })
  .meta({ id: 'PlanRequest', description: 'What is to be planned.' });

const Simulation = z
  .strictObject({
    fail: z
      .array(z.string().min(1).max(500))
      .max(10_000)
      .optional()
      .meta({ description: 'Who fails: `ID`, `ID:attempts` or `ID=text`.' }),
    fail_rate: z.number().min(0).max(1).optional().meta({ description: 'The share of attempts that fail.' }),
    duration_s: z.number().min(0).max(31_536_000).optional(),
    speed: z.number().min(0.001).max(1_000_000).optional(),
    max_parallel: z.int().min(1).max(1_000_000_000).optional(),
  })
  .meta({
    id: 'Simulation',
    description: 'What a rehearsal is like; what is left out stands in trainyard.yaml.',
  });

const RunRequest = z
  .object({
    approve: z
      .array(z.string().min(1).max(100))
      .max(50)
      .default([])
      .meta({ description: 'Gates approved in advance, or `all`.' }),
    pr: z.boolean().default(false).meta({ description: 'A pull-request run.' }),
    comment: Comment.optional(),
    provider: z
      .enum(['local', 'simulated'])
      .nullable()
      .default(null)
      .meta({ description: 'Where to train, instead of where trainyard.yaml says.' }),
    simulation: Simulation.nullable()
      .default(null)
      .meta({ description: 'How the simulated provider plays the run.' }),
  })
  .meta({ id: 'RunRequest', description: 'How a plan is run.' });

const NewRun = PlanRequest.extend(RunRequest.shape).meta({
  id: 'NewRun',
  description: 'What is to be trained, and how.',
});

const params = z.object({ plan_id: z.string().min(1).max(100) });

const make = createRoute({
  method: 'post',
  path: '/plans',
  tags: ['plans'],
  summary: 'Makes a plan and keeps it sealed for a day. Trains nothing',
  ...needs('operator'),
  request: { body: bodyOf(PlanRequest) },
  responses: { 201: json(PlanView, 'The plan'), ...problems },
});

const show = createRoute({
  method: 'get',
  path: '/plans/{plan_id}',
  tags: ['plans'],
  summary: 'A plan that was made here',
  request: { params },
  responses: { 200: json(PlanView, 'The plan'), ...problems },
});

const list = createRoute({
  method: 'get',
  path: '/plans/{plan_id}/circuits',
  tags: ['plans'],
  summary: 'Its circuits in the order of circuits.yaml, each with its reason and what changed',
  request: {
    params,
    query: Paging.extend({
      cause: z.enum(CAUSES).optional(),
      action: z.enum(['train', 'skip']).optional(),
      group: z.coerce.number().int().min(0).max(1_000_000).optional(),
      q: z.string().max(200).optional().meta({ description: 'Part of an id or of a reason.' }),
    }),
  },
  responses: { 200: json(pageOf(PlannedCircuitView), 'A page of circuits'), ...problems },
});

const why = createRoute({
  method: 'get',
  path: '/plans/{plan_id}/circuits/{circuit}',
  tags: ['plans'],
  summary: 'One of its circuits, with what it was compared with',
  request: { params: params.extend({ circuit: z.string().min(1).max(300) }) },
  responses: { 200: json(WhyView, 'The circuit'), ...problems },
});

const runPlan = createRoute({
  method: 'post',
  path: '/plans/{plan_id}/run',
  tags: ['plans'],
  summary: 'Runs a plan as it was sealed; refused (409) when something has moved since',
  ...needs('operator'),
  request: { params, body: bodyOf(RunRequest) },
  responses: { 202: json(RunRow, 'The run'), ...problems },
});

const runNow = createRoute({
  method: 'post',
  path: '/runs',
  tags: ['runs'],
  summary: 'Plans and runs in one',
  ...needs('operator'),
  request: {
    body: bodyOf(NewRun),
  },
  responses: { 202: json(RunRow, 'The run'), ...problems },
});

export const plans = ({ project }: ApiContext, shelf: PlanShelf) => {
  return routes()
    .openapi(make, async (c) =>
      // Without a body nothing has filled in what is left out.
      c.json(await shelf.make(PlanRequest.parse(c.req.valid('json')), c.get('actor')), 201),
    )
    .openapi(show, async (c) => c.json((await shelf.get(c.req.valid('param').plan_id)).view, 200))
    .openapi(list, async (c) => {
      const plan = await shelf.get(c.req.valid('param').plan_id);
      return c.json(pageOfPlan(plan, c.req.valid('query')), 200);
    })
    .openapi(why, async (c) => {
      const { plan_id, circuit: id } = c.req.valid('param');
      const { circuits } = await shelf.get(plan_id);
      const { circuits: file } = project.config;
      const planned = circuits.find((circuit) => circuit.id === id);
      if (planned === undefined)
        throw new NotFoundError(`There is no circuit ${id} in ${file}.`, {
          hint:
            didYouMean(
              id,
              circuits.map((circuit) => circuit.id),
            ) ?? 'The Fleet page and GET /api/v1/circuits list them.',
        });
      return c.json(await whyView(project, planned, file), 200);
    })
    .openapi(runPlan, async (c) => {
      const { plan_id } = c.req.valid('param');
      const how = mayStart(c, RunRequest.parse(c.req.valid('json')));
      const sealed = await shelf.sealed(plan_id);
      const planned = await planAside(project, sealed.options, sealed.pins).catch((error: unknown) => {
        if (!(error instanceof TrainyardError) || error.code !== 'usage') throw error;
        throw new ConflictError(`Plan ${plan_id} is stale: what it was made from can no longer be used.`, {
          hint: 'Put right what is listed, then make a new plan.',
          problems: error.problems,
          cause: error,
        });
      });
      refuseIfMoved(plan_id, sealed, planned.inputs);
      return c.json(await start(c, planned, how), 202);
    })
    .openapi(runNow, async (c) => {
      const { approve, pr, comment, provider, simulation, ...options } = NewRun.parse(c.req.valid('json'));
      const how = mayStart(c, { approve, pr, comment, provider, simulation });
      return c.json(await start(c, await planAside(project, options), how), 202);
    });

  async function start(
    c: Context<ApiEnv>,
    planned: PlannedAside,
    { provider, simulation, ...how }: z.infer<typeof RunRequest>,
  ): Promise<RunRow> {
    const overrides = overridesOf(project, provider, simulation);
    refuseUnknownFailures(planned.plan.circuits, overrides.fail ?? []);
    const own = project.beside(overrides);
    try {
      const write = await prepareRun(own, planned, { actor: c.get('actor'), ...how });
      return runRow(await writeOnce(c, project, write, (run) => ({ status: 202, body: runRow(run) })));
    } finally {
      await own.close();
    }
  }
};

/** Starting is an operator's; a gate that is approved with it is an approver's, and its own rules come on top. */
function mayStart(c: Context<ApiEnv>, how: z.infer<typeof RunRequest>): z.infer<typeof RunRequest> {
  if (how.approve.length > 0) mustBe(c, 'approver', 'approving a gate in advance');
  return how;
}

/** @throws ConflictError naming everything that moved since the plan was made */
function refuseIfMoved(plan_id: string, sealed: SealedPlan, now: SealInputs): void {
  const moved = whatMoved(sealed, now);
  if (moved.length === 0) return;
  throw new ConflictError(
    `Plan ${plan_id} is stale: ${moved.map((m) => m.what).join(', ')} changed since ${sealed.sealed_at}.`,
    {
      hint: 'Make a new plan and look at what it says now.',
      problems: moved.map(({ key, what }) => ({
        file: '',
        line: null,
        column: null,
        path: key,
        message: `${what} changed`,
        hint: null,
      })),
    },
  );
}

/** @throws UsageError for a simulation of a run that is none */
function overridesOf(
  { config }: Project,
  provider: string | null,
  simulation: z.infer<typeof Simulation> | null,
): Overrides {
  const name = provider ?? config.provider;
  if (simulation !== null && name !== 'simulated')
    throw new UsageError(`A simulation is for the simulated provider; this run would train on ${name}.`, {
      hint: 'Add "provider": "simulated".',
    });
  const { max_parallel, ...rest } = simulation ?? {};
  return { provider: name, max_workers: max_parallel, ...rest };
}

/** The plan does not change, so a place in it is a cursor. */
function pageOfPlan(
  { circuits }: ShelvedPlan,
  query: z.infer<typeof list.request.query>,
): { items: PlannedCircuitView[]; next: string | null } {
  const { cause, action, group, limit } = query;
  const part = query.q?.trim().toLowerCase() ?? '';
  const inGroup = group === undefined ? null : new Set(groupByCause(circuits)[group]?.circuits ?? []);
  const items: PlannedCircuitView[] = [];
  for (let at = numberCursor(query.cursor) ?? 0; at < circuits.length; at++) {
    const circuit = circuits[at];
    if (circuit === undefined) break;
    if (
      (cause !== undefined && circuit.cause !== cause) ||
      (action !== undefined && circuit.action !== action) ||
      (inGroup !== null && !inGroup.has(circuit.id)) ||
      (part !== '' &&
        !circuit.id.toLowerCase().includes(part) &&
        !circuit.reason.toLowerCase().includes(part))
    )
      continue;
    // One more than fits says that there is a next page.
    if (items.length === limit) return { items, next: String(at) };
    items.push(circuit);
  }
  return { items, next: null };
}
