import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { jobPath } from '../../paths.ts';
import { resultsQuery } from '../../scripts/index.ts';
import type { ResultRow } from '../../scripts/index.ts';
import { ErrorNotice, LineChart, Section, SelectBox, Skeleton, count, number } from '../../ui/index.ts';
import type { ChartPoint } from '../../ui/index.ts';
import { axisOf, bestOf, groupsBy, measured, sortFor, varying } from './axes.ts';
import type { Goal } from './axes.ts';
import { Bars } from './bars.tsx';
import styles from './script-run.module.css';

interface Chosen {
  readonly metric?: string | undefined;
  readonly goal?: Goal | undefined;
  /** A parameter, or `jobs`: each by itself. */
  readonly x?: string | undefined;
  readonly by?: string | undefined;
}

/** What the settings came to: the best, and a chart with axes of one's choice. */
export function Sweep({
  run,
  metric,
  goal,
  parameters,
  metrics,
  chosen,
  onChoose,
}: {
  readonly run: string;
  readonly metric: string;
  readonly goal: Goal;
  readonly parameters: readonly string[];
  readonly metrics: readonly string[];
  readonly chosen: Chosen;
  readonly onChoose: (next: Chosen) => void;
}) {
  const { data, error, refetch } = useQuery(resultsQuery(run, sortFor(metric, goal)));
  const failure = error !== null && <ErrorNotice error={error} retry={() => void refetch()} />;
  if (data === undefined) return failure === false ? <Skeleton lines={1} height={260} /> : failure;
  const rows = data.items.filter((row) => measured(row, { metric }) !== null);
  const swept = varying(rows, parameters);
  const x = chosen.x === 'jobs' ? undefined : (swept.find((name) => name === chosen.x) ?? swept[0]);
  const by = swept.find((name) => name === chosen.by && name !== x);
  return (
    <Section
      title={`${metric} of the jobs`}
      aside={
        <div className={styles.controls}>
          <SelectBox
            label="Metric"
            all={null}
            value={metric}
            options={asOptions(metrics)}
            onChange={(next) => onChoose({ metric: next, goal: undefined })}
          />
          <SelectBox
            label="Best is the"
            all={null}
            value={goal}
            options={['lowest', 'highest']}
            onChange={(next) => onChoose({ goal: next })}
          />
          {swept.length > 0 && (
            <SelectBox
              label="Over"
              all={null}
              value={x ?? 'jobs'}
              options={[...asOptions(swept), { value: 'jobs', text: 'each job' }]}
              onChange={(next) => onChoose({ x: next })}
            />
          )}
          {x !== undefined && swept.length > 1 && (
            <SelectBox
              label="Told apart by"
              all="nothing"
              value={by}
              options={asOptions(swept.filter((name) => name !== x))}
              onChange={(next) => onChoose({ by: next })}
            />
          )}
        </div>
      }
    >
      <div className="stack">
        {failure}
        <Best rows={rows} metric={metric} goal={goal} />
        {x === undefined ? (
          <Bars rows={rows} metric={metric} goal={goal} />
        ) : (
          <Scatter rows={rows} metric={metric} goal={goal} x={x} by={by} />
        )}
        {data.total > data.items.length && (
          <p className="muted">
            The best {count(data.items.length)} of {count(data.total)} jobs are drawn.
          </p>
        )}
      </div>
    </Section>
  );
}

const asOptions = (names: readonly string[]): { readonly value: string; readonly text: string }[] =>
  names.map((name) => ({ value: name, text: name }));

interface Shown {
  readonly rows: readonly ResultRow[];
  readonly metric: string;
  readonly goal: Goal;
}

/** The winner in a sentence, with what it was given. */
function Best({ rows, metric, goal }: Shown) {
  const best = bestOf(rows, metric, goal);
  const first = rows.find((row) => best?.ids.has(row.id));
  if (best === null || first === undefined) return null;
  const settings = Object.entries(first.parameters).map(([name, value]) => `${name} ${value}`);
  const told = settings.length === 0 ? first.id : settings.join(', ');
  return (
    <p className={styles.winner}>
      <span data-tone="ok" className={styles.best}>
        ★ best
      </span>{' '}
      {metric} <strong>{number(best.value)}</strong> with{' '}
      {first.job === null ? told : <Link to={jobPath(first.job)}>{told}</Link>}
      {best.ids.size > 1 && <span className="muted">, and {best.ids.size - 1} as good</span>}
    </p>
  );
}

/** A point for each job. */
function Scatter({
  rows,
  metric,
  goal,
  x,
  by,
}: Shown & { readonly x: string; readonly by: string | undefined }) {
  const navigate = useNavigate();
  const best = bestOf(rows, metric, goal);
  const having = rows.filter((row) => row.parameters[x] !== undefined);
  const axis = axisOf(having.map((row) => row.parameters[x] ?? ''));
  const jobs = new Map(having.map((row) => [row.id, row.job]));
  return (
    <LineChart
      label={`${metric} over ${x}`}
      x_label={axis.kind === 'log' ? `${x} (logarithmic)` : x}
      y_label={metric}
      lines={false}
      height={260}
      tick={axis.tick}
      marks={[{ mark: 'ring', word: 'best' }]}
      series={groupsBy(having, by).map((group) => ({
        name: group.name,
        points: group.rows
          .map((row): ChartPoint => ({
            x: axis.place(row.parameters[x] ?? ''),
            y: measured(row, { metric }) ?? 0,
            name: row.id,
            mark: best?.ids.has(row.id) === true ? 'ring' : undefined,
          }))
          .toSorted((a, b) => a.x - b.x),
      }))}
      onPick={({ name }) => {
        const job = jobs.get(name) ?? null;
        if (job !== null) void navigate({ to: jobPath(job) });
      }}
    />
  );
}
