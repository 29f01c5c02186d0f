import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { api, ok } from '../../api/client.ts';
import { useList } from '../../api/list.ts';
import { DataTable, Empty, Filters, SearchBox, SelectBox } from '../../ui/index.ts';

const route = getRouteApi('/runs/$run');
const CAUSES = [
  'new',
  'config',
  'data',
  'component',
  'inputs',
  'owed_unfinished',
  'owed_failed',
  'selected',
  'unchanged',
  'accepted',
];

/** What the plan said of each circuit, and why. */
export function PlanTab({ run }: { readonly run: string }) {
  const { q, cause, action } = route.useSearch();
  const navigate = useNavigate({ from: '/runs/$run' });
  const set = (next: Partial<ReturnType<typeof route.useSearch>>): void =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true, resetScroll: false });
  const list = useList(['runs', 'plan', run, q, cause, action], (cursor, signal) =>
    ok(
      api.runs[':run'].circuits.$get(
        { param: { run }, query: { q, cause, action, limit: '100', cursor } },
        { init: { signal } },
      ),
    ),
  );
  return (
    <>
      <Filters>
        <SearchBox label="Find circuits" value={q ?? ''} onChange={(next) => set({ q: next })} />
        <SelectBox label="Cause" value={cause} options={CAUSES} onChange={(next) => set({ cause: next })} />
        <SelectBox
          label="Action"
          value={action}
          options={['train', 'skip']}
          onChange={(next) => set({ action: next })}
        />
      </Filters>
      <DataTable
        label="Plan"
        {...list}
        rowKey={(row) => row.circuit_id}
        height={640}
        columns={[
          { key: 'circuit', head: 'Circuit', width: 'minmax(112px, 1fr)', cell: (row) => row.circuit_id },
          { key: 'action', head: 'Action', width: '56px', cell: (row) => row.action },
          { key: 'cause', head: 'Cause', width: '112px', cell: (row) => row.cause.replaceAll('_', ' ') },
          {
            key: 'reason',
            head: 'Reason',
            width: 'minmax(160px, 3fr)',
            from: 480,
            cell: (row) => row.reason,
          },
        ]}
        empty={<Empty title="The plan has no such circuit.">Take a filter away.</Empty>}
      />
    </>
  );
}
