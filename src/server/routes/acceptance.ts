import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { acceptModels } from '../../actions/index.ts';
import { groupByCause } from '../../fleet/index.ts';
import { NotFoundError, UsageError } from '../../kernel/errors.ts';
import { AcceptedModel } from '../../views/index.ts';
import type { PlannedCircuitView } from '../../views/index.ts';
import { needs } from '../access/route-roles.ts';
import { json, problems, routes } from '../api.ts';
import type { ApiContext } from '../api.ts';
import { Comment, Names, bodyOf } from '../fields.ts';
import type { PlanShelf } from '../plan-shelf.ts';

const Which = z.object({
  reason: Comment.trim().min(1),
  circuits: Names.optional().meta({ description: 'Ids; left out: all that the plan does not leave alone.' }),
  group: z
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .meta({ description: 'Only the circuits of this group of the plan.' }),
});

const accept = createRoute({
  method: 'post',
  path: '/plans/{plan_id}/accept',
  tags: ['plans'],
  summary: 'Let good models stand for what the plan says that their circuits want, instead of training them',
  description:
    'All of them or none; saying the same again adds nothing. Circuits that the plan leaves alone are passed over. What counts is what the plan says, also where files have changed since.',
  ...needs('operator'),
  request: {
    params: z.object({ plan_id: z.string().min(1).max(100) }),
    body: bodyOf(Which, { required: true }),
  },
  responses: {
    200: json(z.object({ accepted: z.array(AcceptedModel) }), 'The models that stand for it'),
    ...problems,
  },
});

export const acceptance = ({ project }: ApiContext, shelf: PlanShelf) =>
  routes().openapi(accept, async (c) => {
    const { reason, ...which } = c.req.valid('json');
    const { circuits } = await shelf.get(c.req.valid('param').plan_id);
    const accepted = await acceptModels(project, chosen(circuits, which), { reason, actor: c.get('actor') });
    return c.json({ accepted }, 200);
  });

/** @throws NotFoundError for circuits that the plan has not, and for a group that it has not */
function chosen(
  planned: readonly PlannedCircuitView[],
  { circuits, group }: Omit<z.infer<typeof Which>, 'reason'>,
): readonly PlannedCircuitView[] {
  if (circuits !== undefined && group !== undefined)
    throw new UsageError('Circuits and a group are not accepted in one call.', {
      hint: 'Give one or the other.',
    });
  const ids = group === undefined ? circuits : groupByCause(planned)[group]?.circuits;
  if (ids === undefined) {
    if (group === undefined) return planned;
    throw new NotFoundError(`The plan has no group ${group}.`, {
      hint: 'Its groups stand under `groups` of the plan.',
    });
  }
  const wanted = new Set(ids);
  const found = planned.filter(({ id }) => wanted.has(id));
  if (found.length === wanted.size) return found;
  const known = new Set(found.map(({ id }) => id));
  const unknown = [...wanted].filter((id) => !known.has(id));
  throw new NotFoundError(
    `The plan has no circuit ${unknown.slice(0, 3).join(', ')}${unknown.length > 3 ? ` and ${unknown.length - 3} more` : ''}.`,
    { hint: 'Ids are meant, as GET /api/v1/plans/{plan_id}/circuits lists them.' },
  );
}
