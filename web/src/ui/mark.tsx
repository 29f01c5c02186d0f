import styles from './mark.module.css';

/** The sign of Trainyard, the same as the favicon: a line, its siding, a station, a signal. */
export const Mark = () => (
  <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true" className={styles.mark}>
    <path d="M2 13H30" />
    <path d="M7 13C12 13 10 24 15 24H19C24 24 22 13 27 13" />
    <circle className={styles.stop} cx="16" cy="13" r="4.5" />
    <circle className={styles.lamp} cx="26" cy="5" r="3" />
  </svg>
);
