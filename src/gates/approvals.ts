import { z } from 'zod';
import { fromIso, toIso } from '../kernel/clock.ts';
import { canonicalJson, sha256 } from '../kernel/digest.ts';
import { ConflictError, NotFoundError, TrainyardError } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { nearest } from '../kernel/suggest.ts';
import { appendEvents, batches } from '../store/index.ts';
import type { ApprovalSubjectsTable, ApprovalsTable, Db, Tx } from '../store/index.ts';
import { ApprovalStatus, Verdict } from './types.ts';
import type { Actor, Approval, GateConfig, NewSubject, Subject } from './types.ts';

const NO_COUNTS: Record<Verdict, number> = { pending: 0, approve: 0, hold: 0, reject: 0 };
const Names = z.array(z.string());

/** What a request is bound to, as text that can be compared. */
export const bindingText = (subject: Pick<NewSubject, 'binding'>): string => canonicalJson(subject.binding);

/**
 * Opens a request for verdicts, or returns the one that is open for the very same subjects: an approval is bound to
 * what it showed. Idempotent per run, stage and subjects while it is open.
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
    readonly context?: Readonly<Record<string, unknown>>;
  },
): Promise<Approval> {
  const digest = sha256(canonicalJson(request.subjects.map((s) => [s.subject, s.binding])));
  const known = await tx
    .selectFrom('approvals')
    .select('id')
    .where('run_id', '=', request.run_id)
    .where('stage', '=', request.stage)
    .where('subject_digest', '=', digest)
    .where('status', '=', 'waiting')
    .executeTakeFirst();
  if (known !== undefined) return getApproval(tx, known.id);
  const id = newId('apr', now);
  const { config } = request;
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
      required: config.required,
      approvers: JSON.stringify(config.approvers),
      requester_may_approve: config.requester_may_approve ? 1 : 0,
      on_expiry: config.on_expiry,
      created_at: toIso(now),
      expires_at: toIso(now + config.expires_s * 1000),
      closed_at: null,
      remind_every_s: config.remind_every_s,
      reminded_at: null,
      context: JSON.stringify(request.context ?? {}),
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
          binding: bindingText(s),
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
      data: {
        approval_id: id,
        gate: request.gate,
        subjects: request.subjects.length,
        subject_digest: digest,
        required: config.required,
        approvers: config.approvers,
        expires_at: toIso(now + config.expires_s * 1000),
      },
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

/** Closes a request whose recorded deadline has passed, whoever looks first. Returns it as it is now. */
export async function expireIfDue(tx: Tx, now: number, approval: Approval): Promise<Approval> {
  if (approval.status !== 'waiting' || now < fromIso(approval.expires_at)) return approval;
  await tx
    .updateTable('approvals')
    .set({ status: 'expired', closed_at: approval.expires_at })
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

/** Reminds of a request that has waited for as long as its gate says; at most one reminder for any time missed. */
export async function remindIfDue(tx: Tx, now: number, approval: Approval): Promise<Approval> {
  if (approval.status !== 'waiting' || now < nextReminder(approval)) return approval;
  await tx
    .updateTable('approvals')
    .set({ reminded_at: toIso(now) })
    .where('id', '=', approval.id)
    .execute();
  const { pending } = approval.counts;
  await appendEvents(tx, now, [
    {
      type: 'approval.reminder',
      severity: 'warning',
      run_id: approval.run_id,
      stage: approval.stage,
      message: `Still waiting: "${approval.title}" (${pending} open, until ${approval.expires_at.slice(0, 16).replace('T', ' ')} UTC): trainyard approve ${approval.id}`,
      data: { approval_id: approval.id, gate: approval.gate, open: pending, expires_at: approval.expires_at },
    },
  ]);
  return { ...approval, reminded_at: toIso(now) };
}

/** When to remind next, in milliseconds; infinity: never. */
export function nextReminder(
  approval: Pick<Approval, 'remind_every_s' | 'reminded_at' | 'created_at' | 'expires_at'>,
): number {
  if (approval.remind_every_s === null) return Number.POSITIVE_INFINITY;
  const next = fromIso(approval.reminded_at ?? approval.created_at) + approval.remind_every_s * 1000;
  return next < fromIso(approval.expires_at) ? next : Number.POSITIVE_INFINITY;
}

/** Takes requests back: there is nothing left to decide, or something else to decide than what they show. */
export async function closeApprovals(
  tx: Tx,
  now: number,
  which: { readonly run_id: string; readonly stage?: string; readonly id?: string },
  status: 'canceled' | 'superseded',
): Promise<void> {
  let update = tx
    .updateTable('approvals')
    .set({ status, closed_at: toIso(now) })
    .where('run_id', '=', which.run_id)
    .where('status', '=', 'waiting');
  if (which.stage !== undefined) update = update.where('stage', '=', which.stage);
  if (which.id !== undefined) update = update.where('id', '=', which.id);
  const closed = await update.returning(['id', 'gate', 'title', 'stage']).execute();
  await appendEvents(
    tx,
    now,
    closed.map((c) => ({
      type: `approval.${status}`,
      run_id: which.run_id,
      stage: c.stage,
      message:
        status === 'canceled'
          ? `"${c.title}" needs no decision any more`
          : `"${c.title}" has changed and is asked again`,
      data: { approval_id: c.id, gate: c.gate },
    })),
  );
}

/**
 * Asks again what nobody decided in time, and what was held, also of a request that was superseded since. Approved and
 * rejected subjects keep their verdicts, in whichever request of the stage they were given.
 * @throws ConflictError where nothing is left to ask, or another request of the stage is open
 */
export async function reopenApproval(
  tx: Tx,
  now: number,
  id: string,
  by: { readonly actor: Actor; readonly expires_s: number; readonly comment: string | null },
): Promise<Approval> {
  const approval = await getApproval(tx, id);
  const nothing = (why: string, hint: string): never => {
    throw new ConflictError(`The request "${approval.title}" ${why}.`, { hint });
  };
  if (approval.status === 'waiting')
    return nothing(
      'is waiting; there is nothing in it to ask again',
      `It is open: trainyard approve ${approval.id}`,
    );
  const other = await openAt(tx, approval);
  if (other !== null)
    return nothing(
      'is followed by another one that is open',
      `Decide that one first: trainyard approvals show ${other}`,
    );
  const again = await undecidedOf(tx, approval);
  if (again.length === 0)
    return nothing(
      `is ${approval.status}; there is nothing in it to ask again`,
      'Only what expired or was held, and was not decided since, can be asked again.',
    );
  await tx
    .updateTable('approvals')
    .set({
      status: 'waiting',
      closed_at: null,
      expires_at: toIso(now + by.expires_s * 1000),
      reminded_at: toIso(now),
    })
    .where('id', '=', approval.id)
    .execute();
  // Everything else in it is settled elsewhere by now.
  await tx
    .updateTable('approval_subjects')
    .set({ verdict: 'hold' })
    .where('approval_id', '=', approval.id)
    .where('verdict', '=', 'pending')
    .execute();
  for (const some of batches(again))
    await tx
      .updateTable('approval_subjects')
      .set({ verdict: 'pending' })
      .where('approval_id', '=', approval.id)
      .where('subject', 'in', some)
      .execute();
  // What was said before was said of another time: it counts no more.
  await tx
    .updateTable('approval_votes')
    .set({ counts: 0 })
    .where('approval_id', '=', approval.id)
    .where('verdict', '=', 'approve')
    .execute();
  await appendEvents(tx, now, [
    {
      type: 'approval.reopened',
      severity: 'warning',
      run_id: approval.run_id,
      stage: approval.stage,
      actor: by.actor,
      message: `${by.actor.name} reopened "${approval.title}"${by.comment === null ? '' : `: ${by.comment}`}`,
      data: { approval_id: approval.id, gate: approval.gate, open: again.length, comment: by.comment },
    },
  ]);
  return getApproval(tx, approval.id);
}

async function openAt(tx: Tx, { run_id, stage }: Approval): Promise<string | null> {
  const row = await tx
    .selectFrom('approvals')
    .select('id')
    .where('run_id', '=', run_id)
    .where('stage', '=', stage)
    .where('status', '=', 'waiting')
    .limit(1)
    .executeTakeFirst();
  return row?.id ?? null;
}

/** Subjects of a request that were held or never decided, and that no other request of the stage decided since. */
async function undecidedOf(tx: Tx, approval: Approval): Promise<string[]> {
  const own = await tx
    .selectFrom('approval_subjects')
    .select(['subject', 'binding', 'verdict'])
    .where('approval_id', '=', approval.id)
    .orderBy('subject')
    .execute();
  const settled = new Set(
    (await verdictsOf(tx, approval.run_id, approval.stage))
      .filter((v) => v.verdict === 'approve' || v.verdict === 'reject')
      .map((v) => `${v.subject}\n${v.binding}`),
  );
  // What a superseded request had open is asked in the one that followed it.
  const open = approval.status === 'superseded' ? ['hold'] : ['hold', 'pending'];
  return own
    .filter((s) => open.includes(s.verdict) && !settled.has(`${s.subject}\n${s.binding}`))
    .map((s) => s.subject);
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
