import { Link } from '@tanstack/react-router';
import { figure } from '../../metrics/differences.ts';
import type { Better } from '../../metrics/differences.ts';
import { VersionLink } from '../../models/index.ts';
import { circuitPath, jobPath } from '../../paths.ts';
import styles from './approval-page.module.css';
import type { SubjectRow } from './approval-data.ts';
import type { Kind } from './consequences.ts';
import { failedOf } from './failed.ts';
import { Change, VerdictOf } from './subject-columns.tsx';

/** Everything that the stage shows of one subject. */
export function SubjectDetail({
  subject,
  kind,
  metrics,
  better,
  rehearsal,
}: {
  readonly subject: SubjectRow;
  readonly kind: Kind;
  /** Its models have a registry of their own. */
  readonly rehearsal: boolean;
  readonly metrics: readonly string[];
  readonly better: ReadonlyMap<string, Better>;
}) {
  const digest = subject.detail['digest'];
  return (
    <div className={styles.detail}>
      <div>
        <h3>{subject.subject}</h3>
        <VerdictOf subject={subject} />
      </div>
      <Links subject={subject} kind={kind} rehearsal={rehearsal} />
      {kind === 'models' && metrics.length > 0 && (
        <Comparison subject={subject} metrics={metrics} better={better} />
      )}
      {subject.quality.length > 0 && (
        <div>
          <h3>Quality gates</h3>
          <ul className={styles.rules}>
            {subject.quality.map((rule) => (
              <li key={rule.rule} data-tone={rule.ok ? 'ok' : 'failed'}>
                {rule.ok ? '✓ passed: ' : '✗ failed: '}
                {rule.message}
              </li>
            ))}
          </ul>
        </div>
      )}
      {kind === 'failures' && <Failure subject={subject} />}
      {typeof digest === 'string' && (
        <p className="muted">
          Bound to the content <code>{digest.slice(0, 12)}</code>
        </p>
      )}
    </div>
  );
}

function Links({
  subject: { subject, circuit_id },
  kind,
  rehearsal,
}: {
  readonly subject: SubjectRow;
  readonly kind: Kind;
  readonly rehearsal: boolean;
}) {
  const [, model, version] = /^(.+):(\d+)$/.exec(subject) ?? [];
  return (
    <p className={styles.links}>
      {kind === 'models' && model !== undefined && (
        <VersionLink model={model} version={Number(version)} registry={rehearsal ? 'rehearsal-dev' : 'dev'}>
          Model version
        </VersionLink>
      )}
      {circuit_id !== null && <Link to={circuitPath(circuit_id)}>Circuit {circuit_id}</Link>}
    </p>
  );
}

function Comparison({
  subject: { metrics, current },
  metrics: names,
  better,
}: {
  readonly subject: SubjectRow;
  readonly metrics: readonly string[];
  readonly better: ReadonlyMap<string, Better>;
}) {
  return (
    <table className={styles.metrics}>
      <thead>
        <tr>
          <th scope="col">Metric</th>
          <th scope="col">Candidate</th>
          <th scope="col">{current === null ? 'In use' : `v${current.version}`}</th>
          <th scope="col">Difference</th>
        </tr>
      </thead>
      <tbody>
        {names.map((name) => {
          const candidate = metrics?.[name];
          const now = current?.metrics[name];
          return (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{candidate === undefined ? '–' : figure(candidate)}</td>
              <td>{now === undefined ? '–' : figure(now)}</td>
              <td>
                <Change
                  candidate={candidate}
                  current={now}
                  better={better.get(name)}
                  isNew={current === null}
                />
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Failure({ subject }: { readonly subject: SubjectRow }) {
  const { job, attempts, message, url, log_tail, cause, kind } = failedOf(subject);
  return (
    <>
      {cause !== null && (
        <p>
          {cause} {kind !== null && <span className="muted">({kind})</span>}
        </p>
      )}
      {message !== null && message !== cause && <p>{message}</p>}
      <p className={styles.links}>
        {job !== null && <Link to={jobPath(job)}>Job {job}</Link>}
        {url !== null && (
          <a href={url} rel="noreferrer" target="_blank">
            At the provider
          </a>
        )}
        {attempts !== null && (
          <span className="muted">{attempts === 1 ? '1 attempt' : `${attempts} attempts`}</span>
        )}
      </p>
      {log_tail.length > 0 && (
        <pre className={styles.sample} tabIndex={0} aria-label="Last lines of its log">
          {log_tail.join('\n')}
        </pre>
      )}
    </>
  );
}
