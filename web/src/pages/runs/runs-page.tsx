import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { api, ok } from '../../api/client.ts';
import { useList } from '../../api/list.ts';
import { DataTable, Empty, Filters, Page, SearchBox, SelectBox, Status, Time, Took } from '../../ui/index.ts';

const route = getRouteApi('/runs');
const STATES = ['pending', 'running', 'waiting', 'succeeded', 'failed', 'canceled'] as const;

export function RunsPage() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: '/runs' });
  const filter = (next: Partial<typeof search>): void =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  const { status, pipeline } = search;
  const list = useList(['runs', 'list', search], (cursor, signal) =>
    ok(api.runs.$get({ query: { limit: 50, cursor, status, pipeline } }, { init: { signal } })),
  );
  return (
    <Page title="Runs" fill>
      <Filters>
        <SearchBox label="Find runs" value={search.q ?? ''} onChange={(q) => filter({ q })} />
        <SelectBox
          label="State"
          value={status}
          options={STATES}
          onChange={(next) => filter({ status: next })}
        />
      </Filters>
      <DataTable
        label="Runs"
        {...list}
        rowKey={(run) => run.id}
        columns={[
          { key: 'number', head: 'Run', width: '80px', cell: (run) => run.number },
          { key: 'status', head: 'State', width: '120px', cell: (run) => <Status state={run.status} /> },
          { key: 'started', head: 'Started', width: '120px', cell: (run) => <Time at={run.started_at} /> },
          {
            key: 'took',
            head: 'Took',
            width: '120px',
            cell: (run) => <Took from={run.started_at} to={run.ended_at} />,
          },
        ]}
        empty={<Empty title="No run yet." command="trainyard run" />}
      />
    </Page>
  );
}
