import type { PlanView } from '../../../../src/views/index.ts';
import { Section, Status } from '../../ui/index.ts';
import styles from './plan.module.css';

/** What the provider says before the first job, and what may have been misread in the config. */
export function Checks({ plan: { preflight, warnings } }: { readonly plan: PlanView }) {
  if (preflight.length === 0 && warnings.length === 0) return null;
  const wrong = preflight.filter((check) => !check.ok).length;
  return (
    <Section
      title="Checks"
      aside={
        <span className={styles.checkCounts}>
          {wrong > 0 && <Status state="failed" count={wrong} />}
          <Status state="passed" count={preflight.length - wrong} />
          {warnings.length > 0 && <Status state="warning" count={warnings.length} />}
        </span>
      }
    >
      <ul className={styles.checkList}>
        {preflight.map(({ name, ok, message, hint }) => (
          <li key={name} data-tone={ok ? 'ok' : 'failed'}>
            <span className={styles.sign}>
              <span aria-hidden="true">{ok ? '✓' : '✗'}</span>
              <span className="unseen">{ok ? 'well' : 'wrong'}</span>
            </span>
            <span>
              <strong>{name}</strong> {message}
              {hint !== null && <span className="muted"> {hint}</span>}
            </span>
          </li>
        ))}
        {warnings.map((w) => (
          <li key={`${w.file}:${w.line}:${w.path}:${w.message}`} data-tone="waiting">
            <span className={styles.sign}>
              <span aria-hidden="true">!</span>
              <span className="unseen">warning</span>
            </span>
            <span>
              <code>
                {[w.file, w.line, w.column].filter((part) => part !== null && part !== '').join(':')}
              </code>{' '}
              {w.message}
              {w.hint !== null && <span className="muted"> {w.hint}</span>}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
