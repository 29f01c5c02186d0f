import { count as counted } from './format.ts';
import { lookOf } from './states.ts';
import styles from './status.module.css';

/** A state as shape and word; `count` before the word where it counts things. `short`: the word is only read aloud. */
export function Status({
  state,
  count,
  short = false,
}: {
  readonly state: string;
  readonly count?: number;
  readonly short?: boolean;
}) {
  const { shape, word, tone } = lookOf(state);
  return (
    <span className={styles.status} data-tone={tone}>
      <span className={styles.shape} aria-hidden="true">
        {shape}
      </span>
      {count === undefined ? word : short ? counted(count) : `${counted(count)} ${word}`}
      {short && <span className="unseen">{word}</span>}
    </span>
  );
}

/** The same as a filled label, for the head of a page. */
export function StatusBadge({ state, word }: { readonly state: string; readonly word?: string }) {
  const look = lookOf(state);
  return (
    <span className={styles.badge} data-tone={look.tone}>
      <span className={styles.shape} aria-hidden="true">
        {look.shape}
      </span>
      {word ?? look.word}
    </span>
  );
}

/** The shape alone; the word is read aloud, and shown on hover. */
export function StatusShape({ state }: { readonly state: string }) {
  const { shape, word, tone } = lookOf(state);
  return (
    <span className={styles.status} data-tone={tone} data-hint={word}>
      <span className={styles.shape} aria-hidden="true">
        {shape}
      </span>
      <span className="unseen">{word}</span>
    </span>
  );
}
