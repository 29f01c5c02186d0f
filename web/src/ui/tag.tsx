import { useContext } from 'react';
import { InTable } from './in-table.ts';
import styles from './tag.module.css';

/** What is special about a thing, in a word or two beside its name. */
export function Tag({ text, hint }: { readonly text: string; readonly hint?: string }) {
  const inTable = useContext(InTable);
  return (
    <span className={styles.tag} data-hint={hint} tabIndex={hint === undefined || inTable ? undefined : 0}>
      {text}
    </span>
  );
}

/** What rehearsals are, wherever one is marked as such. */
export const RehearsalTag = () => (
  <Tag text="rehearsal" hint="Simulated: its jobs and models count for nothing." />
);
