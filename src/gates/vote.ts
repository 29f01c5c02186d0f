import { sql } from 'kysely';
import { z } from 'zod';
import { isToken } from '../kernel/actor.ts';
import { toIso } from '../kernel/clock.ts';
import { NotAllowedError, TrainyardError, UsageError } from '../kernel/errors.ts';
import { nearest } from '../kernel/suggest.ts';
import { appendEvents, batches } from '../store/index.ts';
import type { Tx } from '../store/index.ts';
import { expireIfDue } from './approvals.ts';
import { getApproval } from './read-approvals.ts';
import type { Actor, Approval, ApprovalStatus, GateRules, Verdict } from './types.ts';

const Names = z.array(z.string());

/**
 * Records one person's verdict on some or all open subjects, in the caller's transaction. A subject is approved once
 * the required number of different people said so; one rejection or hold is enough for those verdicts. Saying the
 * same thing twice changes nothing.
 *
 * Approving everything at once leaves out what a quality gate holds back; naming such a subject with a comment lets
 * it through, on record.
 *
 * @throws NotAllowedError when the person is no approver or asked for it themselves where that is forbidden
 * @throws TrainyardError (approval_refused) when the request is over
 */
export async function vote(
  tx: Tx,
  now: number,
  cast: {
    readonly approval_id: string;
    readonly actor: Actor;
    readonly verdict: Exclude<Verdict, 'pending'>;
    readonly comment: string | null;
    /** Null: all that are open. */
    readonly subjects: readonly string[] | null;
    readonly rules: GateRules;
  },
): Promise<Approval> {
  // Blanks are no reason to let something through.
  const ballot = { ...cast, comment: cast.comment?.trim() === '' ? null : cast.comment };
  const approval = await expireIfDue(tx, now, await getApproval(tx, ballot.approval_id));
  if (approval.status === 'decided' && ballot.subjects === null)
    return decidedAlready(approval, ballot.verdict);
  refuseIfOver(approval);
  await refuseIfRunIsOver(tx, approval);
  const refusal = mayNotVote(approval, ballot.actor, ballot.rules);
  if (refusal !== null) throw refusal;
  await checkSubjects(tx, approval, ballot);

  await tx
    .insertInto('approval_votes')
    .values({
      approval_id: approval.id,
      voter: ballot.actor.name,
      identity: ballot.actor.identity,
      verdict: ballot.verdict,
      comment: ballot.comment,
      subjects: ballot.subjects === null ? null : JSON.stringify(ballot.subjects),
      voted_at: toIso(now),
    })
    .execute();
  await apply(tx, approval, ballot);
  const after = await getApproval(tx, approval.id);
  const decided = after.counts.pending === 0;
  if (decided) {
    await tx
      .updateTable('approvals')
      .set({ status: 'decided', closed_at: toIso(now) })
      .where('id', '=', approval.id)
      .execute();
  }
  await appendEvents(tx, now, [
    {
      type: decided ? 'approval.decided' : 'approval.voted',
      actor: ballot.actor,
      run_id: approval.run_id,
      stage: approval.stage,
      message: `${ballot.actor.name} said ${ballot.verdict} to ${ballot.subjects === null ? '' : `${ballot.subjects.length} of `}"${approval.title}"${ballot.comment === null ? '' : `: ${ballot.comment}`}`,
      data: {
        approval_id: approval.id,
        gate: approval.gate,
        verdict: ballot.verdict,
        voter: ballot.actor.name,
        identity: ballot.actor.identity,
        subjects: ballot.subjects,
        subject_digest: approval.subject_digest,
        comment: ballot.comment,
        counts: after.counts,
      },
    },
  ]);
  return decided ? getApproval(tx, approval.id) : after;
}

async function apply(
  tx: Tx,
  approval: Approval,
  ballot: {
    readonly verdict: Exclude<Verdict, 'pending'>;
    readonly comment: string | null;
    readonly subjects: readonly string[] | null;
  },
): Promise<void> {
  const pending = tx
    .updateTable('approval_subjects')
    .where('approval_id', '=', approval.id)
    .where('verdict', '=', 'pending');
  if (ballot.verdict !== 'approve') {
    if (ballot.subjects === null) await pending.set({ verdict: ballot.verdict }).execute();
    else
      for (const some of batches(ballot.subjects))
        await tx
          .updateTable('approval_subjects')
          .set({ verdict: ballot.verdict })
          .where('approval_id', '=', approval.id)
          .where('subject', 'in', some)
          .where('verdict', 'in', ['pending', 'hold'])
          .execute();
    return;
  }
  if (ballot.subjects === null) {
    await pending.set({ verdict: 'hold' }).where(HELD_BACK).execute();
    const yes = await approvers(tx, approval.id);
    if (yes.of_all.size >= approval.required) await pending.set({ verdict: 'approve' }).execute();
    else
      for (const some of batches([...yes.by_name.keys()].filter((s) => yes.of(s).size >= approval.required)))
        await pending.set({ verdict: 'approve' }).where('subject', 'in', some).execute();
    return;
  }
  const heldBack = await heldBackOf(tx, approval.id, ballot.subjects);
  if (ballot.comment === null && heldBack.size > 0) {
    throw new NotAllowedError(`A quality gate holds back ${[...heldBack].slice(0, 5).join(', ')}.`, {
      hint: 'Approve it with a reason: --comment "why this model may go on".',
    });
  }
  const yes = await approvers(tx, approval.id);
  // A yes to everything left out what is held back, so there only those count who named it.
  const ready = ballot.subjects.filter(
    (s) => (heldBack.has(s) ? (yes.by_name.get(s)?.size ?? 0) : yes.of(s).size) >= approval.required,
  );
  for (const some of batches(ready)) {
    await tx
      .updateTable('approval_subjects')
      .set({ verdict: 'approve' })
      .where('approval_id', '=', approval.id)
      .where('subject', 'in', some)
      .where('verdict', 'in', ['pending', 'hold'])
      .execute();
  }
}

