import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { acceptModels } from '../../actions/index.ts';
import { groupByCause } from '../../fleet/index.ts';
import { ConflictError, NotFoundError, UsageError } from '../../kernel/errors.ts';
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
  seen: z
    .record(z.string().max(300), z.object({ training_hash: z.string(), inputs_digest: z.string() }))
    .optional()
    .meta({ description: 'What circuits were seen to want; refused (409) where the plan says otherwise.' }),
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
    const { reason, seen = {}, ...which } = c.req.valid('json');
    const { circuits } = await shelf.get(c.req.valid('param').plan_id);
    const wanted = chosen(circuits, which);
    refuseUnseen(wanted, seen);
    const accepted = await acceptModels(project, wanted, { reason, actor: c.get('actor') });
    return c.json({ accepted }, 200);
  });

/** @throws NotFoundError for circuits that the plan has not, and for a group that it has not */
function chosen(
  planned: readonly PlannedCircuitView[],
  { circuits, group }: Pick<z.infer<typeof Which>, 'circuits' | 'group'>,
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

/** @throws ConflictError for a circuit that wants something else than whoever decides has seen */
function refuseUnseen(
  wanted: readonly PlannedCircuitView[],
  seen: NonNullable<z.infer<typeof Which>['seen']>,
): void {
  const moved = wanted.find(({ id, training_hash, inputs_digest }) => {
    const known = Object.hasOwn(seen, id) ? seen[id] : undefined;
    if (known === undefined) return false;
    // Data that was still being read then is not known.
    const other_data = known.inputs_digest !== '' && known.inputs_digest !== inputs_digest;
    return known.training_hash !== training_hash || other_data;
  });
  if (moved === undefined) return;
  throw new ConflictError(`${moved.id} wants something else by now than what was seen of it.`, {
    hint: 'Look at it again, then accept what it wants.',
  });
}
