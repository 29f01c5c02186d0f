import styles from './skeleton.module.css';

/** Holds the place of what is on its way: as many lines, as high as they will be. */
export function Skeleton({ lines = 1, height = 20 }: { readonly lines?: number; readonly height?: number }) {
  return (
    <div aria-hidden="true" className={styles.skeleton}>
      {Array.from({ length: lines }, (_, i) => (
        <div key={i} className={styles.line} style={{ height }} data-n={i % 3} />
      ))}
    </div>
  );
}
