import { useQueryClient } from '@tanstack/react-query';
import { api, ok } from '../../api/client.ts';
import { ConfirmButton, plural } from '../../ui/index.ts';
import { runIsOpen } from './data.ts';
import type { RunView } from './data.ts';

/** What can be done with the run as it stands; what makes no sense now is not offered. */
export function RunActions({ run }: { readonly run: RunView }) {
  const queries = useQueryClient();
  const param = { run: String(run.number) };
  const refreshed = async (): Promise<void> => queries.invalidateQueries({ queryKey: ['runs'] });
  const open = runIsOpen(run);
  const retry = run.approvals.find((approval) => approval.gate === 'training-retry');
  const lost = run.failed_circuits.length > 0 && run.partial_accepted_by === null;
  const failedAgain = run.stages.some((s) => s.name === 'RetryFailedTraining' && s.status === 'failed');
  return (
    <>
      {retry !== undefined && (
        <ConfirmButton
          kind="primary"
          action="Retry failed"
          title={retry.title}
          comment="optional"
          act={async (comment) => {
            await ok(api.runs[':run'].retry.$post({ param, json: { comment } }));
            await refreshed();
            return 'The failed circuits are trained again.';
          }}
        >
          {plural(run.failed_circuits.length, 'circuit')} will be trained again with the same settings and
          data. It counts as your approval at gate {retry.gate}.
        </ConfirmButton>
      )}
      {lost && (open ? failedAgain : run.status === 'failed') && (
        <ConfirmButton
          action="Accept partial"
          title="Go on without what failed?"
          comment="optional"
          act={async (comment) => {
            await ok(api.runs[':run']['accept-partial'].$post({ param, json: { comment } }));
            await refreshed();
            return 'Partial success is accepted; promotion goes on.';
          }}
        >
          {plural(run.failed_circuits.length, 'circuit')} will stay without a new model; the others can be
          promoted. It is put on record under your name.
        </ConfirmButton>
      )}
      {(run.last_error !== null || run.failed_advances > 0) && run.status !== 'succeeded' && (
        <ConfirmButton
          action="Resume"
          title={`Take up run ${run.number} where it stands?`}
          act={async () => {
            await ok(api.runs[':run'].resume.$post({ param }));
            await refreshed();
            return `Run ${run.number} goes on.`;
          }}
        >
          What is done stays done; no job is submitted twice.
        </ConfirmButton>
      )}
      {open && run.cancel_requested_at === null && (
        <ConfirmButton
          kind="danger"
          action="Cancel run"
          title={`Cancel run ${run.number}?`}
          act={async () => {
            const { requested } = await ok(api.runs[':run'].cancel.$post({ param, json: {} }));
            await refreshed();
            return requested ? `Run ${run.number} is being canceled.` : 'There was nothing left to cancel.';
          }}
        >
          Its jobs end now. What is canceled is not a failure; what it did not train, the next run will.
        </ConfirmButton>
      )}
    </>
  );
}
