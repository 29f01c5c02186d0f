import { fromIso, toIso } from '../kernel/clock.ts';
import { canonicalJson, sha256 } from '../kernel/digest.ts';
import { ConflictError } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { appendEvents, batches } from '../store/index.ts';
import type { Tx } from '../store/index.ts';
import { getApproval, verdictsOf } from './read-approvals.ts';
import type { Actor, Approval, GateConfig, NewSubject } from './types.ts';

/** What a request is bound to, as text that can be compared. */
export const bindingText = (subject: Pick<NewSubject, 'binding'>): string => canonicalJson(subject.binding);

/** Over everything that a request shows and what it is bound to. */
export const subjectDigest = (subjects: readonly NewSubject[]): string =>
  sha256(canonicalJson(subjects.map((s) => [s.subject, s.binding])));

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
  const digest = subjectDigest(request.subjects);
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
    .where('verdict', 'in', ['approve', 'hold'])
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
