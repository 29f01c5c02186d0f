import { z } from 'zod';
import { fromIso, toIso } from '../kernel/clock.ts';
import { canonicalJson, sha256 } from '../kernel/digest.ts';
import { NotFoundError, TrainyardError } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { nearest } from '../kernel/suggest.ts';
import { appendEvents, batches } from '../store/index.ts';
import type { ApprovalsTable, Db, Tx } from '../store/index.ts';
import { ApprovalStatus, Verdict } from './types.ts';
import type { Approval, GateConfig, NewSubject, Subject } from './types.ts';

const NO_COUNTS: Record<Verdict, number> = { pending: 0, approve: 0, hold: 0, reject: 0 };
const Names = z.array(z.string());

/**
 * Opens a request for verdicts, or returns the one that is open for the very same subjects: an approval is bound to
 * what it showed. Idempotent per run, stage and subjects.
 */
export async function openApproval(
  tx: Tx,
  now: number,
  request: {
    readonly run_id: string;
    readonly stage: string;
    readonly gate: string;
    readonly config: GateConfig;
    readonly title: string;
    readonly requested_by: string;
    readonly subjects: readonly NewSubject[];
  },
): Promise<Approval> {
  const digest = sha256(canonicalJson(request.subjects.map((s) => [s.subject, s.detail])));
  const known = await tx
    .selectFrom('approvals')
    .select('id')
    .where('run_id', '=', request.run_id)
    .where('stage', '=', request.stage)
    .where('subject_digest', '=', digest)
    .executeTakeFirst();
  if (known !== undefined) return getApproval(tx, known.id);
  const id = newId('apr', now);
  await tx
    .insertInto('approvals')
    .values({
      id,
      run_id: request.run_id,
      stage: request.stage,
      gate: request.gate,
      status: 'waiting',
      subject_digest: digest,
      title: request.title,
      requested_by: request.requested_by,
      required: request.config.required,
      approvers: JSON.stringify(request.config.approvers),
      requester_may_approve: request.config.requester_may_approve ? 1 : 0,
      on_expiry: request.config.on_expiry,
      created_at: toIso(now),
      expires_at: toIso(now + request.config.expires_s * 1000),
      closed_at: null,
    })
    .execute();
  for (const some of batches(request.subjects)) {
    await tx
      .insertInto('approval_subjects')
      .values(
        some.map((s) => ({
          approval_id: id,
          subject: s.subject,
          circuit_id: s.circuit_id,
          verdict: 'pending',
          detail: JSON.stringify(
            s.held_because == null ? s.detail : { ...s.detail, held_because: s.held_because },
          ),
        })),
      )
      .execute();
  }
  await appendEvents(tx, now, [
    {
      type: 'approval.requested',
      severity: 'warning',
      run_id: request.run_id,
      stage: request.stage,
      message: `${request.title} (gate ${request.gate}): trainyard approve ${id}`,
      data: { approval_id: id, gate: request.gate, subjects: request.subjects.length },
    },
  ]);
  return getApproval(tx, id);
}

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

/** Newest first; keyset paged by `before` (an id). */
export async function listApprovals(
  db: Db,
  query: {
    readonly status?: ApprovalStatus;
    readonly run_id?: string;
    readonly before?: string;
    readonly limit: number;
  },
): Promise<Approval[]> {
  let select = db.selectFrom('approvals').selectAll().orderBy('id', 'desc').limit(query.limit);
  if (query.status !== undefined) select = select.where('status', '=', query.status);
  if (query.run_id !== undefined) select = select.where('run_id', '=', query.run_id);
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
  const rows = await select.execute();
  return rows.map((r) => ({
    subject: r.subject,
    circuit_id: r.circuit_id,
    verdict: Verdict.parse(r.verdict),
    detail: JSON.parse(r.detail) as Record<string, unknown>,
  }));
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

/** Closes a request whose recorded deadline has passed, whoever looks first. Returns it as it is now. */
export async function expireIfDue(tx: Tx, now: number, approval: Approval): Promise<Approval> {
  if (approval.status !== 'waiting' || now < fromIso(approval.expires_at)) return approval;
  await tx
    .updateTable('approvals')
    .set({ status: 'expired', closed_at: toIso(now) })
    .where('id', '=', approval.id)
    .where('status', '=', 'waiting')
    .execute();
  await appendEvents(tx, now, [
    {
      type: 'approval.expired',
      severity: 'warning',
      run_id: approval.run_id,
      stage: approval.stage,
      message: `Nobody decided on "${approval.title}" in time: ${approval.on_expiry === 'skip' ? 'skipped' : 'held'}.`,
      data: { approval_id: approval.id, gate: approval.gate, on_expiry: approval.on_expiry },
    },
  ]);
  return getApproval(tx, approval.id);
}

/** Takes one request back: there is nothing left to decide. */
export async function closeApproval(tx: Tx, now: number, id: string): Promise<void> {
  await tx
    .updateTable('approvals')
    .set({ status: 'canceled', closed_at: toIso(now) })
    .where('id', '=', id)
    .where('status', '=', 'waiting')
    .execute();
}

/** Takes a request back, for example because its run was canceled. */
export async function cancelApprovals(tx: Tx, now: number, run_id: string): Promise<void> {
  await tx
    .updateTable('approvals')
    .set({ status: 'canceled', closed_at: toIso(now) })
    .where('run_id', '=', run_id)
    .where('status', '=', 'waiting')
    .execute();
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
      counts,
    };
  });
}
