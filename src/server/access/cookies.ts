import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { ServerSettings } from '../../config/index.ts';
import type { ApiEnv } from '../api.ts';
import type { Peer } from './peer.ts';

/**
 * Sets one of our cookies, or takes it away (null). No script reads it; other sites make no use of it but by a link that
 * somebody follows; over https it never leaves in the clear and belongs to this host alone.
 */
export function writeCookie(
  c: Context<ApiEnv>,
  server: Pick<ServerSettings, 'public_url'>,
  about: string,
  value: string | null,
  lasts_s: number,
): void {
  setCookie(c, cookieName(c, server, about), value ?? '', {
    path: '/',
    httpOnly: true,
    sameSite: 'Lax',
    secure: isSecure(server, c.get('peer')),
    maxAge: value === null ? 0 : Math.max(1, Math.floor(lasts_s)),
  });
}

export function readCookie(
  c: Context<ApiEnv>,
  server: Pick<ServerSettings, 'public_url'>,
  about: string,
): string | null {
  return getCookie(c, cookieName(c, server, about)) ?? null;
}

const isSecure = ({ public_url }: Pick<ServerSettings, 'public_url'>, { https }: Peer): boolean =>
  https === true || public_url?.startsWith('https:') === true;

/** Cookies know no ports: two servers on one machine would sign each other's users out under the same name. */
function cookieName(c: Context<ApiEnv>, server: Pick<ServerSettings, 'public_url'>, about: string): string {
  const peer = c.get('peer');
  return isSecure(server, peer)
    ? `__Host-trainyard_${about}`
    : `trainyard_${about}${peer.port === null ? '' : `_${peer.port}`}`;
}
