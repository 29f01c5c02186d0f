import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { decide, decideMatching, reopen } from '../../actions/index.ts';
import { ApprovalStatus, Verdict, getApproval, listApprovals, subjectsNamed } from '../../gates/index.ts';
import { UsageError } from '../../kernel/errors.ts';
import { getRun } from '../../pipelines/index.ts';
import {
  ApprovalRow,
  ApprovalView,
  SubjectRow,
  approvalRow,
  approvalRows,
  approvalView,
  subjectRow,
} from '../../views/index.ts';
import { mustBe, needs } from '../access/route-roles.ts';
import { Paging, json, pageOf, problems, routes } from '../api.ts';
import type { ApiContext } from '../api.ts';
import { idCursor } from '../cursor.ts';
import { Comment, Flag, Names, Search, bodyOf } from '../fields.ts';
import { SubjectPages } from '../subject-pages.ts';
import { RunKey } from './runs.ts';

const params = z.object({ approval: z.string().min(1).max(100).meta({ description: 'Id of the request.' }) });
const Metric = z.string().trim().min(1).max(400).meta({
  description:
    'Conditions such as `mae<=10`, or `change.mae<0` for the difference to the current model; several with commas.',
});

const list = createRoute({
  method: 'get',
  path: '/approvals',
  tags: ['approvals'],
  summary: 'Requests for verdicts, newest first',
  request: {
    query: Paging.extend({
      status: ApprovalStatus.optional(),
      run: RunKey.optional(),
      gate: z.string().max(100).optional(),
    }),
  },
  responses: { 200: json(pageOf(ApprovalRow), 'A page of requests'), ...problems },
});

const show = createRoute({
  method: 'get',
  path: '/approvals/{approval}',
  tags: ['approvals'],
  summary: 'A request with its votes, and whether the caller may decide',
  request: { params },
  responses: { 200: json(ApprovalView, 'The request'), ...problems },
});

const subjects = createRoute({
  method: 'get',
  path: '/approvals/{approval}/subjects',
  tags: ['approvals'],
  summary: 'What a request asks about, each candidate beside the current model',
  request: {
    params,
    query: Paging.extend({
      verdict: Verdict.optional(),
      q: Search.optional().meta({ description: 'Part of the name.' }),
      held: Flag.optional().meta({ description: 'Whether a quality gate holds it back.' }),
      metric: Metric.optional(),
      sort: z.string().min(1).max(200).default('subject').meta({
        description: '`subject`, a metric, or `change.` and a metric; descending with `-` before it.',
      }),
    }),
  },
  responses: {
    200: json(
      pageOf(SubjectRow).extend({
        total: z.int().meta({ description: 'How many match.' }),
        metrics: z.array(z.string()).meta({ description: 'Metrics that subjects of the request have.' }),
      }),
      'A page of subjects',
    ),
    ...problems,
  },
});

const vote = createRoute({
  method: 'post',
  path: '/approvals/{approval}/votes',
  tags: ['approvals'],
  summary: 'Say yes, no, or not now: of all that is open, of some, or of what a filter finds',
  ...needs('approver'),
  request: {
    params,
    body: bodyOf(
      z.object({
        verdict: Verdict.exclude(['pending']),
        comment: Comment.nullish(),
        subjects: Names.nullish().meta({ description: 'Null or left out: all that are open.' }),
        filter: z
          .object({
            q: Search.optional(),
            held: z.boolean().optional(),
            metric: Metric.optional(),
            verdict: z.enum(['pending', 'hold']).optional().meta({ description: 'Default: what is open.' }),
          })
          .optional()
          .meta({
            description:
              'Found out now, to names. What a quality gate holds back is meant only with `held: true`.',
          }),
        retrain: z
          .boolean()
          .default(false)
          .meta({ description: 'Rejected models are taken out of use and trained again.' }),
        subject_digest: z
          .string()
          .max(100)
          .optional()
          .meta({ description: 'Of what the voter was shown; refused when it is another.' }),
      }),
      { required: true },
    ),
  },
  responses: {
    200: json(
      z.object({
        approval: ApprovalRow,
        subjects: z.int().nullable().meta({ description: 'How many were named; null: all that were open.' }),
        left_out: z.int().meta({ description: 'Found by the filter, and held back by a quality gate.' }),
      }),
      'The request as it is then',
    ),
    ...problems,
  },
});

