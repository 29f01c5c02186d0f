import { Link } from '@tanstack/react-router';
import { jobPath } from '../../paths.ts';
import type { ResultRow } from '../../scripts/index.ts';
import { count, number } from '../../ui/index.ts';
import { bestOf, measured, shortNames } from './axes.ts';
import type { Goal } from './axes.ts';
import styles from './script-run.module.css';

/** Bars that can be looked over; the table has them all. */
const MOST = 40;

/** A bar for each job, the best first. */
export function Bars({
  rows,
  metric,
  goal,
}: {
  readonly rows: readonly ResultRow[];
  readonly metric: string;
  readonly goal: Goal;
}) {
  const best = bestOf(rows, metric, goal);
  const name = shortNames(rows);
  const shown = rows.slice(0, MOST);
  const values = shown.map((row) => measured(row, { metric }) ?? 0);
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const span = high - low || 1;
  const at = (value: number): number => ((value - low) / span) * 100;
  return (
    <>
      <ol className={styles.bars} aria-label={`${metric}, the best first`}>
        {shown.map((row, i) => {
          const value = values[i] ?? 0;
          const [from, to] = [at(Math.min(0, value)), at(Math.max(0, value))];
          const isBest = best?.ids.has(row.id) === true;
          return (
            <li key={row.id}>
              <span className={styles.barName} data-hint={row.id}>
                {row.job === null ? name(row.id) : <Link to={jobPath(row.job)}>{name(row.id)}</Link>}
              </span>
              <span className={styles.bar} aria-hidden="true">
                <span
                  data-best={isBest || undefined}
                  style={{ left: `${from}%`, width: `${Math.max(to - from, 0.5)}%` }}
                />
              </span>
              <span className={styles.barValue}>
                {number(value)}
                {isBest && (
                  <span data-tone="ok" className={styles.best}>
                    {' '}
                    ★ best
                  </span>
                )}
              </span>
            </li>
          );
        })}
      </ol>
      {rows.length > MOST && (
        <p className="muted">
          The best {MOST} of {count(rows.length)}; the table has them all.
        </p>
      )}
    </>
  );
}
