import {
  bindingText,
  closeApprovals,
  expireIfDue,
  getApproval,
  listApprovals,
  nextReminder,
  openApproval,
  remindIfDue,
  verdictsOf,
  vote,
} from '../../gates/index.ts';
import type { Approval, GateConfig, GateRules, NewSubject } from '../../gates/index.ts';
import { fromIso } from '../../kernel/clock.ts';
import { NotAllowedError } from '../../kernel/errors.ts';
import { Identity } from '../../kernel/actor.ts';
import { appendEvents } from '../../store/index.ts';
import type { Tx } from '../../store/index.ts';
import type { StageContext, World } from '../pipeline.ts';
import { wakeRun } from '../run-store.ts';
import type { Run } from '../run-store.ts';
import { trainParams } from './params.ts';

/** Something a stage may have to ask about, and what a verdict on it is bound to. */
export type Candidate = Pick<NewSubject, 'subject' | 'circuit_id' | 'binding'>;

export interface GateRequest<C extends Candidate> {
  readonly gate: string;
  readonly title: (asked: readonly C[]) => string;
  /** Everything the stage is about as things are now, whether it was decided already or not. */
  readonly candidates: readonly C[];
  /** What is shown of those that have to be asked about. */
  readonly describe: (asked: readonly C[]) => Promise<{
    readonly subjects: readonly NewSubject[];
    readonly context?: Readonly<Record<string, unknown>>;
  }>;
}

/** `expired`: nobody decided in time; what that means stands in the gate's `on_expiry`. */
export type Standing = 'pending' | 'approve' | 'hold' | 'reject' | 'expired';

export interface Decisions<C extends Candidate> {
  /** The request that is open, or null: everything is decided. */
  readonly waiting: Approval | null;
  /** When to look at the open request again: at its deadline or for a reminder; a verdict wakes the run before. */
  readonly until: number | null;
  /** Those of the candidates that stand so, for what they are bound to now. */
  with(standing: Standing): C[];
}

/**
 * Where the verdicts of a stage stand. Asks for those that nobody has asked for yet. A verdict holds for exactly what it
 * was bound to: when something in an open request has changed, that request is superseded and asked again as it is now.
 * A stage that is being canceled asks nothing any more: what is undecided counts as held.
 */
export async function askGate<C extends Candidate>(
  context: StageContext,
  request: GateRequest<C>,
): Promise<Decisions<C>> {
  const now = new Map(request.candidates.map((c) => [`${c.subject}\n${bindingText(c)}`, c]));
  let open = await openRequest(context);
  let known = await standings(context);
  const canceling = context.stage.cancel_requested_by !== null;
  const standing = (key: string): Standing | undefined => standingOf(known, key);
  const subjects = new Set(request.candidates.map((c) => `${c.subject}\n${UNBOUND}`));
  const fresh = [...now.keys()].some((key) => standing(key) === undefined);
  const stale = [...known].some(
    ([key, stands]) => stands === 'pending' && !now.has(key) && !subjects.has(key),
  );
  if ((fresh || stale) && !canceling) {
    const undecided = [...now]
      .filter(([key]) => (standing(key) ?? 'pending') === 'pending')
      .map(([, candidate]) => candidate);
    await ask(context, request, open, undecided);
    open = await openRequest(context);
    known = await standings(context);
  }
  return {
    waiting: open,
    until: open === null ? null : Math.min(fromIso(open.expires_at), nextReminder(open)),
    with: (wanted) =>
      [...now]
        .filter(([key]) => (standing(key) ?? (canceling ? 'hold' : undefined)) === wanted)
        .map(([, candidate]) => candidate),
  };
}

/** Those of some candidates that are approved as things are now, whatever was said meanwhile. */
export async function approvedNow<C extends Candidate>(
  tx: Tx,
  { run, stage }: Pick<StageContext, 'run' | 'stage'>,
  candidates: readonly C[],
): Promise<C[]> {
  const known = await standings({ db: tx, run, stage });
  return candidates.filter((c) => standingOf(known, `${c.subject}\n${bindingText(c)}`) === 'approve');
}

const standingOf = (known: ReadonlyMap<string, Standing>, key: string): Standing | undefined =>
  known.get(key) ?? known.get(unbound(key));

/** What requests of before version 4 of the store were bound to: their subjects, whatever became of them. */
const UNBOUND = '{}';
const unbound = (key: string): string => `${key.slice(0, key.indexOf('\n'))}\n${UNBOUND}`;

