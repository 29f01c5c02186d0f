import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Board as FleetBoard } from '../../api/circuits.ts';
import { api, ok } from '../../api/client.ts';
import { Legend, TileBoard } from '../../tiles/index.ts';
import { Choice, Empty, ErrorNotice, Filters, SearchBox, SelectBox, Skeleton } from '../../ui/index.ts';
import { matrixQuery } from './data.ts';
import type { RunView } from './data.ts';
import styles from './jobs-tab.module.css';
import { JobsTable } from './jobs-table.tsx';
import { cellsOf, countsOf, groupsOf } from './matrix.ts';
import type { Cell } from './matrix.ts';

const route = getRouteApi('/runs/$run');

/** The jobs of a run: a tile each, or a table. */
export function JobsTab({ run }: { readonly run: RunView }) {
  const { state, view, order, q } = route.useSearch();
  const navigate = useNavigate({ from: '/runs/$run' });
  const set = (next: Partial<ReturnType<typeof route.useSearch>>): void =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true, resetScroll: false });
  const key = String(run.number);
  const { data: matrix, error, refetch } = useQuery(matrixQuery(key));
  const cells = useMemo(() => (matrix === undefined ? undefined : cellsOf(matrix)), [matrix]);
  const counts = useMemo(
    () => (cells === undefined || matrix === undefined ? {} : countsOf(cells.values(), matrix.statuses)),
    [cells, matrix],
  );
  if (cells !== undefined && cells.size === 0) return <None run={run} />;
  return (
    <>
      <div className={styles.bar}>
        <Legend
          label="Jobs by state"
          counts={counts}
          only={state}
          onOnly={(next) => set({ state: STATES.find((s) => s === next) })}
        />
        <span className={styles.space} />
        <Filters>
          <SearchBox label="Find circuits" value={q ?? ''} onChange={(next) => set({ q: next })} />
          {view === undefined && (
            <SelectBox
              label="Order"
              all="circuit"
              value={order}
              options={['state', 'plant']}
              onChange={(next) => set({ order: next })}
            />
          )}
          <Choice
            label="Show as"
            value={view ?? 'tiles'}
            options={VIEWS}
            onChange={(next) => set({ view: next === 'table' ? 'table' : undefined })}
          />
        </Filters>
      </div>
      {view === 'table' ? (
        <JobsTable run={key} status={state} q={q} />
      ) : cells === undefined ? (
        error === null ? (
          <Skeleton lines={1} height={160} />
        ) : (
          <ErrorNotice error={error} retry={() => void refetch()} />
        )
      ) : (
        <Board cells={cells} />
      )}
    </>
  );
}

const VIEWS = [
  { value: 'tiles', text: 'Tiles' },
  { value: 'table', text: 'Table' },
] as const;

const STATES = ['pending', 'queued', 'preparing', 'running', 'succeeded', 'failed', 'canceled'] as const;

function Board({ cells }: { readonly cells: ReadonlyMap<string, Cell> }) {
  const { state, order = 'circuit', q } = route.useSearch();
  const navigate = useNavigate();
  const { data: plants } = useQuery({
    queryKey: ['circuits', 'plants'],
    queryFn: async ({ signal }) =>
      plantsOf((await ok(api.circuits.board.$get({}, { init: { signal } }))) as FleetBoard),
    enabled: order === 'plant',
  });
  const groups = useMemo(() => {
    const wanted = q?.toLowerCase();
    const all = [...cells.values()];
    const some =
      wanted === undefined ? all : all.filter((cell) => cell.circuit_id.toLowerCase().includes(wanted));
    return groupsOf(some, order, plants);
  }, [cells, order, plants, q]);
  return (
    <div className={styles.board}>
      <TileBoard
        label="Jobs"
        groups={groups}
        only={state}
        describe={(circuit) => <About cell={cells.get(circuit)} />}
        onOpen={(circuit) => {
          const job = cells.get(circuit)?.job ?? null;
          if (job !== null) void navigate({ to: '/jobs/$job', params: { job } });
        }}
      />
    </div>
  );
}

function About({ cell }: { readonly cell: Cell | undefined }) {
  if (cell === undefined) return null;
  const parts = [
    cell.retry ? 'retry' : '',
    cell.attempt > 1 ? `attempt ${cell.attempt}` : '',
    cell.reason?.replaceAll('_', ' ') ?? '',
    cell.job === null ? 'not submitted yet' : cell.job,
  ].filter((part) => part !== '');
  return <span className="muted">{parts.join(' · ')}</span>;
}

/** The plant of every circuit in the fleet. */
const plantsOf = (board: FleetBoard): Map<string, string> =>
  new Map(
    board.plants.flatMap(({ plant_id, circuits }) =>
      circuits.map(([circuit_id]) => [`${plant_id}_${circuit_id}`, plant_id] as const),
    ),
  );

function None({ run }: { readonly run: RunView }) {
  return run.ended_at === null ? (
    <Empty title="No jobs yet.">They appear once SubmitTraining has begun.</Empty>
  ) : (
    <Empty title="This run trained nothing.">The plan tells why: see the tab Plan.</Empty>
  );
}
