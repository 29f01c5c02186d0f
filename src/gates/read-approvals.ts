import { z } from 'zod';
import { NotFoundError, TrainyardError } from '../kernel/errors.ts';
import { nearest } from '../kernel/suggest.ts';
import { batches } from '../store/index.ts';
import type { ApprovalSubjectsTable, ApprovalsTable, Db } from '../store/index.ts';
import { ApprovalStatus, Verdict } from './types.ts';
import type { Approval, Subject } from './types.ts';

const NO_COUNTS: Record<Verdict, number> = { pending: 0, approve: 0, hold: 0, reject: 0 };
const Names = z.array(z.string());

/** @throws NotFoundError naming the open requests */
export async function getApproval(db: Db, id: string): Promise<Approval> {
  const row = await db.selectFrom('approvals').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) {
    const open = await db
      .selectFrom('approvals')
      .select('id')
      .where('status', '=', 'waiting')
      .limit(200)
      .execute();
    const near = nearest(
      id,
      open.map((o) => o.id),
    );
    throw new NotFoundError(`There is no approval request ${id}.`, {
      hint:
        near.length > 0
          ? `Did you mean ${near.join(' or ')}?`
          : 'List the open ones with `trainyard approvals`.',
    });
  }
  const [approval] = await withCounts(db, [row]);
  if (approval === undefined)
    throw new TrainyardError('unexpected', `The approval request ${id} vanished while it was read.`);
  return approval;
}

