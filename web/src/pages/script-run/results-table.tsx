import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { useList } from '../../api/list.ts';
import { jobPath } from '../../paths.ts';
import { fetchResults, resultsQuery } from '../../scripts/index.ts';
import type { ResultRow, Results } from '../../scripts/index.ts';
import {
  DataTable,
  Empty,
  SearchBox,
  Section,
  Seconds,
  SelectBox,
  Status,
  number,
  plural,
} from '../../ui/index.ts';
import type { Column } from '../../ui/index.ts';
import { bestOf, shortNames, sortFor } from './axes.ts';
import type { Goal } from './axes.ts';
import styles from './script-run.module.css';

const STATES = ['pending', 'queued', 'preparing', 'running', 'succeeded', 'failed', 'canceled'] as const;

interface Filter {
  readonly q?: string | undefined;
  readonly status?: (typeof STATES)[number] | undefined;
  readonly sort?: string | undefined;
}

/** Every job with its settings, what it measured and how it went; sorted by the server. */
export function ResultsTable({
  run,
  results,
  metric,
  goal,
  filter: { q, status, sort },
  onFilter,
}: {
  readonly run: string;
  readonly results: Pick<Results, 'items' | 'parameters' | 'metrics'>;
  /** The one that decides which is best; undefined: none was measured. */
  readonly metric: string | undefined;
  readonly goal: Goal;
  readonly filter: Filter;
  readonly onFilter: (next: Filter) => void;
}) {
  const order = sort ?? (metric === undefined ? 'position' : sortFor(metric, goal));
  const list = useList(['jobs', 'scripts', run, 'table', q, status, order], (cursor, signal) =>
    fetchResults(run, { q, status, sort: order }, cursor, signal),
  );
  const { data: best } = useQuery({
    ...resultsQuery(run, metric === undefined ? undefined : sortFor(metric, goal)),
    select: ({ items }) => (metric === undefined ? null : bestOf(items, metric, goal)),
  });
  const { items, parameters, metrics } = results;
  const shown =
    metric === undefined ? [] : [metric, ...metrics.filter((name) => name !== metric)].slice(0, 4);
  return (
    <Section
      title="Jobs"
      aside={
        <>
          {list.last !== undefined && <span className="muted">{plural(list.last.total, 'job')}</span>}
          <div className={styles.controls}>
            <SearchBox
              label="Find jobs"
              placeholder="Name or path"
              value={q ?? ''}
              onChange={(text) => onFilter({ q: text === '' ? undefined : text })}
            />
            <SelectBox
              label="State"
              value={status}
              options={STATES}
              onChange={(next) => onFilter({ status: next })}
            />
          </div>
        </>
      }
      plain
    >
      <DataTable
        label="Jobs of the scripts"
        {...list}
        height={520}
        rowHeight={36}
        rowKey={(row) => row.id}
        sort={order}
        onSort={(next) => onFilter({ sort: next })}
        columns={columnsFor(parameters, shown, best?.ids ?? NONE, shortNames(items))}
        empty={<Empty title="No job is like that.">Take a filter away.</Empty>}
      />
    </Section>
  );
}

const NONE: ReadonlySet<string> = new Set();

const columnsFor = (
  parameters: readonly string[],
  metrics: readonly string[],
  best: ReadonlySet<string>,
  nameOf: (id: string) => string,
): readonly Column<ResultRow>[] => [
  {
    key: 'job',
    head: 'Job',
    width: 'minmax(96px, 2fr)',
    cell: ({ id, job }) => (
      <>
        {best.has(id) && (
          <span data-tone="ok" className={styles.best}>
            ★ best{' '}
          </span>
        )}
        {job === null ? (
          <span data-hint={id}>{nameOf(id)}</span>
        ) : (
          <Link to={jobPath(job)} className="row-link" data-hint={`${id}: its log`}>
            {nameOf(id)}
          </Link>
        )}
      </>
    ),
  },
  {
    key: 'status',
    head: 'State',
    width: '104px',
    cell: ({ status, message }) => (
      <span data-hint={message ?? undefined}>
        <Status state={status} />
      </span>
    ),
  },
  ...parameters.slice(0, 5).map((name, i): Column<ResultRow> => ({
    key: `parameter.${name}`,
    head: name,
    width: 'minmax(56px, 0.7fr)',
    align: 'right',
    from: i === 0 ? 480 : i < 3 ? 800 : 1000,
    cell: ({ parameters: given }) => given[name] ?? <span className="muted">–</span>,
  })),
  ...metrics.map((name, i): Column<ResultRow> => ({
    key: `metric.${name}`,
    head: name,
    width: 'minmax(64px, 0.8fr)',
    align: 'right',
    sort: `metrics.${name}`,
    ...(i === 0 ? {} : { from: i === 1 ? 640 : 1000 }),
    cell: ({ metrics: told }) =>
      told?.[name] === undefined ? <span className="muted">–</span> : number(told[name]),
  })),
  {
    key: 'duration',
    head: 'Ran for',
    width: '80px',
    align: 'right',
    sort: 'duration_s',
    from: 480,
    cell: ({ duration_s }) => <Seconds s={duration_s} />,
  },
];
