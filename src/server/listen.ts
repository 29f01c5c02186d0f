import { serve } from '@hono/node-server';
import type { ServerType } from '@hono/node-server';
import type { AddressInfo, Socket } from 'node:net';
import { UsageError, systemCode } from '../kernel/errors.ts';
import { refuseIfUnguarded } from './access/may-serve.ts';
import { createApp } from './app.ts';
import type { ApiContext } from './api.ts';
import { fleetWatch } from './fleet-watch.ts';

export interface Listening {
  readonly url: string;
  /** Takes no new requests, and ends once those under way are answered, or after so long. Harmless twice. */
  close(limit_ms?: number): Promise<void>;
}

/** How long a client may take to say what it wants. */
export interface Patience {
  readonly headers_ms: number;
  /** From the first byte to the end of the body. */
  readonly request_ms: number;
}

/**
 * Listens; port 0 takes any that is free.
 * @throws UsageError where the port is taken, or others reach the address and nobody could sign in
 */
export async function listen(
  context: ApiContext,
  where: { readonly host: string; readonly port: number },
  { headers_ms, request_ms }: Patience = { headers_ms: 10_000, request_ms: 60_000 },
): Promise<Listening> {
  const here = { ...context, listening: where };
  await refuseIfUnguarded(here);
  const app = createApp(here);
  return new Promise((resolve, reject) => {
    const server = serve(
      {
        fetch: app.fetch,
        hostname: where.host,
        port: where.port,
        serverOptions: {
          headersTimeout: headers_ms,
          requestTimeout: request_ms,
          connectionsCheckingInterval: Math.min(2000, headers_ms),
          keepAliveTimeout: 30_000,
        },
      },
      (info: AddressInfo) => {
        const host = info.family === 'IPv6' ? `[${info.address}]` : info.address;
        resolve({
          url: `http://${host}:${info.port}`,
          close: (limit_ms = 0) => {
            fleetWatch(context.project).end();
            return close(limit_ms);
          },
        });
      },
    );
    const close = closing(server);
    server.once('error', (error) => {
      if (systemCode(error) !== 'EADDRINUSE') reject(error);
      else
        reject(
          new UsageError(`Port ${where.port} of ${where.host} is taken.`, {
            hint: `Give another one: --port ${where.port === 65_535 ? 8787 : where.port + 1}.`,
          }),
        );
    });
  });
}

/** How often connections are looked at that have nothing under way any more. */
const LOOK_MS = 50;

/**
 * How a server is closed. Its connections are known from the beginning, so that none is left at the limit: not one on which
 * nothing was ever said, as browsers open them in advance, nor one whose client takes nothing. Whoever asks again waits for
 * the same end, within the limit that is over first.
 */
function closing(server: ServerType): (limit_ms: number) => Promise<void> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const closed = new Promise<void>((resolve) => server.once('close', resolve));
  let asked = false;

  const begin = (): void => {
    asked = true;
    server.close();
    // A connection that is kept open for the next request has to end with this one.
    server.prependListener('request', (_, response) => response.setHeader('connection', 'close'));
    const look = setInterval(() => {
      if ('closeIdleConnections' in server) server.closeIdleConnections();
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    }, LOOK_MS);
    void closed.then(() => clearInterval(look));
  };

  return async (limit_ms) => {
    if (!asked) begin();
    const limit = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, limit_ms);
    await closed;
    clearTimeout(limit);
  };
}
