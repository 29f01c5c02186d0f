import { TILE_LOOKS } from './tile-look.ts';
import styles from './tile-mark.module.css';
import type { CircuitState } from './tiles.ts';

/** A tile of the board, as it stands in a legend. */
export function TileMark({ state }: { readonly state: CircuitState }) {
  const { fill, tone, sign, solid } = TILE_LOOKS[state];
  return (
    <svg
      viewBox="0 0 16 16"
      width="16"
      height="16"
      aria-hidden="true"
      className={styles.mark}
      data-fill={fill}
      data-solid={solid}
      style={{ color: `var(${tone})` }}
    >
      <rect x="0.75" y="0.75" width="14.5" height="14.5" rx="2" />
      <path d={sign} />
    </svg>
  );
}
