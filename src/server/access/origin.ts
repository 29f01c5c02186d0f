import type { HonoRequest } from 'hono';
import { isLoopback } from '../../kernel/loopback.ts';

/** The name (and port) that the client used for this server. */
export const hostOf = (request: HonoRequest): string =>
  (request.header('host') ?? new URL(request.url).host).toLowerCase();

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

/** `public_url`: what the client may have called this server where a proxy stands in between. */
export function originOf(request: HonoRequest, public_url: string | null): Origin {
  const site = request.header('sec-fetch-site');
  // `none`: typed into the address bar, opened from a bookmark.
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return 'cross';
  const origin = request.header('origin');
  if (origin !== undefined) {
    if (origin.toLowerCase() === public_url) return 'same';
    const url = URL.canParse(origin) ? new URL(origin) : null;
    return url !== null && public_url === null && url.host === hostOf(request).replace(/:80$/, '')
      ? 'same'
      : 'cross';
  }
  return site === undefined ? 'unknown' : 'same';
}

/** A link on another page that somebody follows: it shows, and can change nothing. */
export const isNavigation = (request: HonoRequest): boolean =>
  (request.method === 'GET' || request.method === 'HEAD') &&
  request.header('sec-fetch-mode') === 'navigate' &&
  request.header('sec-fetch-dest') === 'document';

export const changes = (request: HonoRequest): boolean =>
  request.method !== 'GET' && request.method !== 'HEAD' && request.method !== 'OPTIONS';
