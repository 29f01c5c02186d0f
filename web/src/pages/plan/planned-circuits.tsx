import { Link, getRouteApi, useNavigate } from '@tanstack/react-router';
import type { PlanView, PlannedCircuitView } from '../../../../src/views/index.ts';
import { api, ok } from '../../api/client.ts';
import { useList } from '../../api/list.ts';
import { Button, DataTable, Empty, Filters, SearchBox, SelectBox, valueText } from '../../ui/index.ts';
import styles from './plan.module.css';

const route = getRouteApi('/plan/$plan');

/** Every circuit of the plan with its reason. */
export function PlannedCircuits({ plan }: { readonly plan: PlanView }) {
  const search = route.useSearch();
  const navigate = useNavigate({ from: '/plan/$plan' });
  const filter = (next: Partial<typeof search>): void =>
    void navigate({
      search: (before) => ({ ...before, ...next }),
      replace: true,
      resetScroll: false,
    });
  const { q, action, cause, group } = search;
  const list = useList(['plans', 'circuits', plan.plan_id, search], (cursor, signal) =>
    ok(
      api.plans[':plan_id'].circuits.$get(
        { param: { plan_id: plan.plan_id }, query: { q, action, cause, group, cursor, limit: 200 } },
        { init: { signal } },
      ),
    ),
  );
  const chosen = group === undefined ? undefined : plan.groups.find((each) => each.group === group);
  return (
    <div className="stack">
      <Filters>
        <SearchBox
          label="Find circuits in the plan"
          placeholder="Id or reason"
          value={q ?? ''}
          onChange={(next) => filter({ q: next })}
        />
        <SelectBox
          label="What"
          value={action}
          options={[
            { value: 'train', text: 'train' },
            { value: 'skip', text: 'keep' },
          ]}
          onChange={(next) => filter({ action: next })}
        />
        <SelectBox
          label="Cause"
          value={cause}
          options={[...new Set(plan.groups.map((each) => each.cause))]}
          onChange={(next) => filter({ cause: next })}
        />
        {chosen !== undefined && (
          <Button small onClick={() => filter({ group: undefined })}>
            {chosen.reason.length > 48 ? `${chosen.reason.slice(0, 48)}…` : chosen.reason}{' '}
            <span aria-hidden="true">×</span>
            <span className="unseen">, show other groups as well</span>
          </Button>
        )}
      </Filters>
      <DataTable
        label="Circuits of the plan"
        height={520}
        {...list}
        rowKey={(circuit) => circuit.id}
        columns={[
          {
            key: 'id',
            head: 'Circuit',
            width: 'minmax(132px, 1fr)',
            cell: (circuit) => (
              <Link to="/fleet/$circuit" params={{ circuit: circuit.id }} className="row-link">
                {circuit.id}
              </Link>
            ),
          },
          {
            key: 'action',
            head: 'What',
            width: '56px',
            cell: (circuit) => (
              <span data-tone={circuit.action === 'train' ? 'waiting' : 'idle'} className={styles.what}>
                {circuit.action === 'train' ? 'train' : 'keep'}
              </span>
            ),
          },
          {
            key: 'cause',
            head: 'Cause',
            width: '120px',
            from: 640,
            cell: (circuit) => circuit.cause.replaceAll('_', ' '),
          },
          {
            key: 'reason',
            head: 'Reason',
            width: 'minmax(88px, 3fr)',
            cell: (circuit) => <span data-hint={hintOf(circuit)}>{circuit.reason}</span>,
          },
        ]}
        empty={<Empty title="No circuit of the plan matches these filters.">Take one away.</Empty>}
      />
    </div>
  );
}

/** Field by field, what it was and what it is now. */
const hintOf = ({ reason, changes }: PlannedCircuitView): string =>
  changes.length === 0
    ? reason
    : changes
        .map(({ field, before, after }) => `${field}: ${valueText(before)} → ${valueText(after)}`)
        .join('\n');
