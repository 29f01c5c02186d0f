import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import {
  acceptPartial,
  acceptingNeedsApprover,
  cancelCircuits,
  cancelRun,
  cancelStage,
  prepareRetry,
  resumeRun,
  retryNeedsApprover,
} from '../../actions/index.ts';
import { UsageError } from '../../kernel/errors.ts';
import { getRun } from '../../pipelines/index.ts';
import { ApprovalRow, RunRow, approvalRow, runRow } from '../../views/index.ts';
import { mustBe, needs } from '../access/route-roles.ts';
import { json, problems, routes } from '../api.ts';
import type { ApiContext } from '../api.ts';
import { Comment, Names, bodyOf } from '../fields.ts';
import { writeOnce } from '../idempotency.ts';
import { RunParam } from './runs.ts';

const cancel = createRoute({
  method: 'post',
  path: '/runs/{run}/cancel',
  tags: ['runs'],
  summary: 'End a run, one of its stages, or some of its circuits; harmless twice',
  description:
    'Circuits that are parked at a gate, or approved there for a retry that has not begun, are decided on there (`hold`, at training-retry `reject`): that needs the role approver too, and the rights of the gate.',
  ...needs('operator'),
  request: {
    params: RunParam,
    body: bodyOf(z.object({ stage: z.string().max(100).optional(), circuits: Names.optional() })),
  },
  responses: {
    202: json(z.object({ requested: z.boolean() }), 'False: there was nothing left to cancel'),
    ...problems,
  },
});

const again = createRoute({
  method: 'post',
  path: '/runs/{run}/retry',
  tags: ['runs'],
  summary: 'Train failed circuits again: those of some causes, those named, or all',
  description:
    'Counts as an approval at gate training-retry, and needs the same rights. Where that gate names approvers or wants more than one yes it needs the role approver too.',
  ...needs('operator'),
  request: {
    params: RunParam,
    body: bodyOf(
      z.object({
        circuits: Names.optional(),
        groups: z
          .array(z.int().min(1))
          .min(1)
          .max(1000)
          .optional()
          .meta({ description: 'Numbers of groups of failures.' }),
        comment: Comment.optional(),
      }),
    ),
  },
  responses: { 202: json(z.object({ approval: ApprovalRow }), 'The request as it is then'), ...problems },
});

const resume = createRoute({
  method: 'post',
  path: '/runs/{run}/resume',
  tags: ['runs'],
  summary: 'Take up a run that gave up, where it stands; harmless twice',
  ...needs('operator'),
  request: { params: RunParam },
  responses: { 202: json(RunRow, 'The run'), ...problems },
});

const partial = createRoute({
  method: 'post',
  path: '/runs/{run}/accept-partial',
  tags: ['runs'],
  summary: 'Let promotion go on although circuits failed again',
  description:
    'Counts as turning the retry down at gate training-retry, and needs the same rights; those of gate registry-promotion too where the run was started with that approved. Where one of them names approvers or wants more than one yes it needs the role approver too.',
  ...needs('operator'),
  request: { params: RunParam, body: bodyOf(z.object({ comment: Comment.optional() })) },
  responses: { 202: json(RunRow, 'The run'), ...problems },
});

export const runActions = ({ project }: ApiContext) =>
  routes()
    .openapi(cancel, async (c) => {
      const run = await getRun(project.store.db, c.req.valid('param').run);
      const { stage, circuits } = c.req.valid('json');
      const actor = c.get('actor');
      if (stage !== undefined && circuits !== undefined)
        throw new UsageError('A stage and circuits are not canceled in one call.', {
          hint: 'Cancel one after the other.',
        });
      const { requested } =
        stage !== undefined
          ? await cancelStage(project, run, stage, actor)
          : circuits !== undefined
            ? await cancelCircuits(project, run, circuits, actor, () =>
                mustBe(c, 'approver', 'canceling what is parked at a gate'),
              )
            : await cancelRun(project, run, actor);
      return c.json({ requested }, 202);
    })
    .openapi(again, async (c) => {
      const run = await getRun(project.store.db, c.req.valid('param').run);
      const { circuits, groups, comment = null } = c.req.valid('json');
      if (await retryNeedsApprover(project, run))
        mustBe(c, 'approver', 'a retry at a gate with approvers of its own');
      const wanted = { circuits, groups, comment, actor: c.get('actor') };
      const write = await prepareRetry(project, run, wanted);
      const approval = await writeOnce(
        c,
        project,
        async (tx) => approvalRow({ store: { db: tx } }, await write(tx)),
        (row) => ({ status: 202, body: { approval: row } }),
      );
      return c.json({ approval }, 202);
    })
    .openapi(resume, async (c) => {
      const run = await getRun(project.store.db, c.req.valid('param').run);
      return c.json(runRow(await resumeRun(project, run, c.get('actor'))), 202);
    })
    .openapi(partial, async (c) => {
      const run = await getRun(project.store.db, c.req.valid('param').run);
      const { comment = null } = c.req.valid('json');
      if (acceptingNeedsApprover(project, run))
        mustBe(c, 'approver', 'accepting a partial success at a gate with approvers of its own');
      return c.json(runRow(await acceptPartial(project, run, c.get('actor'), comment)), 202);
    });
