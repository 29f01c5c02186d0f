import { useId, useState } from 'react';
import type { PlanView } from '../../../../src/views/index.ts';
import { usePlanning } from '../../api/plans.ts';
import { Button, ErrorNotice, Field, Notice, count } from '../../ui/index.ts';
import styles from './plan.module.css';

/** More of the fleet would be trained than is allowed without a word. The word goes on record. */
export function GuardNotice({ plan }: { readonly plan: PlanView }) {
  const { guard, options } = plan;
  const [reason, setReason] = useState('');
  const id = useId();
  const planning = usePlanning();
  return (
    <Notice
      tone="waiting"
      title={`Blocked by the guard: ${count(guard.retrain)} of ${count(guard.with_model)} circuits with a good model would be trained again`}
    >
      <p>
        The limit is {Math.round(guard.max_changed * 100)} %. A change of the defaults can do that by
        accident. If it is meant, say why; it goes on record with the run.
      </p>
      <form
        className={styles.guard}
        onSubmit={(event) => {
          event.preventDefault();
          planning.plan({ ...options, allow_wide: reason.trim() });
        }}
      >
        <Field label="Why so many?" htmlFor={id}>
          <input
            id={id}
            type="text"
            required
            maxLength={2000}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        </Field>
        <Button type="submit" needs="operator" busy={planning.isPending} disabled={reason.trim() === ''}>
          Plan with this reason
        </Button>
      </form>
      {planning.isError && <ErrorNotice error={planning.error} />}
    </Notice>
  );
}