const HELD_BACK = sql<boolean>`instr(detail, '"held_because":') > 0`;

async function heldBackOf(tx: Tx, approval_id: string, subjects: readonly string[]): Promise<Set<string>> {
  const held = new Set<string>();
  for (const some of batches(subjects)) {
    const rows = await tx
      .selectFrom('approval_subjects')
      .select('subject')
      .where('approval_id', '=', approval_id)
      .where('subject', 'in', some)
      .where(HELD_BACK)
      .execute();
    for (const row of rows) held.add(row.subject);
  }
  return held;
}

interface Approvers {
  /** Who approved everything. */
  readonly of_all: ReadonlySet<string>;
  readonly by_name: ReadonlyMap<string, ReadonlySet<string>>;
  /** Who approved this subject, either way. */
  of(subject: string): ReadonlySet<string>;
}

/** Who has said yes, in the order of the votes: whoever holds something sets its count back, whoever had said yes by then. */
async function approvers(tx: Tx, approval_id: string): Promise<Approvers> {
  const votes = await tx
    .selectFrom('approval_votes')
    .select(['voter', 'verdict', 'subjects'])
    .where('approval_id', '=', approval_id)
    .where('verdict', 'in', ['approve', 'hold'])
    .where('counts', '=', 1)
    .orderBy(sql`rowid`)
    .execute();
  const ofAll = new Set<string>();
  const byName = new Map<string, Set<string>>();
  const held = new Set<string>();
  for (const { voter, verdict, subjects } of votes) {
    const who = voter.toLowerCase();
    const names = subjects === null ? null : Names.parse(JSON.parse(subjects));
    if (verdict === 'approve') {
      if (names === null) ofAll.add(who);
      else for (const name of names) byName.set(name, (byName.get(name) ?? new Set<string>()).add(who));
    } else if (names === null) {
      ofAll.clear();
      byName.clear();
    } else
      for (const name of names) {
        byName.delete(name);
        held.add(name);
      }
  }
  const named = (subject: string): ReadonlySet<string> => byName.get(subject) ?? new Set();
  return {
    of_all: ofAll,
    by_name: byName,
    // What is held is not open, so that no yes to everything is about it.
    of: (subject) => (held.has(subject) ? named(subject) : ofAll.union(named(subject))),
  };
}

const OVER_HINT: Readonly<Record<ApprovalStatus, (approval: Approval) => string>> = {
  waiting: ({ id }) => `Decide with \`trainyard approve ${id}\`.`,
  decided: ({ id }) => `See who said what with \`trainyard approvals show ${id}\`.`,
  expired: ({ id }) => `Ask again with \`trainyard approvals reopen ${id}\`.`,
  // A run that was canceled trains nothing any more.
  canceled: ({ id, stage }) =>
    `Its run or stage was canceled, or it was settled otherwise. ${
      stage === 'RetryFailedTraining'
        ? 'What is still owed is offered by a new run: `trainyard run`.'
        : `Ask again with \`trainyard approvals reopen ${id}\`.`
    }`,
  superseded: () => 'What it showed has changed; see what is asked now with `trainyard approvals`.',
};

function refuseIfOver(approval: Approval): void {
  if (approval.status === 'waiting' || approval.status === 'decided') return;
  throw new TrainyardError(
    'approval_refused',
    `The request "${approval.title}" is ${approval.status} since ${approval.closed_at}.`,
    {
      hint: OVER_HINT[approval.status](approval),
    },
  );
}

/** Saying the same again is harmless; another verdict comes too late, and must not look as if it counted. */
function decidedAlready(approval: Approval, verdict: Exclude<Verdict, 'pending'>): Approval {
  const { counts } = approval;
  const total = counts.approve + counts.hold + counts.reject;
  if (counts[verdict] === total || (verdict === 'approve' && counts.reject === 0)) return approval;
  throw new TrainyardError(
    'approval_refused',
    `"${approval.title}" was decided ${approval.closed_at ?? 'before'}: ${counts.approve} approved, ${counts.hold} held, ${counts.reject} rejected.`,
    {
      hint:
        approval.stage === 'PromoteModels' && counts.approve > 0 && verdict !== 'approve'
          ? 'A model that should not be used is taken back with `trainyard models withdraw`.'
          : `See who said what with \`trainyard approvals show ${approval.id}\`.`,
    },
  );
}

