import { Prose } from '../../ui/index.ts';
import styles from './settings.module.css';

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
  readonly hint: string | null;
}

/** What was looked at, what is wrong first. */
export function CheckList({ checks, none }: { readonly checks: readonly Check[]; readonly none: string }) {
  if (checks.length === 0) return <p className="muted">{none}</p>;
  const sorted = checks.toSorted((a, b) => Number(a.ok) - Number(b.ok));
  return (
    <ul className={styles.checks}>
      {sorted.map(({ name, ok, message, hint }) => (
        <li key={name} className={styles.check} data-tone={ok ? 'ok' : 'failed'}>
          <span className={styles.state}>
            <span aria-hidden="true">{ok ? '✓' : '✗'}</span>
            <span className="unseen">{ok ? 'fine: ' : 'not fine: '}</span>
          </span>
          <span className={styles.name}>{name}</span>
          <span className={styles.message}>
            <Prose text={message} />
            {hint !== null && (
              <span className={styles.hint}>
                <Prose text={hint} />
              </span>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}
