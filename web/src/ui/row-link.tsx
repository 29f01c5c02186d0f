import { Name } from './name.tsx';

/**
 * The link of a row where there are thousands of them: a plain one, whose clicks the DataTable around it hands to the
 * router. A `Link` of the router works out its address and watches the present one, each for itself.
 */
export const RowLink = ({ to, name }: { readonly to: string; readonly name: string }) => (
  <a href={to} className="row-link" aria-label={name} data-hint={name} data-inside>
    <Name text={name} />
  </a>
);
