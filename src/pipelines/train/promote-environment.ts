import { markShared } from '../../assets/index.ts';
import { verdictsOf } from '../../gates/index.ts';
import { fromIso, toIso } from '../../kernel/clock.ts';
import { appendEvents } from '../../store/index.ts';
import type { Tx } from '../../store/index.ts';
import type { StageContext, StageOutcome } from '../pipeline.ts';
import { askGate } from './gate.ts';
import type { Candidate } from './gate.ts';
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
  const elsewhere = context.stage.cancel_requested_by === null ? await askedElsewhere(context) : null;
  if (elsewhere !== null)
    return {
      kind: 'wait',
      on: 'approval',
      until: elsewhere.approved ? null : fromIso(elsewhere.expires_at),
      reason: elsewhere.approved
        ? `run ${elsewhere.run_number} is about to share it`
        : `run ${elsewhere.run_number} asks already: trainyard approve ${elsewhere.id}`,
    };
  const decisions = await askGate(context, {
    gate: 'registry-promotion',
    title: () => 'Share the environment with the other workspaces',
    candidates: await candidatesOf(context),
    describe: async (asked) => ({
      subjects: asked.map((a) => {
        const { name, version } = splitSubject(a.subject);
        return { ...a, detail: { name, version } };
      }),
    }),
  });
  const approved = decisions.with('approve').map((c) => c.subject);
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
  if (decisions.waiting !== null)
    return { kind: 'wait', on: 'approval', until: decisions.until, reason: decisions.waiting.title };
  const expired = decisions.with('expired').length;
  const rejected = decisions.with('reject').length;
  const held = decisions.with('hold').length + expired;
  const counts = {
    [context.run.rehearsal === 1 ? 'approved' : 'shared']: approved.length,
    held,
    rejected,
  };
  if (approved.length > 0) return { kind: 'done', counts };
  const why = expired > 0 ? 'nobody decided in time' : rejected > 0 ? 'rejected' : 'held';
  // Another run shared it meanwhile: nobody needs to decide here any more.
  return { kind: 'skipped', reason: held + rejected > 0 ? why : 'shared by another run meanwhile' };
}

/** Environments that are still to be shared, and those that this run has asked about and got an answer for. */
async function candidatesOf(context: StageContext): Promise<Candidate[]> {
  const unshared = new Set((await unsharedEnvironments(context)).map((e) => `${e.name}:${e.version}`));
  const answered = new Set(
    (await verdictsOf(context.db, context.run.id, context.stage.name))
      .filter((v) => v.verdict !== 'pending')
      .map((v) => v.subject),
  );
  return trainParams(context.run)
    .environments.map((e) => ({
      subject: `${e.name}:${e.version}`,
      circuit_id: null,
      binding: { digest: e.digest },
    }))
    .filter((e) => unshared.has(e.subject) || answered.has(e.subject));
}

/**
 * A request of another run that asks about every environment this one would ask about, or that was approved and not
 * acted on yet: one question is enough. Null also where this run has asked before.
 */
async function askedElsewhere(
  context: StageContext,
): Promise<{ id: string; run_number: number; expires_at: string; approved: boolean } | null> {
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
    .innerJoin('stages', (join) =>
      join.onRef('stages.run_id', '=', 'runs.id').onRef('stages.name', '=', 'approvals.stage'),
    )
    .select(['approvals.id', 'approvals.expires_at', 'runs.number', 'approval_subjects.subject', 'verdict'])
    .where('approvals.stage', '=', context.stage.name)
    .where('stages.status', 'in', ['running', 'waiting'])
    .where('stages.cancel_requested_by', 'is', null)
    .where((e) =>
      e.or([
        e.and([
          e('approvals.status', '=', 'waiting'),
          e('approvals.expires_at', '>', toIso(context.now())),
          e('approval_subjects.verdict', '=', 'pending'),
        ]),
        e('approval_subjects.verdict', '=', 'approve'),
      ]),
    )
    .where('runs.ended_at', 'is', null)
    .where('runs.rehearsal', '=', 0)
    .where('runs.id', '!=', context.run.id)
    .execute();
  const by_request = Map.groupBy(rows, (row) => row.id);
  for (const [id, subjects] of by_request) {
    const asked = new Set(subjects.map((row) => row.subject));
    const [first] = subjects;
    if (first === undefined || !unshared.every((e) => asked.has(`${e.name}:${e.version}`))) continue;
    const approved = subjects.every((row) => row.verdict === 'approve');
    return { id, run_number: first.number, expires_at: first.expires_at, approved };
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