const again = createRoute({
  method: 'post',
  path: '/approvals/{approval}/reopen',
  tags: ['approvals'],
  summary: 'Ask again what nobody decided in time and what was held',
  description:
    'For whoever may decide at the gate, which needs the role approver, and for whoever started the run, which needs operator or approver.',
  ...needs('viewer'),
  request: {
    params,
    body: bodyOf(
      z.object({
        expires_s: z
          .number()
          .positive()
          .max(10 * 366 * 86_400)
          .optional()
          .meta({ description: 'Default: as the gate says.' }),
        comment: Comment.nullish(),
      }),
    ),
  },
  responses: { 200: json(ApprovalRow, 'The request, open again'), ...problems },
});

export const approvals = ({ project }: ApiContext) => {
  const { db } = project.store;
  const pages = new SubjectPages(project.store);
  return routes()
    .openapi(list, async (c) => {
      const { limit, cursor, run, gate, status } = c.req.valid('query');
      const before = idCursor(cursor);
      const rows = await listApprovals(db, {
        limit: limit + 1,
        gate,
        ...(status === undefined ? {} : { status }),
        ...(run === undefined ? {} : { run_id: (await getRun(db, run)).id }),
        ...(before === undefined ? {} : { before }),
      });
      const shown = rows.slice(0, limit);
      const next = rows.length > limit ? (shown.at(-1)?.id ?? null) : null;
      return c.json({ items: await approvalRows(project, shown), next }, 200);
    })
    .openapi(show, async (c) => {
      const approval = await getApproval(db, c.req.valid('param').approval);
      return c.json(await approvalView(project, approval, c.get('actor')), 200);
    })
    .openapi(subjects, async (c) => {
      const approval = await getApproval(db, c.req.valid('param').approval);
      const { names, next, total, metrics } = await pages.page(approval.id, c.req.valid('query'));
      const items = (await subjectsNamed(db, approval.id, names)).map(subjectRow);
      return c.json({ items, next, total, metrics: [...metrics] }, 200);
    })
    .openapi(vote, async (c) => {
      const { subjects: named, filter, comment, ...more } = c.req.valid('json');
      if (named != null && filter !== undefined)
        throw new UsageError('Subjects are named or found by a filter, not both.', {
          hint: 'Leave one of them out.',
        });
      if (more.retrain && more.verdict !== 'reject')
        throw new UsageError('Only what is rejected can be trained again instead.', {
          hint: 'Leave `retrain` out, or reject.',
        });
      const ballot = {
        ...more,
        approval_id: c.req.valid('param').approval,
        actor: c.get('actor'),
        comment: comment ?? null,
      };
      if (filter === undefined) {
        const after = await decide(project, { ...ballot, subjects: named ?? null });
        const approval = await approvalRow(project, after);
        return c.json({ approval, subjects: named?.length ?? null, left_out: 0 }, 200);
      }
      const decided = await decideMatching(project, ballot, filter);
      return c.json({ ...decided, approval: await approvalRow(project, decided.approval) }, 200);
    })
    .openapi(again, async (c) => {
      const { expires_s = null, comment } = c.req.valid('json');
      const { id: approval_id, requested_by } = await getApproval(db, c.req.valid('param').approval);
      const { name, roles } = c.get('caller');
      const started = roles.includes('operator') && name.toLowerCase() === requested_by.toLowerCase();
      if (!started) mustBe(c, 'approver', 'reopening a request');
      const approval = await reopen(project, {
        approval_id,
        actor: c.get('actor'),
        expires_s,
        comment: comment ?? null,
      });
      return c.json(await approvalRow(project, approval), 200);
    });
};
