import { useContext } from 'react';
import { count } from './format.ts';
import { InTable } from './in-table.ts';
import styles from './counts.module.css';
import { lookOf } from './states.ts';
import { Status } from './status.tsx';

export type CountsByState = Readonly<Record<string, number>>;

/**
 * How many stand how. In a row of a table several states are told by shape and number, so that they fit one line; their
 * words are read aloud, and shown on hover.
 */
export function Counts({ counts }: { readonly counts: CountsByState }) {
  const some = Object.entries(counts).filter(([, n]) => n > 0);
  const short = useContext(InTable) && some.length > 1;
  if (some.length === 0) return <span className="muted">–</span>;
  const words = some.map(([state, n]) => `${count(n)} ${lookOf(state).word}`).join('\n');
  return (
    <span className={styles.counts} data-short={short || undefined} data-hint={short ? words : undefined}>
      {some.map(([state, n]) => (
        <Status key={state} state={state} count={n} short={short} />
      ))}
    </span>
  );
}