/** The open request of the stage; one whose deadline has passed is closed, one that waited long is reminded of. */
async function openRequest(context: StageContext): Promise<Approval | null> {
  const { db, run, stage } = context;
  const approval = (await listApprovals(db, { run_id: run.id, status: 'waiting', limit: 50 })).find(
    (a) => a.stage === stage.name,
  );
  if (approval === undefined) return null;
  const due = Math.min(fromIso(approval.expires_at), nextReminder(approval));
  if (context.now() < due) return approval;
  const looked = await context.tx(async (tx) =>
    remindIfDue(tx, context.now(), await expireIfDue(tx, context.now(), approval)),
  );
  return looked.status === 'waiting' ? looked : null;
}

/**
 * A request as it is now, whoever looks first: one whose deadline has passed is closed, and its run takes note. In a
 * transaction of its own, so that a refusal afterwards does not undo it.
 */
export async function requestNow({ store, clock }: World, id: string): Promise<Approval> {
  const approval = await getApproval(store.db, id);
  const now = clock.now();
  if (approval.status !== 'waiting' || now < fromIso(approval.expires_at)) return approval;
  return store.tx(async (tx) => {
    await wakeRun(tx, now, approval.run_id);
    return expireIfDue(tx, now, await getApproval(tx, id));
  });
}

/** By subject and binding, the last word of all requests that this stage made. */
async function standings({
  db,
  run,
  stage,
}: Pick<StageContext, 'db' | 'run' | 'stage'>): Promise<Map<string, Standing>> {
  const known = new Map<string, Standing>();
  for (const { subject, binding, verdict, status } of await verdictsOf(db, run.id, stage.name)) {
    const key = `${subject}\n${binding}`;
    if (verdict !== 'pending') known.set(key, verdict);
    else if (status === 'waiting') known.set(key, 'pending');
    else if (status === 'expired') known.set(key, 'expired');
    // Taken back by people: nobody wants to be asked again. What was superseded is asked anew.
    else if (status === 'canceled') known.set(key, 'hold');
  }
  return known;
}

async function ask<C extends Candidate>(
  context: StageContext,
  request: GateRequest<C>,
  before: Approval | null,
  asked: readonly C[],
): Promise<void> {
  const shown = asked.length === 0 ? null : await request.describe(asked);
  context.world.faultPoint(`approval.before:${context.stage.name}`);
  await context.tx(async (tx) => {
    const now = context.now();
    if (before !== null)
      await closeApprovals(tx, now, { run_id: context.run.id, id: before.id }, 'superseded');
    if (shown === null) return;
    const config = gateConfig(context, request.gate);
    const title = request.title(asked);
    const approval = await openApproval(tx, now, {
      run_id: context.run.id,
      stage: context.stage.name,
      gate: request.gate,
      config,
      // Whoever decides must see that nothing real depends on it.
      title: context.run.rehearsal === 1 ? `${title} (rehearsal)` : title,
      requested_by: context.run.requested_by,
      subjects: shown.subjects,
      context: shown.context ?? {},
    });
    if (!approvedInAdvance(context.run, request.gate)) return;
    const { name, identity } = {
      name: context.run.requested_by,
      identity: Identity.parse(context.run.requested_identity),
    };
    try {
      await vote(tx, now, {
        approval_id: approval.id,
        actor: { name, identity },
        verdict: 'approve',
        comment: 'approved in advance with run --approve',
        subjects: null,
        rules: gateRules(context.world.config, request.gate),
      });
    } catch (error) {
      if (!(error instanceof NotAllowedError)) throw error;
      // Whoever started the run may not decide here: then it waits for those who may, like any other run.
      await appendEvents(tx, now, [
        {
          type: 'approval.not_in_advance',
          severity: 'warning',
          run_id: context.run.id,
          stage: context.stage.name,
          message: error.message,
        },
      ]);
    }
  });
}

/** Whether a run was started with a gate approved. */
export function approvedInAdvance(run: Run, gate: string): boolean {
  if (run.pipeline !== 'train') return false;
  const { approved_gates } = trainParams(run);
  return approved_gates.includes(gate) || approved_gates.includes('all');
}

export function gateConfig(context: Pick<StageContext, 'world'>, gate: string): GateConfig {
  const config = context.world.config.gates[gate];
  if (config !== undefined) return config;
  return {
    approvers: [],
    required: 1,
    expires_s: 30 * 86_400,
    on_expiry: 'hold',
    requester_may_approve: true,
    verified: false,
    remind_every_s: 86_400,
  };
}

/** What is looked up anew whenever somebody decides at a gate. */
export const gateRules = (config: StageContext['world']['config'], gate: string): GateRules => ({
  verified: config.gates[gate]?.verified ?? false,
  groups: config.groups,
});
