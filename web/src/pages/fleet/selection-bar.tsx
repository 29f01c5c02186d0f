import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { makePlan } from '../../api/plans.ts';
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
  const navigate = useNavigate();
  const planning = useMutation({
    mutationFn: () => makePlan({ circuits: [...ids] }),
  });
  const plan = (): void =>
    planning.mutate(undefined, {
      // Whoever has gone elsewhere meanwhile stays there.
      onSuccess: ({ plan_id }) => void navigate({ to: '/plan/$plan', params: { plan: plan_id } }),
    });
  return (
    <section aria-label="Selected circuits" className={styles.bar}>
      <p role="status">
        <strong>{plural(ids.size, 'circuit')}</strong> selected
      </p>
      <div className={styles.actions}>
        <Button onClick={onClear}>Clear</Button>
        <Button kind="primary" needs="operator" busy={planning.isPending} onClick={plan}>
          Plan their training
        </Button>
      </div>
      {planning.isError && <ErrorNotice error={planning.error} />}
    </section>
  );
}
