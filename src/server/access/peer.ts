import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { isLoopback } from '../../kernel/loopback.ts';

/** Where a request comes from. */
export interface Peer {
  /** The address of the other end. */
  readonly address: string;
  /** Both ends are on this machine, and no proxy stands between them that says so. */
  readonly local: boolean;
  /** The port that it came in by; null where no socket is involved. */
  readonly port: number | null;
}

/** What a proxy adds. Whoever comes through one is somewhere else, whatever the socket says. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/**
 * The other end of a request. One that came over no socket was made in this process, by `app.request()`: it is local.
 * A socket that is closed already has no address, and then nothing is known of it.
 */
export function peerOf(c: Context): Peer {
  const { incoming }: Partial<HttpBindings> = c.env ?? {};
  if (incoming === undefined) return { address: 'in-process', local: true, port: null };
  const { remoteAddress, localAddress, localPort } = incoming.socket;
  const local = [remoteAddress, localAddress].every(
    (address) => address !== undefined && isLoopback(address),
  );
  const proxied = FORWARDED.some((name) => c.req.header(name) !== undefined);
  return {
    // Behind a proxy on this machine the last address of the list is the one that the proxy itself saw.
    address: (local ? lastOf(c.req.header('x-forwarded-for')) : null) ?? remoteAddress ?? 'unknown',
    local: local && !proxied,
    port: localPort ?? null,
  };
}

function lastOf(list: string | undefined): string | null {
  const last = list?.split(',').at(-1)?.trim().slice(0, 64) ?? '';
  return last === '' ? null : last;
}