/** A verdict on a run that is over would change nothing, and must not look as if it did. */
async function refuseIfRunIsOver(tx: Tx, approval: Approval): Promise<void> {
  const run = await tx
    .selectFrom('runs')
    .select(['number', 'status', 'ended_at'])
    .where('id', '=', approval.run_id)
    .executeTakeFirst();
  if (run?.ended_at == null) return;
  const stalled = await tx
    .selectFrom('stages')
    .select('name')
    .where('run_id', '=', approval.run_id)
    .where(sql<boolean>`instr(state, '"stalled":true') > 0`)
    .executeTakeFirst();
  throw new TrainyardError(
    'approval_refused',
    `Run ${run.number} is over (${run.status}); a verdict on "${approval.title}" changes nothing any more.`,
    {
      hint:
        stalled !== undefined
          ? `Take the run up first: \`trainyard run --resume ${run.number}\`.`
          : approval.counts.hold + approval.counts.pending > 0
            ? `What was held or never decided is asked again with \`trainyard approvals reopen ${approval.id}\`.`
            : approval.stage === 'PromoteModels'
              ? 'A model in use is taken back with `trainyard models withdraw`.'
              : `See who said what with \`trainyard approvals show ${approval.id}\`.`,
    },
  );
}

/** Why a person may not decide at this gate, or null. */
export function mayNotVote(
  approval: Pick<Approval, 'gate' | 'approvers' | 'requester_may_approve' | 'requested_by'>,
  actor: Actor,
  { verified, groups }: GateRules,
): NotAllowedError | null {
  if (verified && actor.identity !== 'verified') {
    return new NotAllowedError(
      `Gate ${approval.gate} accepts signed-in people only; ${actor.name} is a name typed on a command line.`,
      {
        hint: 'Decide in the web UI after signing in.',
      },
    );
  }
  if (verified && isToken(actor)) {
    return new NotAllowedError(
      `Gate ${approval.gate} accepts signed-in people only; ${actor.name} is an API token.`,
      { hint: 'Decide in the web UI after signing in in person.' },
    );
  }
  const allowed = peopleOf(approval.approvers, groups);
  if (allowed !== null && !allowed.has(actor.name.toLowerCase())) {
    return new NotAllowedError(`${actor.name} is not an approver of gate ${approval.gate}.`, {
      hint: `Approvers are ${approval.approvers.join(', ')}. You act as \`git config user.email\`, else as the login name.`,
    });
  }
  if (!approval.requester_may_approve && actor.name.toLowerCase() === approval.requested_by.toLowerCase()) {
    return new NotAllowedError(
      `${actor.name} asked for this; gate ${approval.gate} wants somebody else to decide.`,
      {
        hint: 'Ask a second person.',
      },
    );
  }
  return null;
}

/** Everybody an approver list stands for, in lower case; null: anyone. A group that is gone stands for nobody. */
export function peopleOf(
  approvers: readonly string[],
  groups: GateRules['groups'],
): ReadonlySet<string> | null {
  if (approvers.length === 0) return null;
  const people = approvers.flatMap((a) => (a.startsWith('@') ? (groups[a.slice(1)] ?? []) : [a]));
  return new Set(people.map((p) => p.toLowerCase()));
}

/** Named subjects must be part of the request; what was approved or rejected keeps that verdict. */
async function checkSubjects(
  tx: Tx,
  approval: Approval,
  ballot: { readonly verdict: Exclude<Verdict, 'pending'>; readonly subjects: readonly string[] | null },
): Promise<void> {
  if (ballot.subjects === null) return;
  const rows = await tx
    .selectFrom('approval_subjects')
    .select(['subject', 'verdict'])
    .where('approval_id', '=', approval.id)
    .execute();
  const known = new Map(rows.map((r) => [r.subject, r.verdict]));
  const unknown = ballot.subjects.filter((s) => !known.has(s));
  if (unknown.length > 0) {
    const near = nearest(unknown[0] ?? '', known.keys());
    throw new UsageError(`Not part of this request: ${unknown.slice(0, 5).join(', ')}.`, {
      hint:
        near.length > 0
          ? `Did you mean ${near.join(', ')}?`
          : `See them with \`trainyard approvals show ${approval.id}\`.`,
    });
  }
  const settled = ballot.subjects.find(
    (s) => ['approve', 'reject'].includes(known.get(s) ?? '') && known.get(s) !== ballot.verdict,
  );
  if (settled === undefined) return;
  throw new TrainyardError(
    'approval_refused',
    `The verdict on ${settled} is ${known.get(settled)} already.`,
    {
      hint: `See who said so with \`trainyard approvals show ${approval.id}\`${
        approval.stage === 'PromoteModels' && known.get(settled) === 'approve'
          ? '; a model in use is taken back with `trainyard models withdraw`'
          : ''
      }.`,
    },
  );
}
