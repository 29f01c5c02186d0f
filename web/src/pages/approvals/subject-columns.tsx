import { differenceOf, figure, signed } from '../../metrics/differences.ts';
import type { Better } from '../../metrics/differences.ts';
import type { Column } from '../../ui/index.ts';
import { Status } from '../../ui/index.ts';
import type { SubjectRow } from './approval-data.ts';
import type { Kind } from './consequences.ts';
import { failedOf } from './failed.ts';
import styles from './approval-page.module.css';

/** Beside each candidate's numbers those of the model in use, and what that means. */
export function columnsFor(
  kind: Kind,
  metrics: readonly string[],
  better: ReadonlyMap<string, Better>,
  narrow: boolean,
): readonly Column<SubjectRow>[] {
  const columns =
    kind === 'failures'
      ? FAILURE_COLUMNS
      : kind === 'models'
        ? metrics.flatMap((name, i) => metricColumns(name, better.get(name), i))
        : [];
  return narrow ? columns : [...columns, VERDICT];
}

const VERDICT: Column<SubjectRow> = {
  key: 'verdict',
  head: 'Verdict',
  width: 'minmax(96px, 1fr)',
  cell: (s) => <VerdictOf subject={s} />,
};

/** What was said of it; what is open and held back by a quality gate is marked, with the reason. */
export function VerdictOf({ subject: { verdict, held_because } }: { readonly subject: SubjectRow }) {
  if (verdict !== 'pending' || held_because === null) return <Status state={VERDICTS[verdict]} />;
  return (
    <span className={styles.heldBack} data-tone="waiting">
      ‖ held back <span className="muted">{held_because}</span>
    </span>
  );
}
const VERDICTS = { pending: 'open', approve: 'approved', hold: 'held', reject: 'rejected' } as const;

const metricColumns = (name: string, better: Better | undefined, i: number): Column<SubjectRow>[] => [
  {
    key: `metric.${name}`,
    head: <span data-hint={`${name} of the candidate, then of the model in use`}>{name}</span>,
    width: '136px',
    align: 'right',
    sort: name,
    from: METRICS_FROM[i] ?? 1200,
    cell: ({ metrics, current }) => (
      <>
        <span>{shown(metrics?.[name])}</span>
        <span className={styles.now}>{current === null ? '–' : shown(current.metrics[name])}</span>
      </>
    ),
  },
  {
    key: `change.${name}`,
    head: <span data-hint={`Difference of ${name} to the model in use`}>Δ {name}</span>,
    width: '116px',
    align: 'right',
    sort: `change.${name}`,
    ...(i === 0 ? {} : { from: METRICS_FROM[i] ?? 1200 }),
    cell: ({ metrics, current }) => (
      <Change
        candidate={metrics?.[name]}
        current={current?.metrics[name]}
        better={better}
        isNew={current === null}
      />
    ),
  },
];

/** How wide a table has to be for a metric and its change, so that names and verdicts keep their room. */
const METRICS_FROM = [640, 1000, 1200] as const;

const shown = (n: number | undefined): string => (n === undefined ? '–' : figure(n));

/** A difference by sign and word; the colour only helps. */
export function Change({
  candidate,
  current,
  better,
  isNew,
}: {
  readonly candidate: number | undefined;
  readonly current: number | undefined;
  readonly better: Better | undefined;
  readonly isNew: boolean;
}) {
  if (isNew) return <span className="muted">new</span>;
  const difference = differenceOf(candidate, current, better);
  if (difference === null) return <span className="muted">–</span>;
  const { change, word } = difference;
  if (word === 'same') return <span className="muted">same</span>;
  return (
    <span
      className={styles.change}
      data-tone={word === 'better' ? 'ok' : word === 'worse' ? 'failed' : 'idle'}
    >
      {signed(change)} <span className={styles.word}>{word === 'more' || word === 'less' ? '' : word}</span>
    </span>
  );
}

const FAILURE_COLUMNS: readonly Column<SubjectRow>[] = [
  {
    key: 'cause',
    head: 'Cause',
    width: 'minmax(120px, 2fr)',
    cell: (s) => {
      const failed = failedOf(s);
      return failed.cause ?? failed.message ?? '–';
    },
    from: 640,
  },
  { key: 'class', head: 'Kind', width: '88px', cell: (s) => failedOf(s).kind ?? '–', from: 640 },
  {
    key: 'attempts',
    head: 'Attempts',
    width: '72px',
    align: 'right',
    cell: (s) => failedOf(s).attempts ?? '–',
    from: 800,
  },
  {
    key: 'owed',
    head: 'Failed in',
    width: '112px',
    cell: (s) => (failedOf(s).owed ? 'an earlier run' : 'this run'),
    from: 800,
  },
];
