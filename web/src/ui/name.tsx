import styles from './name.module.css';

/**
 * A name that gives way in its middle where there is little room: names of a fleet differ at their ends. What it stands in
 * has the whole as its `aria-label` and `data-hint`.
 */
export const Name = ({ text }: { readonly text: string }) =>
  text.length <= SHORT ? (
    text
  ) : (
    <span className={styles.name}>
      <span className={styles.start} data-gives-way>
        {text.slice(0, -END)}
      </span>
      <span className={styles.end}>{text.slice(-END)}</span>
    </span>
  );

const SHORT = 16;
const END = 8;
