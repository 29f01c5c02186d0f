import type { PlanView } from '../../../../src/views/index.ts';
import { acceptOfPlan, useAccepted } from '../../api/accept.ts';
import { ConfirmButton, plural } from '../../ui/index.ts';

/** Lets the good models of a group stand for what the plan says of its circuits, instead of training them. */
export function AcceptGroup({
  plan_id,
  group: { group, cause, action, count, reason: why },
}: {
  readonly plan_id: string;
  readonly group: PlanView['groups'][number];
}) {
  const accepted = useAccepted();
  // What is new has no model, and what an open run has in hand is decided there.
  if (action === 'skip' || cause === 'new') return null;
  return (
    <ConfirmButton
      small
      quiet
      action="Accept"
      title={`Let the models of ${plural(count, 'circuit')} stand?`}
      comment="required"
      ask="Reason"
      act={async (reason = '') => {
        const models = await acceptOfPlan(plan_id, { group, reason });
        await accepted();
        return `${plural(models, 'model')} accepted. A new plan leaves those circuits alone.`;
      }}
    >
      <div className="stack">
        <p>{why}</p>
        <p>
          These circuits are not trained for that: their good models count for what this plan says, and that
          stands on record with your reason.
        </p>
      </div>
    </ConfirmButton>
  );
}
