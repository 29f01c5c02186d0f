import type { HonoRequest } from 'hono';
import { isLoopback } from '../../kernel/loopback.ts';
import type { Peer } from './peer.ts';

/**
 * True where the client called this machine by a name of its own, and by this port: a page of somebody else's whose
 * name was made to lead here (DNS rebinding) comes with that name.
 */
export function isOwnHost(host: string, port: number | null): boolean {
  const url = URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : null;
  if (url === null || url.host !== host.replace(/:80$/, '') || !isLoopback(url.hostname)) return false;
  return port === null || Number(url.port === '' ? 80 : url.port) === port;
}

/** What a browser says of where a request comes from. `unknown`: no browser, or one that does not say. */
export type Origin = 'same' | 'cross' | 'unknown';

/** Where a page of ours may come from: the public URL, or the name that this very request calls the server by. */
export function originOf(
  request: HonoRequest,
  { host, https, port }: Pick<Peer, 'host' | 'https' | 'port'>,
  public_url: string | null,
): Origin {
  const site = request.header('sec-fetch-site');
  // `none`: typed into the address bar, opened from a bookmark.
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return 'cross';
  const origin = request.header('origin');
  if (origin === undefined) return site === undefined ? 'unknown' : 'same';
  if (origin === public_url) return 'same';
  const called = URL.canParse(origin) && isCalled(new URL(origin), host, https);
  return called && (public_url === null || isOwnHost(host, port)) ? 'same' : 'cross';
}

/** Over http somebody on the way may have written the page: where it is known that we are called by https, it is not ours. */
function isCalled(page: URL, host: string, https: boolean | null): boolean {
  const secure = page.protocol === 'https:';
  return (https === null || https === secure) && page.host === host.replace(secure ? /:443$/ : /:80$/, '');
}

/** A link on another page that somebody follows: it shows, and can change nothing. */
export const isNavigation = (request: HonoRequest): boolean =>
  (request.method === 'GET' || request.method === 'HEAD') &&
  request.header('sec-fetch-mode') === 'navigate' &&
  request.header('sec-fetch-dest') === 'document';

export const changes = (request: HonoRequest): boolean =>
  request.method !== 'GET' && request.method !== 'HEAD' && request.method !== 'OPTIONS';
