import type { ReactNode } from 'react';
import styles from './facts.module.css';

/** Names with what they stand for, in as many columns as there is room for. */
export const Facts = ({ children }: { readonly children: ReactNode }) => (
  <dl className={styles.facts}>{children}</dl>
);

export const Fact = ({
  name,
  children,
  wide = false,
}: {
  readonly name: ReactNode;
  readonly children: ReactNode;
  /** Takes a line of its own. */
  readonly wide?: boolean;
}) => (
  <div className={styles.fact} data-wide={wide || undefined}>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);
