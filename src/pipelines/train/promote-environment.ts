import { markShared } from '../../assets/index.ts';
import { closeApproval, subjectsWith } from '../../gates/index.ts';
import { fromIso, toIso } from '../../kernel/clock.ts';
import { appendEvents } from '../../store/index.ts';
import type { Tx } from '../../store/index.ts';
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
  const outcome = await decide(context);
  // Others may be waiting for what was asked here.
  if (outcome.kind !== 'wait') await context.tx((tx) => wakeWaiting(tx, context));
  return outcome;
}

async function decide(context: StageContext): Promise<StageOutcome> {
  const elsewhere = await askedElsewhere(context);
  if (elsewhere !== null)
    return {
      kind: 'wait',
      on: 'approval',
      until: fromIso(elsewhere.expires_at),
      reason: `run ${elsewhere.run_number} asks already: trainyard approve ${elsewhere.id}`,
    };
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

/**
 * An open request of another run that asks about every environment this one would ask about: one question is enough.
 * Null also where this run has asked before.
 */
async function askedElsewhere(
  context: StageContext,
): Promise<{ id: string; run_number: number; expires_at: string } | null> {
  const { approved_gates } = trainParams(context.run);
  const inAdvance = approved_gates.includes('registry-promotion') || approved_gates.includes('all');
  if (context.run.rehearsal === 1 || inAdvance) return null;
  const unshared = await unsharedEnvironments(context);
  if (unshared.length === 0) return null;
  const mine = await context.db
    .selectFrom('approvals')
    .select('id')
    .where('run_id', '=', context.run.id)
    .where('stage', '=', context.stage.name)
    .executeTakeFirst();
  if (mine !== undefined) return null;
  const rows = await context.db
    .selectFrom('approvals')
    .innerJoin('runs', 'runs.id', 'approvals.run_id')
    .innerJoin('approval_subjects', 'approval_subjects.approval_id', 'approvals.id')
    .select(['approvals.id', 'approvals.expires_at', 'runs.number', 'approval_subjects.subject'])
    .where('approvals.stage', '=', context.stage.name)
    .where('approvals.status', '=', 'waiting')
    .where('approvals.expires_at', '>', toIso(context.now()))
    .where('approval_subjects.verdict', '=', 'pending')
    .where('runs.ended_at', 'is', null)
    .where('runs.rehearsal', '=', 0)
    .where('runs.id', '!=', context.run.id)
    .execute();
  const by_request = Map.groupBy(rows, (row) => row.id);
  for (const [id, subjects] of by_request) {
    const asked = new Set(subjects.map((row) => row.subject));
    const [first] = subjects;
    if (first !== undefined && unshared.every((e) => asked.has(`${e.name}:${e.version}`)))
      return { id, run_number: first.number, expires_at: first.expires_at };
  }
  return null;
}

/** Runs whose stage waits for a request of another run look again. */
async function wakeWaiting(tx: Tx, { run, stage, now }: StageContext): Promise<void> {
  await tx
    .updateTable('runs')
    .set({ due_at: toIso(now()) })
    .where('ended_at', 'is', null)
    .where('id', '!=', run.id)
    .where('id', 'in', (e) =>
      e.selectFrom('stages').select('run_id').where('name', '=', stage.name).where('status', '=', 'waiting'),
    )
    .execute();
}

function splitSubject(subject: string): { kind: 'environment'; name: string; version: string } {
  const colon = subject.lastIndexOf(':');
  return { kind: 'environment', name: subject.slice(0, colon), version: subject.slice(colon + 1) };
}
