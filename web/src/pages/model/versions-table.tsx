import { Link } from '@tanstack/react-router';
import { useList } from '../../api/list.ts';
import { VersionLink, Withdraw, fetchVersions, useRegistry } from '../../models/index.ts';
import type { VersionRow } from '../../models/index.ts';
import { jobPath, runPath } from '../../paths.ts';
import { DataTable, Empty, Section, SelectBox, Status, Time, lookOf, number } from '../../ui/index.ts';
import type { Column } from '../../ui/index.ts';
import { chosenIn } from './comparison.ts';
import styles from './model-page.module.css';

const STATES = ['good', 'superseded', 'promoted', 'pull_request', 'withdrawn', 'removed'] as const;
type State = (typeof STATES)[number];

/** Every version, newest first, with what became of it. Two of them can be chosen to be compared. */
export function VersionsTable({
  model,
  metric,
  state,
  onState,
  compare,
  onToggle,
}: {
  readonly model: string;
  /** The one on the chart, which comes first. */
  readonly metric: string | undefined;
  readonly state: State | undefined;
  readonly onState: (state: State | undefined) => void;
  /** As the address has it. */
  readonly compare: string | undefined;
  readonly onToggle: (version: number) => void;
}) {
  const registry = useRegistry();
  const list = useList(['models', 'versions', registry, model, state], (cursor, signal) =>
    fetchVersions(registry, model, state, cursor, signal),
  );
  const chosen = chosenIn(compare);
  const names = tellingOf(list.rows, metric);
  return (
    <Section
      title="Versions"
      aside={
        <>
          <span className="muted" role="status">
            {chosen.length === 1 ? `v${chosen[0]} is chosen; choose one more to compare them` : ''}
          </span>
          <SelectBox
            label="State"
            value={state}
            options={STATES.map((value) => ({ value, text: lookOf(value).word }))}
            onChange={onState}
          />
        </>
      }
      plain
    >
      <DataTable
        label={`Versions of ${model}`}
        {...list}
        height={480}
        rowHeight={36}
        rowKey={(v) => String(v.version)}
        selected={(v) => chosen.includes(v.version)}
        columns={columns(names, chosen, onToggle)}
        empty={
          list.more ? null : (
            <Empty title={state === undefined ? 'No version.' : `No version is ${lookOf(state).word}.`} />
          )
        }
      />
    </Section>
  );
}

/** Three metrics that tell versions apart: those that are the same everywhere come last. */
function tellingOf(rows: readonly VersionRow[], first: string | undefined): string[] {
  const values = new Map<string, Set<number>>();
  for (const { metrics } of rows)
    for (const [name, value] of Object.entries(metrics))
      values.set(name, (values.get(name) ?? new Set()).add(value));
  const rank = (name: string): number => (name === first ? 0 : (values.get(name)?.size ?? 0) > 1 ? 1 : 2);
  return [...values.keys()].toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1)).slice(0, 3);
}

const columns = (
  metrics: readonly string[],
  chosen: readonly number[],
  onToggle: (version: number) => void,
): readonly Column<VersionRow>[] => [
  {
    key: 'compare',
    head: <span className="unseen">Compare</span>,
    width: '24px',
    cell: ({ version }) => (
      <span className="above-row">
        <input
          type="checkbox"
          className={styles.box}
          aria-label={`Compare v${version}`}
          checked={chosen.includes(version)}
          onChange={() => onToggle(version)}
        />
      </span>
    ),
  },
  {
    key: 'version',
    head: 'Version',
    width: '64px',
    cell: ({ model_name, version }) => (
      <VersionLink model={model_name} version={version} className="row-link">
        v{version}
      </VersionLink>
    ),
  },
  {
    key: 'state',
    head: 'State',
    width: 'minmax(112px, 0.7fr)',
    cell: (v) => (
      <span data-hint={v.withdrawn === null ? undefined : `${v.withdrawn.by}: ${v.withdrawn.reason}`}>
        <Status state={v.state} />
      </span>
    ),
  },
  {
    key: 'promoted',
    head: 'Promoted',
    width: 'minmax(96px, 0.7fr)',
    from: 480,
    cell: ({ promoted_at }) =>
      promoted_at === null ? (
        <span className="muted">–</span>
      ) : (
        <span data-tone="ok" className={styles.promoted}>
          ✓ <Time at={promoted_at} />
        </span>
      ),
  },
  {
    key: 'made',
    head: 'Registered',
    width: 'minmax(96px, 0.7fr)',
    from: 640,
    cell: (v) => <Time at={v.created_at} />,
  },
  {
    key: 'run',
    head: 'Run',
    width: '48px',
    from: 480,
    cell: ({ run }) =>
      run === null ? (
        <span className="muted">gone</span>
      ) : (
        <Link to={runPath(run)} className="above-row">
          {run}
        </Link>
      ),
  },
  {
    key: 'job',
    head: 'Job',
    width: 'minmax(216px, 1.2fr)',
    from: 1200,
    cell: ({ run, job_name }) =>
      run === null ? (
        <span className="muted">{job_name}</span>
      ) : (
        <Link to={jobPath(job_name)} className="above-row" data-hint={job_name}>
          {job_name}
        </Link>
      ),
  },
  ...metrics.map((metric, i): Column<VersionRow> => ({
    key: `metric.${metric}`,
    head: metric,
    width: 'minmax(64px, 0.6fr)',
    align: 'right',
    ...(i === 0 ? {} : { from: i === 1 ? 640 : 800 }),
    cell: (v) => (v.metrics[metric] === undefined ? '–' : number(v.metrics[metric])),
  })),
  {
    key: 'withdraw',
    head: <span className="unseen">What can be done</span>,
    width: '88px',
    align: 'right',
    from: 640,
    cell: (v) => (
      <span className="above-row">
        <Withdraw version={v} inRow />
      </span>
    ),
  },
];
