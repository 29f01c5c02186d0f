import { count, lookOf } from '../../ui/index.ts';
import styles from './state-filter.module.css';
import { TileMark } from './tile-mark.tsx';
import type { CircuitState } from './tiles.ts';

/** How many circuits stand how: the legend of the board, and the filter by state. */
export function StateFilter({
  counts,
  total,
  value,
  loading,
  onChange,
}: {
  readonly counts: Partial<Record<CircuitState, number>>;
  readonly total: number;
  readonly value: CircuitState | undefined;
  readonly loading: boolean;
  readonly onChange: (state: CircuitState | undefined) => void;
}) {
  return (
    <div role="group" aria-label="Circuits by state" className={styles.states}>
      <button
        type="button"
        className={styles.state}
        aria-pressed={value === undefined}
        onClick={() => onChange(undefined)}
      >
        <span className={styles.count}>{loading ? '–' : count(total)}</span>
        <span className={styles.word}>all</span>
      </button>
      {STATES.map((state) => {
        const n = counts[state] ?? 0;
        return (
          <button
            key={state}
            type="button"
            className={styles.state}
            data-none={n === 0 || undefined}
            data-hint={MEANINGS[state]}
            aria-pressed={value === state}
            onClick={() => onChange(value === state ? undefined : state)}
          >
            <span className={styles.count}>{loading ? '–' : count(n)}</span>
            <span className={styles.word}>
              <TileMark state={state} /> {lookOf(state).word}
            </span>
          </button>
        );
      })}
    </div>
  );
}

/** What should be looked at stands first. */
const STATES = [
  'failed',
  'owed',
  'stale',
  'new',
  'waiting',
  'training',
  'good',
] as const satisfies readonly CircuitState[];

const MEANINGS: Readonly<Record<CircuitState, string>> = {
  good: 'Its good model is what it wants.',
  stale: 'Settings or data moved on since its good model; the next run trains it.',
  owed: 'A training began and did not end; the next run trains it.',
  failed: 'Its training failed; the retry gate of the next run offers it.',
  training: 'A job of an open run is under way.',
  waiting: 'The retry gate of an open run asks about it.',
  new: 'It has no model yet; the next run trains it.',
};
