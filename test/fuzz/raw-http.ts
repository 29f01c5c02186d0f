/** HTTP as no client writes it: bytes into a socket, and whatever comes back. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RawAnswer {
  /** 0: the connection was closed without a word. */
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

/**
 * Sends pieces as they are, and reads until the answer is there (of a stream its head), the other end closes, or `wait_ms`
 * are over.
 */
export async function raw(
  url: string,
  pieces: readonly (string | Uint8Array)[],
  { wait_ms = 5000, head_only = false }: { readonly wait_ms?: number; readonly head_only?: boolean } = {},
): Promise<RawAnswer> {
  const socket = await dial(url);
  let said = '';
  const over = Promise.withResolvers<undefined>();
  socket.setEncoding('latin1');
  socket.on('data', (piece: string) => {
    said += piece;
    if (head_only ? said.includes('\r\n\r\n') : isWhole(said)) over.resolve(undefined);
  });
  // A server that has heard enough closes while we still write.
  socket.on('error', () => over.resolve(undefined));
  socket.on('close', () => over.resolve(undefined));
  for (const piece of pieces) if (socket.writable) socket.write(piece);
  const limit = new AbortController();
  await Promise.race([
    over.promise,
    sleep(wait_ms, undefined, { signal: limit.signal }).catch(() => undefined),
  ]);
  limit.abort();
  socket.destroy();
  const [head = '', body = ''] = said.split('\r\n\r\n', 2);
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), headers: head.toLowerCase(), body };
}

/** A connection that is left to the caller. */
export function dial(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/** A request with the headers that every client sends, and more. */
export const request = (url: string, line: string, headers: readonly string[] = [], body = ''): string =>
  `${line} HTTP/1.1\r\nHost: ${new URL(url).host}\r\nConnection: close\r\n${headers.map((h) => `${h}\r\n`).join('')}\r\n${body}`;

function isWhole(said: string): boolean {
  const end = said.indexOf('\r\n\r\n');
  if (end === -1) return false;
  if (/^transfer-encoding: chunked/im.test(said.slice(0, end))) return said.endsWith('0\r\n\r\n');
  const length = /^content-length: (\d+)/im.exec(said.slice(0, end))?.[1];
  return length !== undefined && said.length >= end + 4 + Number(length);
}
