/** Real servers on loopback, for tests of channels: they answer as they are told and remember what came. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server as WebServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import type { SMTPServerOptions } from 'smtp-server';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The body as JSON. */
  readonly json: () => unknown;
}

export type Answer =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** Says nothing, for ever. */
  | 'hang'
  /** Cuts the connection. */
  | 'cut';

export class HttpServer {
  readonly received: Received[] = [];
  /** What to say to the nth request, from 0. */
  answer: (request: Received, n: number) => Answer | Promise<Answer> = () => ({});
  readonly #server: WebServer;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        const received: Received = {
          method: request.method ?? '',
          path: request.url ?? '',
          headers: Object.fromEntries(
            Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
          ),
          body,
          json: () => JSON.parse(body) as unknown,
        };
        void (async () => {
          const said = await this.answer(received, this.received.push(received) - 1);
          if (said === 'cut') request.socket.destroy();
          else if (said !== 'hang')
            response.writeHead(said.status ?? 200, said.headers ?? {}).end(said.body ?? 'ok');
        })();
      });
    });
  }

  static async start(port = 0): Promise<HttpServer> {
    const server = new HttpServer();
    await new Promise<void>((resolve) => server.#server.listen(port, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    return portOf(this.#server);
  }

  url(path = '/hook'): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** Connections that are open now. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) =>
      this.#server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
    );
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** As it came over the wire. */
  readonly raw: string;
  readonly secure: boolean;
  readonly user: string | null;
}

/** `localhost`, for whoever trusts it. */
export const CERTIFICATE = readFileSync(fixture('localhost.crt'), 'utf8');

export class MailServer {
  readonly received: ReceivedMail[] = [];
  readonly #server: SMTPServer;

  private constructor(options: SMTPServerOptions) {
    this.#server = new SMTPServer({
      key: readFileSync(fixture('localhost.key'), 'utf8'),
      cert: CERTIFICATE,
      authOptional: true,
      disableReverseLookup: true,
      onAuth: ({ username, password }, _session, done) =>
        password === 'correct horse'
          ? done(null, { user: username })
          : done(Object.assign(new Error('Invalid username or password'), { responseCode: 535 })),
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const { mailFrom, rcptTo } = session.envelope;
          this.received.push({
            from: mailFrom === false ? '' : mailFrom.address,
            to: rcptTo.map((r) => r.address),
            raw: Buffer.concat(chunks).toString('utf8'),
            secure: session.secure,
            user: typeof session.user === 'string' ? session.user : null,
          });
          done();
        });
      },
      ...options,
    });
    // What a client does to us is what the test is about.
    this.#server.on('error', () => undefined);
  }

  static async start(options: SMTPServerOptions = {}): Promise<MailServer> {
    const server = new MailServer(options);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', () => resolve()));
    return server;
  }

  get port(): number {
    return portOf(this.#server.server);
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server does not listen.');
  return address.port;
}

function fixture(name: string): string {
  return join(import.meta.dirname, '../../test/fixtures/tls', name);
}
