import type { ReactNode } from 'react';

/**
 * The link of a row where there are thousands of them: a plain one, whose clicks the DataTable around it hands to the
 * router. A `Link` of the router works out its address and watches the present one, each for itself.
 */
export const RowLink = ({ to, children }: { readonly to: string; readonly children: ReactNode }) => (
  <a href={to} className="row-link" data-inside>
    {children}
  </a>
);
