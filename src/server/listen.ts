import { serve } from '@hono/node-server';
import type { ServerType } from '@hono/node-server';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { UsageError, systemCode } from '../kernel/errors.ts';
import { refuseIfUnguarded } from './access/may-serve.ts';
import { createApp } from './app.ts';
import type { ApiContext } from './api.ts';
import { fleetWatch } from './fleet-watch.ts';

export interface Listening {
  readonly url: string;
  /** Takes no new requests, and ends once those under way are answered, or after so long. */
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
  where: { readonly address: string; readonly port: number },
  { headers_ms, request_ms }: Patience = { headers_ms: 10_000, request_ms: 60_000 },
): Promise<Listening> {
  const here = { ...context, listening: where };
  await refuseIfUnguarded(here);
  const app = createApp(here);
  return new Promise((resolve, reject) => {
    const server = serve(
      {
        fetch: app.fetch,
        hostname: where.address,
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
            return closeWithin(server, limit_ms);
          },
        });
      },
    );
    server.once('error', (error) => {
      if (systemCode(error) !== 'EADDRINUSE') reject(error);
      else
        reject(
          new UsageError(`Port ${where.port} of ${where.address} is taken.`, {
            hint: 'Give another one: --port 8081.',
          }),
        );
    });
  });
}

/** How often connections are looked at that have nothing under way any more. */
const LOOK_MS = 50;

async function closeWithin(server: ServerType, limit_ms: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  if (!('closeIdleConnections' in server)) return void (await closed);
  // A connection that is kept open for the next request has to end with this one.
  server.prependListener('request', (_, response) => response.setHeader('connection', 'close'));
  const look = setInterval(() => server.closeIdleConnections(), LOOK_MS);
  const limit = setTimeout(() => server.closeAllConnections(), limit_ms);
  await closed;
  clearInterval(look);
  clearTimeout(limit);
}
