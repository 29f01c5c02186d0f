import { markShared } from '../../assets/index.ts';
import { closeApproval, subjectsWith } from '../../gates/index.ts';
import { toIso } from '../../kernel/clock.ts';
import { appendEvents } from '../../store/index.ts';
import type { StageContext, StageOutcome } from '../pipeline.ts';
import { askGate, deadlineOf } from './gate.ts';
import { trainParams } from './params.ts';

/** What was approved in a rehearsal, which shares nothing. */
export async function approvedInRehearsal(
  context: Pick<StageContext, 'db' | 'run'>,
): Promise<ReadonlySet<string>> {
  if (context.run.rehearsal === 0) return new Set();
  const rows = await context.db
    .selectFrom('approval_subjects')
    .innerJoin('approvals', 'approvals.id', 'approval_subjects.approval_id')
    .select('approval_subjects.subject')
    .where('approvals.run_id', '=', context.run.id)
    .where('approvals.stage', '=', 'PromoteEnvironment')
    .where('approval_subjects.verdict', '=', 'approve')
    .execute();
  return new Set(rows.map((row) => row.subject));
}

/** Environments of this run that are not in the shared registry yet and that nobody rejected. */
export async function unsharedEnvironments(
  context: Pick<StageContext, 'db' | 'run'>,
): Promise<{ name: string; version: string }[]> {
  const unshared: { name: string; version: string }[] = [];
  const rehearsed = await approvedInRehearsal(context);
  for (const e of trainParams(context.run).environments) {
    const row = await context.db
      .selectFrom('assets')
      .select('shared_at')
      .where('kind', '=', 'environment')
      .where('name', '=', e.name)
      .where('version', '=', e.version)
      .executeTakeFirst();
    const subject = `${e.name}:${e.version}`;
    if (row?.shared_at != null || rehearsed.has(subject) || (await wasRejected(context, subject))) continue;
    unshared.push({ name: e.name, version: e.version });
  }
  return unshared;
}

/** A rejection holds from then on; one in a rehearsal within it. */
async function wasRejected(context: Pick<StageContext, 'db' | 'run'>, subject: string): Promise<boolean> {
  const row = await context.db
    .selectFrom('approval_subjects')
    .innerJoin('approvals', 'approvals.id', 'approval_subjects.approval_id')
    .innerJoin('runs', 'runs.id', 'approvals.run_id')
    .select('approvals.id')
    .where((e) => e.or([e('runs.rehearsal', '=', 0), e('runs.id', '=', context.run.id)]))
    .where('approvals.stage', '=', 'PromoteEnvironment')
    .where('approval_subjects.subject', '=', subject)
    .where('approval_subjects.verdict', '=', 'reject')
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * Shares new environments to the shared registry once somebody approves. Training does not wait for it: rejected,
 * held or expired, it blocks only the promotion of models that need the environment.
 */
export async function promoteEnvironment(context: StageContext): Promise<StageOutcome> {
  const approval = await askGate(context, {
    gate: 'registry-promotion',
    title: 'Share the environment with the other workspaces',
    subjects: async () =>
      (await unsharedEnvironments(context)).map((e) => ({
        subject: `${e.name}:${e.version}`,
        circuit_id: null,
        detail: { name: e.name, version: e.version },
      })),
  });
  const approved = await subjectsWith(context.db, approval.id, 'approve');
  await context.tx(async (tx) => {
    const shared =
      context.run.rehearsal === 1
        ? []
        : await markShared(tx, approved.map(splitSubject), toIso(context.now()));
    await appendEvents(
      tx,
      context.now(),
      shared.map((e) => ({
        type: 'environment.shared',
        run_id: context.run.id,
        stage: context.stage.name,
        message: `Environment ${e.name}:${e.version} shared`,
      })),
    );
  });
  if (approval.status === 'waiting' && (await unsharedEnvironments(context)).length === 0) {
    // Another run shared it meanwhile: nobody needs to decide here any more.
    await context.tx((tx) => closeApproval(tx, context.now(), approval.id));
    return { kind: 'skipped', reason: 'shared by another run meanwhile' };
  }
  if (approval.status === 'waiting')
    return { kind: 'wait', on: 'approval', until: deadlineOf(approval), reason: approval.title };
  const { approve, hold, reject, pending } = approval.counts;
  const counts = {
    [context.run.rehearsal === 1 ? 'approved' : 'shared']: approve,
    held: hold + pending,
    rejected: reject,
  };
  if (approve === 0)
    return {
      kind: 'skipped',
      reason: approval.status === 'expired' ? 'nobody decided in time' : reject > 0 ? 'rejected' : 'held',
    };
  return { kind: 'done', counts };
}

function splitSubject(subject: string): { kind: 'environment'; name: string; version: string } {
  const colon = subject.lastIndexOf(':');
  return { kind: 'environment', name: subject.slice(0, colon), version: subject.slice(colon + 1) };
}
