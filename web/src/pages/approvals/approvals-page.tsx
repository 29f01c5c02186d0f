import { Link, getRouteApi, useNavigate } from '@tanstack/react-router';
import { useList } from '../../api/list.ts';
import { approvalPath, runPath } from '../../paths.ts';
import { DataTable, Empty, Filters, Page, SelectBox, Status, count, useNarrow } from '../../ui/index.ts';
import type { Column } from '../../ui/index.ts';
import styles from './approval-page.module.css';
import { fetchApprovals } from './approval-data.ts';
import type { ApprovalRow } from './approval-data.ts';
import { Left } from './left.tsx';
import { whoMay } from './who-may.ts';

const route = getRouteApi('/approvals');
const GATES = ['training-retry', 'registry-promotion', 'test-deployment', 'prod-deployment'] as const;

/** The inbox: what waits for a decision, and on demand what was decided. */
export function ApprovalsPage() {
  const { show = 'waiting', gate, run } = route.useSearch();
  const navigate = useNavigate({ from: '/approvals' });
  const narrow = useNarrow();
  const status = show === 'all' ? undefined : show;
  const list = useList(['approvals', 'list', show, gate, run], (cursor, signal) =>
    fetchApprovals({ status, gate, run }, cursor, signal),
  );
  return (
    <Page title="Approvals" fill>
      <Filters>
        <SelectBox
          label="Show"
          value={show}
          all={null}
          options={[
            { value: 'waiting', text: 'what waits' },
            { value: 'decided', text: 'decided' },
            { value: 'expired', text: 'expired' },
            { value: 'canceled', text: 'canceled' },
            { value: 'superseded', text: 'superseded' },
            { value: 'all', text: 'all' },
          ]}
          onChange={(next) =>
            void navigate({
              search: (before) => ({ ...before, show: next === 'waiting' ? undefined : next }),
              replace: true,
            })
          }
        />
        <SelectBox
          label="Gate"
          value={gate}
          options={gate === undefined || isOneOf(gate) ? GATES : [...GATES, gate]}
          onChange={(next) =>
            void navigate({ search: (before) => ({ ...before, gate: next }), replace: true })
          }
        />
      </Filters>
      <DataTable
        label="Requests for approval"
        {...list}
        rowKey={(approval) => approval.id}
        rowHeight={narrow ? 72 : 40}
        columns={narrow ? NARROW_COLUMNS : COLUMNS}
        empty={<NothingHere waits={show === 'waiting'} filtered={gate !== undefined || run !== undefined} />}
      />
    </Page>
  );
}

const COLUMNS: readonly Column<ApprovalRow>[] = [
  {
    key: 'title',
    head: 'What',
    width: 'minmax(112px, 3fr)',
    cell: (a) => (
      <Link to={approvalPath(a.id)} className="row-link">
        {a.title}
      </Link>
    ),
  },
  { key: 'status', head: 'State', width: '104px', cell: (a) => <Status state={a.status} />, from: 480 },
  { key: 'gate', head: 'Gate', width: '140px', cell: (a) => a.gate, from: 800 },
  {
    key: 'run',
    head: 'Run',
    width: '40px',
    cell: (a) => (
      <Link to={runPath(a.run)} className="above-row">
        {a.run}
      </Link>
    ),
  },
  {
    key: 'open',
    head: 'Open',
    width: '96px',
    align: 'right',
    cell: (a) => `${count(a.counts.pending)} of ${count(total(a))}`,
    from: 640,
  },
  {
    key: 'until',
    head: 'Until',
    width: '112px',
    cell: (a) => <Left approval={a} />,
  },
  {
    key: 'asked',
    head: 'Asked by',
    width: 'minmax(120px, 1fr)',
    cell: (a) => a.requested_by,
    from: 800,
  },
  {
    key: 'who',
    head: 'Who may decide',
    width: 'minmax(112px, 1fr)',
    cell: (a) => whoMay(a),
    from: 1200,
  },
];

/** What it asks has all the room; the rest stands below it. */
const NARROW_COLUMNS: readonly Column<ApprovalRow>[] = [
  {
    key: 'title',
    head: 'What',
    width: 'minmax(0, 1fr)',
    cell: (a) => (
      <>
        <Link to={approvalPath(a.id)} className={`row-link ${styles.asked}`}>
          {a.title}
        </Link>
        <span className="below">
          <Status state={a.status} /> · run {a.run} · {count(a.counts.pending)} of {count(total(a))} open ·{' '}
          <Left approval={a} />
        </span>
      </>
    ),
  },
];

const total = ({ counts: { pending, approve, hold, reject } }: ApprovalRow): number =>
  pending + approve + hold + reject;

const isOneOf = (gate: string): boolean => GATES.some((known) => known === gate);

function NothingHere({ waits, filtered }: { readonly waits: boolean; readonly filtered: boolean }) {
  if (filtered) return <Empty title="No request matches.">Look at all gates, or at all requests.</Empty>;
  return waits ? (
    <Empty title="Nothing waits for a decision.">
      <p>
        Requests come up here when training failed and may be retried, and when models or environments may be
        promoted.
      </p>
    </Empty>
  ) : (
    <Empty title="No request of this kind yet.">What waits is shown first.</Empty>
  );
}
