import { expireIfDue, listApprovals, openApproval, vote } from '../../gates/index.ts';
import type { Approval, GateConfig, NewSubject } from '../../gates/index.ts';
import { fromIso } from '../../kernel/clock.ts';
import { NotAllowedError } from '../../kernel/errors.ts';
import { appendEvents } from '../../store/index.ts';
import type { StageContext } from '../pipeline.ts';
import { trainParams } from './params.ts';

/**
 * The request for verdicts of this stage: opened when `subjects` is called for the first time, expired when its
 * deadline has passed, approved at once where the run was started with `--approve` for the gate.
 */
export async function askGate(
  context: StageContext,
  request: {
    readonly gate: string;
    readonly title: string;
    readonly subjects: () => Promise<readonly NewSubject[]>;
  },
): Promise<Approval> {
  const known = (await listApprovals(context.db, { run_id: context.run.id, limit: 50 })).find(
    (a) => a.stage === context.stage.name,
  );
  if (known !== undefined) return context.tx((tx) => expireIfDue(tx, context.now(), known));
  const subjects = await request.subjects();
  context.world.faultPoint(`approval.before:${context.stage.name}`);
  return context.tx(async (tx) => {
    const config = gateConfig(context, request.gate);
    const approval = await openApproval(tx, context.now(), {
      run_id: context.run.id,
      stage: context.stage.name,
      gate: request.gate,
      config,
      // Whoever decides must see that nothing real depends on it.
      title: context.run.rehearsal === 1 ? `${request.title} (rehearsal)` : request.title,
      requested_by: context.run.requested_by,
      subjects,
    });
    const inAdvance = trainParams(context.run).approved_gates;
    if (!inAdvance.includes(request.gate) && !inAdvance.includes('all')) return approval;
    try {
      return await vote(tx, context.now(), {
        approval_id: approval.id,
        actor: { name: context.run.requested_by, identity: 'claimed' },
        verdict: 'approve',
        comment: 'approved in advance with run --approve',
        subjects: null,
        verified: config.verified,
      });
    } catch (error) {
      if (!(error instanceof NotAllowedError)) throw error;
      // Whoever started the run may not decide here: then it waits for those who may, like any other run.
      await appendEvents(tx, context.now(), [
        {
          type: 'approval.not_in_advance',
          severity: 'warning',
          run_id: context.run.id,
          stage: context.stage.name,
          message: error.message,
        },
      ]);
      return approval;
    }
  });
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
  };
}

/** When to look at an undecided request again: at its deadline; a verdict wakes the run before. */
export const deadlineOf = (approval: Approval): number => fromIso(approval.expires_at);
