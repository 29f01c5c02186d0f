import { lookOf } from './states.ts';
import styles from './counts.module.css';
import { Status } from './status.tsx';

export type CountsByState = Readonly<Record<string, number>>;

/** How many stand how, as words and as one bar. */
export function Counts({ counts, bar = true }: { readonly counts: CountsByState; readonly bar?: boolean }) {
  const some = Object.entries(counts).filter(([, n]) => n > 0);
  const total = some.reduce((sum, [, n]) => sum + n, 0);
  if (total === 0) return <span className="muted">–</span>;
  return (
    <span className={styles.counts}>
      <span className={styles.words}>
        {some.map(([state, n]) => (
          <Status key={state} state={state} count={n} />
        ))}
      </span>
      {bar && (
        <span className={styles.bar} aria-hidden="true">
          {some.map(([state, n]) => (
            <span key={state} data-tone={lookOf(state).tone} style={{ flexGrow: n }} />
          ))}
        </span>
      )}
    </span>
  );
}
