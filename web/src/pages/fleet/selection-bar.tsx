import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { meQuery } from '../../api/me.ts';
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
  const { data: me } = useQuery(meQuery);
  const may = me === undefined || me.roles.includes('operator') || me.roles.includes('admin');
  const planning = useMutation({
    mutationFn: () => makePlan({ circuits: [...ids] }),
    onSuccess: ({ plan_id }) => void navigate({ to: '/plan/$plan', params: { plan: plan_id } }),
  });
  return (
    <section aria-label="Selected circuits" className={styles.bar}>
      <p role="status">
        <strong>{plural(ids.size, 'circuit')}</strong> selected
      </p>
      <div className={styles.actions}>
        <Button onClick={onClear}>Clear</Button>
        <span data-hint={may ? undefined : 'Training needs the role operator.'}>
          <Button kind="primary" busy={planning.isPending} disabled={!may} onClick={() => planning.mutate()}>
            Plan their training
          </Button>
        </span>
      </div>
      {planning.isError && <ErrorNotice error={planning.error} />}
    </section>
  );
}
