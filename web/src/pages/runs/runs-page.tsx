import { Link, getRouteApi, useNavigate } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { api, ok } from '../../api/client.ts';
import { useList } from '../../api/list.ts';
import { progressQuery } from '../../api/progress.ts';
import { MiniLine } from '../../railway/index.ts';
import { brought, countsOf } from '../../runs/index.ts';
import type { ShownRun } from '../../runs/index.ts';
import {
  Counts,
  DataTable,
  Empty,
  Filters,
  Page,
  RehearsalTag,
  SearchBox,
  SelectBox,
  Status,
  Tag,
  Time,
  Took,
  buttonLook,
} from '../../ui/index.ts';
import type { Column } from '../../ui/index.ts';

const route = getRouteApi('/runs');
const STATES = ['pending', 'running', 'waiting', 'succeeded', 'failed', 'canceled'] as const;

/** Every run, newest first; those that are open move as they go. */
export function RunsPage() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: '/runs' });
  const filter = (next: Partial<typeof search>): void =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  const list = useList(['runs', 'list', search], (cursor, signal) =>
    ok(api.runs.$get({ query: { ...search, limit: '50', cursor } }, { init: { signal } })),
  );
  const { data: progress } = useQuery(progressQuery);
  const shown = list.rows.map((run) => brought(run, progress?.[run.number]));
  const filtered = Object.values(search).some((value) => value !== undefined);
  return (
    <Page title="Runs" fill>
      <Filters>
        <SearchBox
          label="Find runs"
          placeholder="Number, person or commit"
          value={search.q ?? ''}
          onChange={(q) => filter({ q })}
        />
        <SelectBox
          label="State"
          value={search.status}
          options={STATES}
          onChange={(status) => filter({ status })}
        />
        <SelectBox
          label="Pipeline"
          value={search.pipeline}
          options={['train', 'scripts']}
          onChange={(pipeline) => filter({ pipeline })}
        />
        <SelectBox
          label="Rehearsals"
          all="with"
          value={search.rehearsal}
          options={[
            { value: 'false', text: 'without' },
            { value: 'true', text: 'only' },
          ]}
          onChange={(rehearsal) => filter({ rehearsal })}
        />
      </Filters>
      <DataTable
        label="Runs"
        {...list}
        rows={shown}
        rowKey={(run) => run.id}
        rowHeight={40}
        columns={COLUMNS}
        empty={
          filtered ? (
            <Empty title="No run is like that.">Take a filter away.</Empty>
          ) : (
            <Empty title="No run yet.">
              <p>A run trains what needs training, registers the models and promotes what is approved.</p>
              <Link to="/plan" className={buttonLook}>
                Plan the first
              </Link>
            </Empty>
          )
        }
      />
    </Page>
  );
}

const COLUMNS: readonly Column<ShownRun>[] = [
  {
    key: 'number',
    head: 'Run',
    width: '56px',
    cell: (run) => (
      <Link to="/runs/$run" params={{ run: String(run.number) }} className="row-link">
        {run.number}
      </Link>
    ),
  },
  { key: 'status', head: 'State', width: '104px', cell: (run) => <Status state={run.status} /> },
  { key: 'line', head: 'Line', width: '152px', from: 640, cell: (run) => <MiniLine stations={run.stages} /> },
  {
    key: 'counts',
    head: 'Jobs',
    width: 'minmax(136px, 1.2fr)',
    from: 480,
    cell: (run) => <Counts counts={countsOf(run)} />,
  },
  {
    key: 'what',
    head: 'What',
    width: 'minmax(120px, 1.2fr)',
    from: 1000,
    cell: (run) => (
      <>
        {run.pipeline} {run.rehearsal && <RehearsalTag />}{' '}
        {run.pr && <Tag text="pull request" hint="It promotes and retries nothing." />}
      </>
    ),
  },
  {
    key: 'by',
    head: 'By',
    width: 'minmax(120px, 1.2fr)',
    from: 1000,
    cell: (run) => run.requested_by,
  },
  {
    key: 'commit',
    head: 'Commit',
    width: '72px',
    from: 1200,
    cell: (run) =>
      run.git_commit === null ? (
        <span className="muted">–</span>
      ) : (
        <code data-hint={run.git_commit}>{run.git_commit.slice(0, 8)}</code>
      ),
  },
  { key: 'started', head: 'Started', width: '96px', cell: (run) => <Time at={run.started_at} /> },
  {
    key: 'took',
    head: 'Took',
    width: '88px',
    from: 480,
    align: 'right',
    cell: (run) => <Took from={run.started_at} to={run.ended_at} />,
  },
];
