import { Prose, Button, count } from '../../ui/index.ts';
import styles from './approval-page.module.css';
import type { Verdict } from './approval-data.ts';
import type { Selection } from './selection.ts';

/** Deciding on what is chosen, always at the same place. */
export function DecideBar({
  selection,
  hasCurrent,
  refusal,
  gathering,
  total,
  filtered,
  onDecide,
  onAll,
  onClear,
  onKeys,
}: {
  readonly selection: Selection;
  readonly hasCurrent: boolean;
  readonly refusal: string | null;
  readonly gathering: boolean;
  /** How many match. */
  readonly total: number | undefined;
  readonly filtered: boolean;
  readonly onDecide: (verdict: Verdict) => void;
  readonly onAll: () => void;
  readonly onClear: () => void;
  readonly onKeys: () => void;
}) {
  const chosen = selection.names.size;
  const none = refusal !== null || (chosen === 0 && !hasCurrent);
  return (
    <div className={styles.bar} role="group" aria-label="Decide">
      <div className={styles.verdicts}>
        <Button kind="primary" disabled={none} onClick={() => onDecide('approve')}>
          Approve
        </Button>
        <Button disabled={none} onClick={() => onDecide('hold')}>
          Hold
        </Button>
        <Button kind="danger" disabled={none} onClick={() => onDecide('reject')}>
          Reject
        </Button>
        <span className={styles.chosen} role="status">
          {chosen > 0 ? `${count(chosen)} selected` : hasCurrent ? 'the current row' : 'none selected'}
        </span>
        {refusal !== null && (
          <span className={styles.refusal}>
            <Prose text={refusal} />
          </span>
        )}
      </div>
      <div className={styles.verdicts}>
        <Button small busy={gathering} onClick={onAll}>
          {`Select all${total === undefined ? '' : ` ${count(total)}`}${filtered ? ' that match' : ''}`}
        </Button>
        <Button small disabled={chosen === 0 && !gathering} onClick={onClear}>
          Select none
        </Button>
        <Button small onClick={onKeys} aria-label="Keys">
          ?
        </Button>
      </div>
    </div>
  );
}
