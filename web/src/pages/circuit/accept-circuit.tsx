import type { CircuitView } from '../../../../src/views/index.ts';
import { acceptCircuit, useAccepted } from '../../api/accept.ts';
import { ConfirmButton } from '../../ui/index.ts';

/** Lets its good model stand for what it wants now, instead of training it. */
export function AcceptCircuit({ circuit }: { readonly circuit: CircuitView }) {
  const accepted = useAccepted();
  const { last_good, model_name, why } = circuit;
  const model = last_good === null ? model_name : `${model_name} v${last_good.version}`;
  return (
    <ConfirmButton
      action="Accept its model"
      // Of one that is as it should be, or has no model, there is nothing to accept.
      offered={last_good !== null && !['new', 'unchanged', 'accepted'].includes(why.cause)}
      title={`Let ${model} stand for the changed settings?`}
      comment="required"
      ask="Reason"
      act={async (reason = '') => {
        const count = await acceptCircuit(circuit, reason);
        await accepted();
        return count === 0
          ? 'There was nothing to accept any more.'
          : `${model} stands for what ${circuit.id} wants.`;
      }}
    >
      <div className="stack">
        <p>{why.reason}</p>
        <p>
          It is not trained for that, and counts as good. That holds for this version and these settings and
          data alone, and stands on record with your reason.
        </p>
      </div>
    </ConfirmButton>
  );
}
