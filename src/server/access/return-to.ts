/**
 * A page of this server to go back to after sign-in. Whatever leads elsewhere, or into sign-in again, leads to the first
 * page: browsers take `//host` and `/\host` for another server, and drop tabs and newlines.
 */
export function returnTo(wanted: string | undefined): string {
  if (wanted === undefined || wanted.length > 2000 || !/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(wanted))
    return '/';
  const here = 'http://here.invalid';
  const url = URL.canParse(wanted, here) ? new URL(wanted, here) : null;
  if (url === null || url.origin !== here || /^\/+auth(\/|$)/i.test(url.pathname)) return '/';
  // `/.//host` comes out of the parser as `//host`.
  if (url.pathname.startsWith('//')) return '/';
  return `${url.pathname}${url.search}${url.hash}`;
}
