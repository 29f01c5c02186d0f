import type { FleetProblem } from '../../../../src/views/index.ts';
import { Notice, Time } from '../../ui/index.ts';
import styles from './fleet-problem.module.css';

/** The config cannot be read as it is now: where it is wrong, and what is shown meanwhile. */
export const FleetProblemNotice = ({
  problem,
  at,
}: {
  readonly problem: FleetProblem;
  readonly at: string | null;
}) => (
  <div role="alert">
    <Notice tone="failed" title={problem.message}>
      {problem.problems.length > 0 && (
        <ul className={styles.problems}>
          {problem.problems.slice(0, 20).map((p) => (
            <li key={`${p.file}:${p.line}:${p.path}:${p.message}`}>
              <code>{[p.file, p.line, p.column].filter((part) => part !== null).join(':')}</code> {p.path}{' '}
              {p.message}
              {p.hint !== null && <span className="muted"> {p.hint}</span>}
            </li>
          ))}
        </ul>
      )}
      {problem.hint !== null && <p className="muted">{problem.hint}</p>}
      {at !== null && (
        <p>
          Below is the fleet as it was at <Time at={at} />.
        </p>
      )}
    </Notice>
  </div>
);
