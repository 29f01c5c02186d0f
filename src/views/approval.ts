import { z } from 'zod';
import type { Project } from '../app.ts';
import { ApprovalStatus, Verdict, mayNotVote } from '../gates/index.ts';
import type { Actor, Approval, Subject } from '../gates/index.ts';
import { gateRules } from '../pipelines/index.ts';
import type { Db } from '../store/index.ts';
import { Time } from './fields.ts';
import { runsOf } from './runs-of.ts';

const Numbers = z.record(z.string(), z.number());
const Facts = z.record(z.string(), z.unknown());

const ApprovalFields = z.object({
  id: z.string(),
  run_id: z.string(),
  run: z.int().meta({ description: 'Number of its run.' }),
  rehearsal: z.boolean().meta({ description: 'Of a rehearsal: what it decides on counts for nothing.' }),
  stage: z.string(),
  gate: z.string(),
  status: ApprovalStatus,
  title: z.string(),
  requested_by: z.string(),
  required: z.int().meta({ description: 'How many different people must approve.' }),
  approvers: z.array(z.string()).meta({ description: 'People and `@groups`; empty: anybody.' }),
  requester_may_approve: z.boolean(),
  on_expiry: z.enum(['skip', 'hold']),
  created_at: Time,
  expires_at: Time,
  closed_at: Time.nullable(),
  remind_every_s: z.number().nullable(),
  reminded_at: Time.nullable(),
  subject_digest: z.string().meta({ description: 'Over what it shows; a verdict may carry it.' }),
  counts: z
    .object({ pending: z.int(), approve: z.int(), hold: z.int(), reject: z.int() })
    .meta({ description: 'Subjects by verdict.' }),
});

/** A request for verdicts in a list. */
export const ApprovalRow = ApprovalFields.meta({
  id: 'ApprovalRow',
  description: 'A request for verdicts at a gate.',
});
export type ApprovalRow = z.infer<typeof ApprovalRow>;

const VoteView = z
  .object({
    voter: z.string(),
    identity: z.string(),
    verdict: Verdict,
    comment: z.string().nullable(),
    subjects: z.array(z.string()).nullable().meta({ description: 'Null: all that were open.' }),
    voted_at: Time,
    counts: z.boolean().meta({ description: 'False: said before the request was reopened.' }),
  })
  .meta({ id: 'Vote' });
type VoteView = z.infer<typeof VoteView>;

/** A request with what was said of it. Its subjects are a list of their own. */
export const ApprovalView = ApprovalFields.extend({
  context: Facts.meta({ description: 'How things stood when it was asked: causes, free compute, time.' }),
  votes: z.array(VoteView),
  my_refusal: z
    .object({ message: z.string(), hint: z.string().nullable() })
    .nullable()
    .meta({ description: 'Why the caller may not decide; null: they may.' }),
}).meta({ id: 'Approval', description: 'A request for verdicts with its votes.' });
export type ApprovalView = z.infer<typeof ApprovalView>;

/** One thing that waits for a verdict, the candidate beside what is in use now. */
export const SubjectRow = z
  .object({
    subject: z.string(),
    circuit_id: z.string().nullable(),
    verdict: Verdict,
    held_because: z.string().nullable().meta({ description: 'What a quality gate has against it.' }),
    metrics: Numbers.nullable(),
    current: z
      .object({ version: z.int(), metrics: Numbers })
      .nullable()
      .meta({ description: 'The model in use now; null: none.' }),
    change: Numbers.nullable().meta({
      description: 'Metrics of the candidate less those of the current model.',
    }),
    quality: z.array(
      z.object({ rule: z.string(), ok: z.boolean(), actual: z.number().nullable(), message: z.string() }),
    ),
    detail: Facts.meta({
      description: 'Everything else that the stage shows: the failed job, its log, its cause.',
    }),
  })
  .meta({ id: 'ApprovalSubject' });
export type SubjectRow = z.infer<typeof SubjectRow>;

/** The store, or a transaction of it. */
interface Rows {
  readonly store: { readonly db: Db };
}

/** Requests as rows of a list, in the same order. */
export async function approvalRows(
  { store: { db } }: Rows,
  approvals: readonly Approval[],
): Promise<ApprovalRow[]> {
  const runs = await runsOf(db, approvals);
  return approvals.map((approval) => rowOf(approval, runs.get(approval.run_id)));
}

export async function approvalRow(project: Rows, approval: Approval): Promise<ApprovalRow> {
  const [row] = await approvalRows(project, [approval]);
  return row ?? rowOf(approval, undefined);
}

const rowOf = (
  { context: _context, ...shown }: Approval,
  run: { readonly number: number; readonly rehearsal: boolean } | undefined,
): ApprovalRow => ({
  ...shown,
  run: run?.number ?? 0,
  rehearsal: run?.rehearsal ?? false,
  approvers: [...shown.approvers],
  counts: { ...shown.counts },
});

export async function approvalView(
  project: Pick<Project, 'store' | 'config'>,
  approval: Approval,
  asker: Actor,
): Promise<ApprovalView> {
  const refusal = mayNotVote(approval, asker, gateRules(project.config, approval.gate));
  return {
    ...(await approvalRow(project, approval)),
    context: { ...approval.context },
    votes: await votesOf(project, approval.id),
    my_refusal: refusal === null ? null : { message: refusal.message, hint: refusal.hint ?? null },
  };
}

async function votesOf({ store: { db } }: Pick<Project, 'store'>, approval_id: string): Promise<VoteView[]> {
  const rows = await db
    .selectFrom('approval_votes')
    .selectAll()
    .where('approval_id', '=', approval_id)
    .orderBy('voted_at')
    .execute();
  return rows.map(({ approval_id: _id, ...vote }) => ({
    ...vote,
    verdict: Verdict.parse(vote.verdict),
    subjects: vote.subjects === null ? null : Names.parse(JSON.parse(vote.subjects)),
    counts: vote.counts === 1,
  }));
}

const Names = z.array(z.string());

/** What stages write beside a subject; what does not fit stays part of `detail`. */
const Shown = z.object({
  held_because: z.string().nullable().catch(null).default(null),
  metrics: Numbers.nullable().catch(null).default(null),
  current: z.object({ version: z.int(), metrics: Numbers }).nullable().catch(null).default(null),
  quality: SubjectRow.shape.quality.catch([]).default([]),
});

export function subjectRow({ subject, circuit_id, verdict, detail }: Subject): SubjectRow {
  const { held_because: _held, metrics: _metrics, current: _current, quality: _quality, ...rest } = detail;
  const shown = Shown.parse(detail);
  return {
    subject,
    circuit_id,
    verdict,
    ...shown,
    change: changeOf(shown.metrics, shown.current?.metrics ?? null),
    detail: rest,
  };
}

function changeOf(
  candidate: Readonly<Record<string, number>> | null,
  current: Readonly<Record<string, number>> | null,
): Record<string, number> | null {
  if (candidate === null || current === null) return null;
  const both = Object.entries(candidate).flatMap(([name, value]): [string, number][] => {
    const before = Object.hasOwn(current, name) ? current[name] : undefined;
    return before === undefined ? [] : [[name, value - before]];
  });
  return Object.fromEntries(both);
}
