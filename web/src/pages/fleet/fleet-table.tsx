import { useLayoutEffect, useMemo, useRef } from 'react';
import type { ReactNode, RefObject } from 'react';
import type { CircuitRow } from '../../api/circuits.ts';
import { api, ok } from '../../api/client.ts';
import { useList } from '../../api/list.ts';
import { circuitPath } from '../../paths.ts';
import { DataTable, RowLink, Sparkline, Status, Time, number } from '../../ui/index.ts';
import type { Column } from '../../ui/index.ts';
import type { FleetSearch } from './fleet-queries.ts';
import styles from './fleet-table.module.css';

export type FleetSort = NonNullable<NonNullable<Parameters<typeof api.circuits.$get>[0]>['query']>['sort'];

/** The same circuits as rows. */
export function FleetTable({
  search,
  selection,
  onToggle,
  onExtend,
  onSort,
  narrow,
  empty,
}: {
  readonly search: FleetSearch & { readonly sort?: FleetSort };
  readonly selection: ReadonlySet<string>;
  readonly onToggle: (id: string) => void;
  readonly onExtend: (id: string, order: readonly string[]) => void;
  readonly onSort: (sort: FleetSort) => void;
  /** The reason has no column of its own: it stands below the circuit. */
  readonly narrow: boolean;
  readonly empty: ReactNode;
}) {
  const { q, plant, state, cause, sort } = search;
  const list = useList(['circuits', 'list', { q, plant, state, cause, sort }], (cursor, signal) =>
    ok(
      api.circuits.$get(
        { query: { q, plant, state, cause, sort, cursor, limit: 100, trend: 'auto' } },
        { init: { signal } },
      ),
    ),
  );
  // Rows are drawn anew when the columns are: these change with what is picked, and not with each page that comes.
  const acts = useRef({ onToggle, onExtend, rows: list.rows });
  useLayoutEffect(() => {
    acts.current = { onToggle, onExtend, rows: list.rows };
  });
  const columns = useMemo(() => columnsFor(selection, narrow, acts), [selection, narrow]);
  return (
    <DataTable
      label="Circuits"
      {...list}
      columns={columns}
      rowKey={(row) => row.id}
      rowHeight={narrow ? 48 : 32}
      selected={(row) => selection.has(row.id)}
      sort={sort ?? 'id'}
      onSort={(next) => onSort(next as FleetSort)}
      empty={empty}
    />
  );
}

interface Acts {
  readonly onToggle: (id: string) => void;
  readonly onExtend: (id: string, order: readonly string[]) => void;
  readonly rows: readonly CircuitRow[];
}

function columnsFor(
  selection: ReadonlySet<string>,
  narrow: boolean,
  acts: RefObject<Acts>,
): readonly Column<CircuitRow>[] {
  return [
    {
      key: 'pick',
      head: <span className="unseen">Selected</span>,
      width: '24px',
      cell: (row) => (
        <input
          type="checkbox"
          className={`above-row ${styles.pick}`}
          aria-label={`Select ${row.id}`}
          checked={selection.has(row.id)}
          onChange={(event) => {
            const shift = (event.nativeEvent as MouseEvent).shiftKey;
            const { onToggle, onExtend, rows } = acts.current;
            if (shift)
              onExtend(
                row.id,
                rows.map((each) => each.id),
              );
            else onToggle(row.id);
          }}
        />
      ),
    },
    {
      key: 'id',
      head: 'Circuit',
      width: 'minmax(120px, 1.2fr)',
      sort: 'id',
      cell: (row) => (
        <>
          <RowLink to={circuitPath(row.id)} name={row.id} />
          {narrow && row.state !== 'good' && <span className="below">{row.reason}</span>}
        </>
      ),
    },
    {
      key: 'state',
      head: 'State',
      width: '88px',
      sort: 'state',
      cell: (row) => <Status state={row.state} />,
    },
    {
      key: 'reason',
      head: 'Reason',
      width: 'minmax(120px, 2fr)',
      from: 640,
      cell: (row) => (row.state === 'good' ? <span className="muted">–</span> : row.reason),
    },
    {
      key: 'good',
      head: 'Good model',
      width: '132px',
      from: 640,
      sort: 'last_good',
      cell: (row) =>
        row.last_good === null ? (
          <span className="muted">none</span>
        ) : (
          <>
            v{row.last_good.version}{' '}
            <span className="muted">
              <Time at={row.last_good.created_at} relative />
            </span>
          </>
        ),
    },
    {
      key: 'metric',
      head: 'Metric',
      width: '88px',
      align: 'right',
      from: 480,
      cell: (row) => <Metric row={row} />,
    },
    {
      key: 'trend',
      head: 'Over versions',
      width: '84px',
      from: 800,
      cell: (row) =>
        row.trend === null ? null : <Sparkline values={row.trend.values} label={row.trend.metric} />,
    },
    {
      key: 'owed',
      head: 'Owed since',
      width: '104px',
      from: 1000,
      sort: 'owed_since',
      cell: (row) => <Time at={row.owed_since} />,
    },
  ];
}

function Metric({ row }: { readonly row: CircuitRow }) {
  const value = row.trend?.values.at(-1);
  if (row.trend === null || value === undefined) return <span className="muted">–</span>;
  return (
    <span data-hint={row.trend.metric}>
      <span className="muted">{row.trend.metric}</span> {number(value)}
    </span>
  );
}
