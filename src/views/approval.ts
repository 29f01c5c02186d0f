import { z } from 'zod';
import type { Project } from '../app.ts';
import { ApprovalStatus } from '../gates/index.ts';
import type { Approval } from '../gates/index.ts';
import { Time } from './fields.ts';

const Counts = z.object({ pending: z.int(), approve: z.int(), hold: z.int(), reject: z.int() });

const ApprovalFields = z.object({
  id: z.string(),
  run_id: z.string(),
  run: z.int().meta({ description: 'Number of its run.' }),
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
  counts: Counts.meta({ description: 'Subjects by verdict.' }),
});

/** A request for verdicts in a list. */
export const ApprovalRow = ApprovalFields.meta({
  id: 'ApprovalRow',
  description: 'A request for verdicts at a gate.',
});
export type ApprovalRow = z.infer<typeof ApprovalRow>;

export async function approvalRow(
  { store: { db } }: Pick<Project, 'store'>,
  approval: Approval,
): Promise<ApprovalRow> {
  const run = await db
    .selectFrom('runs')
    .select('number')
    .where('id', '=', approval.run_id)
    .executeTakeFirst();
  const { context: _context, ...shown } = approval;
  return {
    ...shown,
    approvers: [...approval.approvers],
    counts: { ...approval.counts },
    run: run?.number ?? 0,
  };
}
