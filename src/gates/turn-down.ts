import { toIso } from '../kernel/clock.ts';
import { appendEvents, batches } from '../store/index.ts';
import type { Db, Tx } from '../store/index.ts';
import { getApproval } from './read-approvals.ts';
import type { Actor, GateRules } from './types.ts';
import { mayNotVote } from './vote.ts';

/** What was approved at a stage of a run, by the request that it was approved in. */
export async function approvedAt(
  db: Db,
  run_id: string,
  stage: string,
): Promise<readonly { approval_id: string; subject: string; binding: string }[]> {
  return db
    .selectFrom('approval_subjects')
    .innerJoin('approvals', 'approvals.id', 'approval_subjects.approval_id')
    .select(['approval_subjects.approval_id', 'approval_subjects.subject', 'approval_subjects.binding'])
    .where('approvals.run_id', '=', run_id)
    .where('approvals.stage', '=', stage)
    .where('approval_subjects.verdict', '=', 'approve')
    .execute();
}

/**
 * Turns down what was approved and has not begun; that is for the caller to know. On record like any other verdict.
 * @throws NotAllowedError for whoever may not decide at the gate
 */
export async function turnDown(
  tx: Tx,
  now: number,
  cast: {
    readonly approval_id: string;
    readonly actor: Actor;
    readonly subjects: readonly string[];
    readonly comment: string;
    readonly rules: GateRules;
  },
): Promise<void> {
  const { actor, subjects, comment } = cast;
  const approval = await getApproval(tx, cast.approval_id);
  const refusal = mayNotVote(approval, actor, cast.rules);
  if (refusal !== null) throw refusal;
  for (const some of batches(subjects))
    await tx
      .updateTable('approval_subjects')
      .set({ verdict: 'reject' })
      .where('approval_id', '=', approval.id)
      .where('verdict', '=', 'approve')
      .where('subject', 'in', some)
      .execute();
  const said = { verdict: 'reject', comment, identity: actor.identity, voter: actor.name };
  await tx
    .insertInto('approval_votes')
    .values({
      ...said,
      approval_id: approval.id,
      subjects: JSON.stringify(subjects),
      voted_at: toIso(now),
    })
    .execute();
  await appendEvents(tx, now, [
    {
      type: 'approval.voted',
      actor,
      run_id: approval.run_id,
      stage: approval.stage,
      message: `${actor.name} said reject to ${subjects.length} of "${approval.title}": ${comment}`,
      data: {
        ...said,
        approval_id: approval.id,
        gate: approval.gate,
        subjects,
        subject_digest: approval.subject_digest,
        counts: (await getApproval(tx, approval.id)).counts,
      },
    },
  ]);
}
