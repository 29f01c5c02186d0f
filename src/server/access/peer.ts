import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { isLoopback } from '../../kernel/loopback.ts';
import { plainAddress } from '../../kernel/networks.ts';

/** Where a request comes from, and how it calls this server. */
export interface Peer {
  /** The address of the other end; behind a proxy whose word is taken, of whoever asked that one. */
  readonly address: string;
  /** Both ends are on this machine, and no proxy stands between them that says so. */
  readonly local: boolean;
  /** The port that it came in by; null where no socket is involved. */
  readonly port: number | null;
  /** The name (and port) that the client used for this server. */
  readonly host: string;
  /** Whether the client came over https, as a trusted proxy says; null: none says anything of it. */
  readonly https: boolean | null;
}

/** What a proxy adds. Whoever comes through one is somewhere else, whatever the socket says. */
const FORWARDED = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'via',
];

/**
 * The other end of a request. One that came over no socket was made in this process, by `app.request()`: it is local.
 * A socket that is closed already has no address, and then nothing is known of it. `trusted`: the proxies on other hosts
 * that are believed; anybody else may write into these headers what they like.
 */
export function peerOf(c: Context, trusted: (address: string) => boolean): Peer {
  const { incoming }: Partial<HttpBindings> = c.env ?? {};
  if (incoming === undefined)
    return { address: 'in-process', local: true, port: null, host: calledBy(c), https: null };
  const { remoteAddress, localAddress, localPort } = incoming.socket;
  const remote = plainAddress(remoteAddress ?? '');
  const local = [remoteAddress, localAddress].every(
    (address) => address !== undefined && isLoopback(address),
  );
  const believed = remote !== null && trusted(remote);
  return {
    address: clientOf(c, remote, { first: local || believed, trusted }) ?? 'unknown',
    local: local && !FORWARDED.some((name) => c.req.header(name) !== undefined),
    port: localPort ?? null,
    host: (believed ? forwardedHost(c) : null) ?? calledBy(c),
    https: believed ? forwardedHttps(c) : null,
  };
}

/**
 * Each proxy adds at the end whom it saw, so the list is read from there, for as long as the one who wrote is believed.
 * What is no address names nobody: then the writer counts. `first`: whether whoever holds the socket is believed; a proxy
 * on this machine is, and then the last address is the one that it saw itself.
 */
function clientOf(
  c: Context,
  remote: string | null,
  { first, trusted }: { readonly first: boolean; readonly trusted: (address: string) => boolean },
): string | null {
  const told = c.req.header('x-forwarded-for')?.split(',') ?? [];
  let client = remote;
  let believed = first;
  while (believed) {
    const before = plainAddress(told.pop()?.trim() ?? '');
    if (before === null) break;
    client = before;
    believed = trusted(client);
  }
  return client;
}

/** An address in full goes before `Host` (RFC 9112, 3.2.2). */
function calledBy({ env, req }: Context): string {
  const { incoming }: Partial<HttpBindings> = env ?? {};
  const inFull = incoming?.url?.startsWith('/') === false;
  return ((inFull ? undefined : req.header('host')) ?? new URL(req.url).host).toLowerCase();
}

function forwardedHost(c: Context): string | null {
  const host = lastOf(c, 'x-forwarded-host');
  return /^[a-z0-9._-]{1,253}(:\d{1,5})?$|^\[[0-9a-f:.]{2,45}\](:\d{1,5})?$/.test(host) ? host : null;
}

function forwardedHttps(c: Context): boolean | null {
  const scheme = lastOf(c, 'x-forwarded-proto');
  return scheme === 'https' ? true : scheme === 'http' ? false : null;
}

/** What the nearest proxy said; what stands before it came from elsewhere. */
const lastOf = (c: Context, name: string): string =>
  c.req.header(name)?.split(',').at(-1)?.trim().toLowerCase() ?? '';