/** The request at a gate of a run in which a subject was approved, the newest where there were several; null: none. */
export async function approvedBy(
  db: Db,
  { run_id, gate, subject }: { readonly run_id: string; readonly gate: string; readonly subject: string },
): Promise<string | null> {
  const row = await db
    .selectFrom('approvals')
    .innerJoin('approval_subjects', 'approval_subjects.approval_id', 'approvals.id')
    .select('approvals.id')
    .where('approvals.run_id', '=', run_id)
    .where('approvals.gate', '=', gate)
    .where('approval_subjects.subject', '=', subject)
    .where('approval_subjects.verdict', '=', 'approve')
    .orderBy('approvals.created_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.id ?? null;
}

/** The id of the newest request of a stage, or null: it never asked. */
export async function lastRequest(db: Db, run_id: string, stage: string): Promise<string | null> {
  const row = await db
    .selectFrom('approvals')
    .select('id')
    .where('run_id', '=', run_id)
    .where('stage', '=', stage)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.id ?? null;
}

/** Newest first; keyset paged by `before` (an id). */
export async function listApprovals(
  db: Db,
  query: {
    readonly status?: ApprovalStatus;
    readonly run_id?: string;
    readonly gate?: string | undefined;
    readonly before?: string;
    readonly limit: number;
  },
): Promise<Approval[]> {
  let select = db.selectFrom('approvals').selectAll().orderBy('id', 'desc').limit(query.limit);
  if (query.status !== undefined) select = select.where('status', '=', query.status);
  if (query.run_id !== undefined) select = select.where('run_id', '=', query.run_id);
  if (query.gate !== undefined) select = select.where('gate', '=', query.gate);
  if (query.before !== undefined) select = select.where('id', '<', query.before);
  return withCounts(db, await select.execute());
}

/** Subjects in order of their names; keyset paged by `after`. */
export async function listSubjects(
  db: Db,
  query: {
    readonly approval_id: string;
    readonly verdict?: Verdict;
    readonly after?: string;
    readonly limit: number;
  },
): Promise<Subject[]> {
  let select = db
    .selectFrom('approval_subjects')
    .selectAll()
    .where('approval_id', '=', query.approval_id)
    .orderBy('subject')
    .limit(query.limit);
  if (query.verdict !== undefined) select = select.where('verdict', '=', query.verdict);
  if (query.after !== undefined) select = select.where('subject', '>', query.after);
  return (await select.execute()).map(asSubject);
}

/** Subjects by their names, in the same order. */
export async function subjectsNamed(
  db: Db,
  approval_id: string,
  names: readonly string[],
): Promise<Subject[]> {
  const found = new Map<string, Subject>();
  for (const some of batches(names)) {
    const rows = await db
      .selectFrom('approval_subjects')
      .selectAll()
      .where('approval_id', '=', approval_id)
      .where('subject', 'in', some)
      .execute();
    for (const row of rows) found.set(row.subject, asSubject(row));
  }
  return names.flatMap((name) => found.get(name) ?? []);
}

const asSubject = (r: ApprovalSubjectsTable): Subject => ({
  subject: r.subject,
  circuit_id: r.circuit_id,
  verdict: Verdict.parse(r.verdict),
  detail: JSON.parse(r.detail) as Record<string, unknown>,
});

/** Every subject that a stage of a run ever asked about, newest request last: what it was bound to, and the verdict. */
export async function verdictsOf(
  db: Db,
  run_id: string,
  stage: string,
): Promise<readonly { subject: string; binding: string; verdict: Verdict; status: ApprovalStatus }[]> {
  const rows = await db
    .selectFrom('approval_subjects')
    .innerJoin('approvals', 'approvals.id', 'approval_subjects.approval_id')
    .select(['approval_subjects.subject', 'binding', 'verdict', 'approvals.status'])
    .where('approvals.run_id', '=', run_id)
    .where('approvals.stage', '=', stage)
    .orderBy('approvals.id')
    .orderBy('approval_subjects.subject')
    .execute();
  return rows.map((r) => ({
    subject: r.subject,
    binding: r.binding,
    verdict: Verdict.parse(r.verdict),
    status: ApprovalStatus.parse(r.status),
  }));
}

/** Changes whenever somebody says something at a stage, or a request of it opens or closes. */
export async function requestMarks(
  db: Db,
  run_id: string,
  stage: string,
): Promise<readonly (readonly [id: string, status: string, votes: number])[]> {
  const rows = await db
    .selectFrom('approvals')
    .leftJoin('approval_votes', 'approval_votes.approval_id', 'approvals.id')
    .select((e) => [
      'approvals.id',
      'approvals.status',
      e.fn.count<number>('approval_votes.voter').as('votes'),
    ])
    .where('approvals.run_id', '=', run_id)
    .where('approvals.stage', '=', stage)
    .groupBy(['approvals.id', 'approvals.status'])
    .orderBy('approvals.id')
    .execute();
  return rows.map((r) => [r.id, r.status, Number(r.votes)]);
}

/** All subjects with a verdict, whatever their number. */
export async function subjectsWith(db: Db, approval_id: string, verdict: Verdict): Promise<string[]> {
  const rows = await db
    .selectFrom('approval_subjects')
    .select('subject')
    .where('approval_id', '=', approval_id)
    .where('verdict', '=', verdict)
    .orderBy('subject')
    .execute();
  return rows.map((r) => r.subject);
}

async function withCounts(db: Db, rows: readonly ApprovalsTable[]): Promise<Approval[]> {
  if (rows.length === 0) return [];
  const counted = await db
    .selectFrom('approval_subjects')
    .select((e) => ['approval_id', 'verdict', e.fn.countAll<number>().as('n')])
    .where(
      'approval_id',
      'in',
      rows.map((r) => r.id),
    )
    .groupBy(['approval_id', 'verdict'])
    .execute();
  return rows.map((row) => {
    const counts = { ...NO_COUNTS };
    for (const c of counted) if (c.approval_id === row.id) counts[Verdict.parse(c.verdict)] = Number(c.n);
    return {
      id: row.id,
      run_id: row.run_id,
      stage: row.stage,
      gate: row.gate,
      status: ApprovalStatus.parse(row.status),
      title: row.title,
      requested_by: row.requested_by,
      required: row.required,
      approvers: Names.parse(JSON.parse(row.approvers)),
      requester_may_approve: row.requester_may_approve === 1,
      on_expiry: row.on_expiry === 'skip' ? 'skip' : 'hold',
      created_at: row.created_at,
      expires_at: row.expires_at,
      closed_at: row.closed_at,
      remind_every_s: row.remind_every_s,
      reminded_at: row.reminded_at,
      subject_digest: row.subject_digest,
      context: JSON.parse(row.context) as Record<string, unknown>,
      counts,
    };
  });
}
