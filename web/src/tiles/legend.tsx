import { Button, count, lookOf } from '../ui/index.ts';
import styles from './legend.module.css';

/** The states of a board with how many there are of each; a click looks at one of them alone, a second at all again. */
export function Legend({
  label,
  counts,
  only,
  onOnly,
}: {
  readonly label: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly only: string | undefined;
  readonly onOnly: (state: string | undefined) => void;
}) {
  return (
    <div role="group" aria-label={label} className={styles.legend}>
      {Object.entries(counts)
        .filter(([state, n]) => n > 0 || state === only)
        .map(([state, n]) => {
          const look = lookOf(state);
          return (
            <Button
              key={state}
              small
              aria-pressed={only === state}
              data-tone={look.tone}
              onClick={() => onOnly(only === state ? undefined : state)}
            >
              <span aria-hidden="true" className={styles.shape}>
                {look.shape}
              </span>
              {count(n)} {look.word}
            </Button>
          );
        })}
    </div>
  );
}
