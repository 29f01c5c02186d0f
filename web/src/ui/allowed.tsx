import { useId } from 'react';
import type { ReactNode } from 'react';

/**
 * Stands around controls that somebody may not use: says why on hover, and to those who come to it by keyboard. `why`
 * null: nothing stands there.
 */
export function Allowed({ why, children }: { readonly why: string | null; readonly children: ReactNode }) {
  const id = useId();
  if (why === null) return children;
  return (
    <span data-hint={why} tabIndex={0} role="group" aria-labelledby={id}>
      <span id={id} className="unseen">
        {why}
      </span>
      {children}
    </span>
  );
}
