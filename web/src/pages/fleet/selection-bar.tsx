import { usePlanning } from '../../api/plans.ts';
import { Button, ErrorNotice, plural } from '../../ui/index.ts';
import styles from './selection-bar.module.css';

/** What can be done with the circuits that are picked. A plan for exactly these is made and shown; it trains nothing yet. */
export function SelectionBar({
  ids,
  onClear,
}: {
  readonly ids: ReadonlySet<string>;
  readonly onClear: () => void;
}) {
  const planning = usePlanning();
  return (
    <section aria-label="Selected circuits" className={styles.bar}>
      <p role="status">
        <strong>{plural(ids.size, 'circuit')}</strong> selected
      </p>
      <div className={styles.actions}>
        <Button onClick={onClear}>Clear</Button>
        <Button
          kind="primary"
          needs="operator"
          busy={planning.isPending}
          onClick={() => planning.plan({ circuits: [...ids] })}
        >
          Plan their training
        </Button>
      </div>
      {planning.isError && <ErrorNotice error={planning.error} />}
    </section>
  );
}
