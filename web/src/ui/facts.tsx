import type { ReactNode } from 'react';
import styles from './facts.module.css';

/** Names with what they stand for, in as many columns as there is room for. */
export const Facts = ({
  children,
  narrow = false,
}: {
  readonly children: ReactNode;
  /** Five beside each other where there are four else. */
  readonly narrow?: boolean;
}) => (
  <dl className={styles.facts} data-narrow={narrow || undefined}>
    {children}
  </dl>
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
