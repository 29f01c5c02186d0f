import { useQuery } from '@tanstack/react-query';
import { Link, getRouteApi } from '@tanstack/react-router';
import { meQuery } from '../../api/me.ts';
import { useRefusal } from '../../api/may.ts';
import { approvalPath, runPath } from '../../paths.ts';
import { ErrorNotice, Notice, Page, Skeleton, StatusBadge, Time } from '../../ui/index.ts';
import { approvalQuery, openAtQuery } from './approval-data.ts';
import type { ApprovalView } from './approval-data.ts';
import { votesSoFar } from './consequences.ts';
import { Deciding } from './deciding.tsx';
import { Left } from './left.tsx';
import { Reopen } from './reopen.tsx';
import { whoMay } from './who-may.ts';

const route = getRouteApi('/approvals/$approval');

/** One request: what it shows, what was said of it, and deciding. */
export function ApprovalPage() {
  const { approval: id } = route.useParams();
  const { data, error, refetch } = useQuery(approvalQuery(id));
  if (data === undefined)
    return (
      <Page title="Approval" heading={error === null ? <Skeleton height={28} /> : 'Approval'}>
        {error === null ? (
          <Skeleton lines={10} height={24} />
        ) : (
          <ErrorNotice error={error} retry={() => void refetch()} />
        )}
      </Page>
    );
  return <Request key={id} approval={data} />;
}

function Request({ approval }: { readonly approval: ApprovalView }) {
  const refusal = useWhyNot(approval);
  const reopening = useMayNotReopen(approval);
  const soFar = votesSoFar(approval, approval.votes);
  return (
    <Page
      title={approval.title}
      fill
      heading={
        <>
          {approval.title} <StatusBadge state={approval.status} />
        </>
      }
      lead={
        <>
          <span>Gate {approval.gate}</span>
          <Link to={runPath(approval.run)}>Run {approval.run}</Link>
          <span>
            asked by {approval.requested_by}, <Time at={approval.created_at} relative />
          </span>
          <span>
            {approval.status === 'waiting' ? '' : `${approval.status} `}
            <Left approval={approval} />
          </span>
          <span>{whoMay(approval)} may decide</span>
          {soFar !== null && <strong>{soFar}</strong>}
        </>
      }
      actions={<Reopen approval={approval} why={reopening} />}
    >
      <Superseded approval={approval} />
      <Deciding approval={approval} refusal={refusal} />
    </Page>
  );
}

/** Why whoever looks may not decide here, in a sentence; null: they may. */
function useWhyNot(approval: ApprovalView): string | null {
  const role = useRefusal('approver');
  if (approval.status !== 'waiting') return 'The request is over.';
  if (approval.my_refusal !== null)
    return [approval.my_refusal.message, approval.my_refusal.hint].filter(Boolean).join(' ');
  return role;
}

/** Whoever may decide at the gate may reopen, and whoever asked. */
function useMayNotReopen({ my_refusal, requested_by }: ApprovalView): string | null {
  const approver = useRefusal('approver');
  const operator = useRefusal('operator');
  const { data: me } = useQuery(meQuery);
  const asked = me?.name.toLowerCase() === requested_by.toLowerCase();
  if (asked && (approver === null || operator === null)) return null;
  return approver ?? my_refusal?.message ?? null;
}

/** Leads on to what is asked instead. */
function Superseded({ approval }: { readonly approval: ApprovalView }) {
  const over = approval.status !== 'waiting';
  const { data: other } = useQuery({ ...openAtQuery(approval), enabled: over });
  if (!over || (other == null && approval.status !== 'superseded')) return null;
  return (
    <Notice
      tone="waiting"
      title={
        approval.status === 'superseded'
          ? 'What this showed has changed, so it is decided here no more.'
          : 'The same stage asks something else now.'
      }
    >
      {other == null ? (
        <p>Nothing is asked instead at the moment.</p>
      ) : (
        <p>
          Asked now: <Link to={approvalPath(other.id)}>{other.title}</Link>
        </p>
      )}
    </Notice>
  );
}
