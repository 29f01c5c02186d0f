import { Link, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';

/** What runs register, and what rehearsals do. */
export type Registry = 'dev' | 'rehearsal-dev';

/** Rehearsals have models of their own; the address says whose are shown. */
export function useRegistry(): Registry {
  const { rehearsal } = useSearch({ strict: false });
  return rehearsal === true ? 'rehearsal-dev' : 'dev';
}

interface LinkLook {
  readonly className?: string | undefined;
  readonly children: ReactNode;
  readonly hint?: string | undefined;
  readonly label?: string | undefined;
}

/** To a model, in the registry that is shown. */
export function ModelLink({ model, className, children, hint }: LinkLook & { readonly model: string }) {
  const search = searchOf(useRegistry());
  return (
    <Link to="/models/$model" params={{ model }} search={search} className={className} data-hint={hint}>
      {children}
    </Link>
  );
}

/** To one of its versions. */
export function VersionLink({
  model,
  version,
  className,
  children,
  hint,
  label,
  registry,
}: LinkLook & {
  readonly model: string;
  readonly version: number;
  /** Left out: the one that is shown. */
  readonly registry?: Registry;
}) {
  const shown = useRegistry();
  const search = searchOf(registry ?? shown);
  return (
    <Link
      to="/models/$model/$version"
      params={{ model, version: String(version) }}
      search={search}
      className={className}
      data-hint={hint}
      aria-label={label}
    >
      {children}
    </Link>
  );
}

/** The same in an address. */
export const searchOf = (registry: Registry): { readonly rehearsal?: true } =>
  registry === 'dev' ? {} : { rehearsal: true };
