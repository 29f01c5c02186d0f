import { Link } from '@tanstack/react-router';
import type { PlanView } from '../../../../src/views/index.ts';
import { DataTable, Empty, count, plural } from '../../ui/index.ts';
import { AcceptGroup } from './accept-group.tsx';
import styles from './plan.module.css';

type Group = PlanView['groups'][number];

/** The plan by what is behind it. A group opens in the list below. */
export function PlanGroups({ plan }: { readonly plan: PlanView }) {
  return (
    <>
      <DataTable
        label="Groups by cause"
        height={392}
        rows={plan.groups}
        rowKey={(group) => String(group.group)}
        columns={[
          {
            key: 'what',
            head: 'What',
            width: '80px',
            cell: (group) => <What group={group} />,
          },
          {
            key: 'count',
            head: 'Circuits',
            width: '64px',
            align: 'right',
            cell: (group) => count(group.count),
          },
          {
            key: 'reason',
            head: 'Reason',
            width: 'minmax(112px, 2fr)',
            cell: (group) => (
              <Link
                to="/plan/$plan"
                params={{ plan: plan.plan_id }}
                search={{ group: group.group }}
                replace
                resetScroll={false}
                className="row-link"
                data-hint={group.reason}
              >
                {group.reason}
              </Link>
            ),
          },
          {
            key: 'cause',
            head: 'Cause',
            width: '120px',
            from: 640,
            cell: (group) => group.cause.replaceAll('_', ' '),
          },
          {
            key: 'first',
            head: 'First of them',
            width: 'minmax(160px, 2fr)',
            from: 800,
            cell: (group) => <First group={group} />,
          },
          {
            key: 'actions',
            head: <span className="unseen">What can be done</span>,
            width: '80px',
            align: 'right',
            from: 480,
            cell: (group) => (
              <span className="above-row">
                <AcceptGroup plan_id={plan.plan_id} group={group} />
              </span>
            ),
          },
        ]}
        empty={<Empty title="The fleet has no circuits." />}
      />
      {plan.more_groups > 0 && (
        <p className="muted">
          {plural(plan.more_groups, 'more group')}; their circuits are in the list below.
        </p>
      )}
    </>
  );
}

const What = ({ group: { action, cause } }: { readonly group: Group }) => {
  const [sign, word, tone] =
    action === 'skip'
      ? (['=', 'keep', 'idle'] as const)
      : cause === 'new'
        ? (['+', 'train', 'ok'] as const)
        : (['~', 'retrain', 'waiting'] as const);
  return (
    <span data-tone={tone} className={styles.what}>
      <span aria-hidden="true">{sign}</span> {word}
    </span>
  );
};

function First({ group: { circuits, count: all } }: { readonly group: Group }) {
  const named = circuits.slice(0, 3);
  const rest = all - named.length;
  return (
    <span className="muted" data-hint={circuits.join('\n')}>
      {named.join(' ')}
      {rest > 0 && ` +${count(rest)}`}
    </span>
  );
}
