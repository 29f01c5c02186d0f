import styles from './changes.module.css';
import { valueText } from './value-text.ts';

/** Settings that moved, each with what it was and what it is now. */
export const Changes = ({
  changes,
}: {
  readonly changes: readonly {
    readonly field: string;
    readonly before?: unknown;
    readonly after?: unknown;
  }[];
}) => (
  <table className={styles.changes}>
    <thead className="unseen">
      <tr>
        <th scope="col">Setting</th>
        <th scope="col">Before</th>
        <th scope="col">After</th>
      </tr>
    </thead>
    <tbody>
      {changes.map(({ field, before, after }) => (
        <tr key={field}>
          <th scope="row">{field}</th>
          <td>
            <del>{valueText(before)}</del>
          </td>
          <td>
            <span aria-hidden="true">→ </span>
            <ins>{valueText(after)}</ins>
          </td>
        </tr>
      ))}
    </tbody>
  </table>
);
