import type { ButtonHTMLAttributes, MouseEvent } from 'react';
import type { Role } from '../../../src/kernel/roles.ts';
import { useRefusal } from '../api/may.ts';
import { Allowed } from './allowed.tsx';
import styles from './button.module.css';

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** `primary`: the one thing to do here; `danger`: it ends something; else quiet. */
  readonly kind?: 'primary' | 'danger' | 'quiet';
  /** It is being done: the button keeps its place and the focus, and takes no second click. */
  readonly busy?: boolean;
  readonly small?: boolean;
  /** What it does takes this role: who lacks it sees it disabled, and why. */
  readonly needs?: Role | undefined;
}

export const Button = ({ needs, ...props }: ButtonProps) =>
  needs === undefined ? <Plain {...props} /> : <ForRole needs={needs} {...props} />;

function ForRole({ needs, ...props }: ButtonProps & { readonly needs: Role }) {
  const why = useRefusal(needs);
  return (
    <Allowed why={why}>
      <Plain {...props} disabled={props.disabled === true || why !== null} />
    </Allowed>
  );
}

function Plain({
  kind = 'quiet',
  busy = false,
  small = false,
  className,
  ...props
}: Omit<ButtonProps, 'needs'>) {
  return (
    <button
      type="button"
      {...props}
      className={[styles.button, className].filter(Boolean).join(' ')}
      data-kind={kind}
      data-small={small || undefined}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      onClick={busy ? ignore : props.onClick}
    />
  );
}

/** Also what a form would be sent by. */
const ignore = (event: MouseEvent): void => event.preventDefault();

/** The look of a button for a link: `className={buttonLook}`, with `data-kind` where it is not quiet. */
export const buttonLook = styles.button;
