import { serve } from '@hono/node-server';
import type { AddressInfo } from 'node:net';
import { UsageError, systemCode } from '../kernel/errors.ts';
import { createApp } from './app.ts';
import type { ApiContext } from './api.ts';

export interface Listening {
  readonly url: string;
  /** Takes no new requests, and ends once those under way are answered. */
  close(): Promise<void>;
}

/** Listens; port 0 takes any that is free. @throws UsageError where the port is taken */
export function listen(
  context: ApiContext,
  where: { readonly address: string; readonly port: number },
): Promise<Listening> {
  const app = createApp({ ...context, listening: where });
  return new Promise((resolve, reject) => {
    const server = serve(
      { fetch: app.fetch, hostname: where.address, port: where.port },
      (info: AddressInfo) => {
        const host = info.family === 'IPv6' ? `[${info.address}]` : info.address;
        resolve({
          url: `http://${host}:${info.port}`,
          close: () => new Promise((done) => server.close(() => done())),
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
