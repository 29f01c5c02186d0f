import { useQueryClient } from '@tanstack/react-query';
import { api, ok } from '../../api/client.ts';
import { ConfirmButton, plural } from '../../ui/index.ts';
import { runIsOpen } from './data.ts';
import type { RunView } from './data.ts';
import { toldOfRetry } from './told-of-retry.ts';

/** What can be done with the run as it stands; what makes no sense now is not offered. */
export function RunActions({ run }: { readonly run: RunView }) {
  const queries = useQueryClient();
  const param = { run: String(run.number) };
  const refreshed = async (): Promise<void> => queries.invalidateQueries({ queryKey: ['runs'] });
  const open = runIsOpen(run);
  const retry = run.approvals.find((approval) => approval.gate === 'training-retry');
  const pending = retry?.pending ?? 0;
  // Where nothing succeeded there is nothing to promote.
  const lost = run.failed_circuits.length > 0 && run.jobs.succeeded > 0 && run.partial_accepted_by === null;
  const failedAgain = run.stages.some((s) => s.name === 'RetryFailedTraining' && s.status === 'failed');
  return (
    <>
      <ConfirmButton
        kind="primary"
        action="Retry failed"
        offered={pending > 0}
        title={retry?.title ?? ''}
        comment="optional"
        act={async (comment) => {
          const { approval } = await ok(api.runs[':run'].retry.$post({ param, json: { comment } }));
          await refreshed();
          return toldOfRetry(approval, pending);
        }}
      >
        {plural(pending, 'circuit')} will be trained again with the same settings and data. It counts as your
        approval at gate {retry?.gate}.
      </ConfirmButton>
      <ConfirmButton
        action="Accept partial"
        offered={lost && (open ? failedAgain : run.status === 'failed')}
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
      <ConfirmButton
        action="Resume"
        offered={(run.last_error !== null || run.failed_advances > 0) && run.status !== 'succeeded'}
        title={`Take up run ${run.number} where it stands?`}
        act={async () => {
          await ok(api.runs[':run'].resume.$post({ param }));
          await refreshed();
          return `Run ${run.number} goes on.`;
        }}
      >
        What is done stays done; no job is submitted twice.
      </ConfirmButton>
      <ConfirmButton
        kind="danger"
        action="Cancel run"
        offered={open && run.cancel_requested_at === null}
        title={`Cancel run ${run.number}?`}
        act={async () => {
          const { requested } = await ok(api.runs[':run'].cancel.$post({ param, json: {} }));
          await refreshed();
          return requested ? `Run ${run.number} is being canceled.` : 'There was nothing left to cancel.';
        }}
      >
        Its jobs end now. What is canceled is not a failure; what it did not train, the next run will.
      </ConfirmButton>
    </>
  );
}
