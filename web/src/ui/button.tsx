import type { ButtonHTMLAttributes } from 'react';
import styles from './button.module.css';

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** `primary`: the one thing to do here; `danger`: it ends something; else quiet. */
  readonly kind?: 'primary' | 'danger' | 'quiet';
  /** It is being done: the button keeps its place and takes no second click. */
  readonly busy?: boolean;
  readonly small?: boolean;
}

export function Button({ kind = 'quiet', busy = false, small = false, className, ...props }: ButtonProps) {
  return (
    <button
      type="button"
      {...props}
      className={[styles.button, className].filter(Boolean).join(' ')}
      data-kind={kind}
      data-small={small || undefined}
      aria-busy={busy || undefined}
      disabled={props.disabled === true || busy}
    />
  );
}

/** The look of a button for a link: `className={buttonLook}`, with `data-kind` where it is not quiet. */
export const buttonLook = styles.button;
