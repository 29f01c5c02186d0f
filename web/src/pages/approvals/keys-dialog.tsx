import { Button, CheckBox, Dialog, DialogFoot } from '../../ui/index.ts';
import styles from './approval-page.module.css';

const KEYS: readonly (readonly [keys: readonly string[], what: string])[] = [
  [['j', '↓'], 'next row'],
  [['k', '↑'], 'row before'],
  [['x'], 'select the row, or let it go'],
  [['X'], 'select everything from the last selected row to this one'],
  [['Enter'], 'all that is known of the row'],
  [['a'], 'approve what is selected, else the row'],
  [['h'], 'hold it'],
  [['r'], 'reject it'],
  [['Esc'], 'select nothing'],
  [['?'], 'these keys'],
];

/** What keys do here, and a switch for those whom they hinder. */
export function KeysDialog({
  open,
  onClose,
  on,
  onSwitch,
}: {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly on: boolean;
  readonly onSwitch: (on: boolean) => void;
}) {
  return (
    <Dialog open={open} onClose={onClose} title="Keys">
      <dl className={styles.keys}>
        {KEYS.map(([keys, what]) => (
          <div key={what} className={styles.keyRow}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <CheckBox label="These keys are on" checked={on} onChange={onSwitch} />
      <DialogFoot>
        <Button onClick={onClose}>Close</Button>
      </DialogFoot>
    </Dialog>
  );
}
