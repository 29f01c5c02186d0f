import { hc } from 'hono/client';
import { API } from './api.ts';
import type { Api, Routes } from './api.ts';
import { jobLog, readLog } from './job-log.ts';
import type { LogPiece, LogQuery } from './job-log.ts';
import { liveEvents } from './live.ts';
import type { EventsQuery, LiveMessage } from './live.ts';
import { sender } from './send.ts';
import type { Fetch, Send } from './send.ts';

export interface ClientOptions {
  /** The server, without `/api/v1`: `https://trainyard.example.com`. On a page of the server itself the empty string. */
  readonly url: string;
  /** An API token (`ty_…`). Left out: the local user of this machine, or in a browser whoever is signed in. */
  readonly token?: string | null | undefined;
  /** Instead of the global `fetch`. */
  readonly fetch?: Fetch | undefined;
  /** The waits in ms before a request is sent again where nobody answered. Default: 250 and 1000. */
  readonly retries_ms?: readonly number[] | undefined;
}

/** A Trainyard server, from a program or a page. */
export interface Client {
  readonly url: string;
  /** The version of the server, as it last said; null before it answered. */
  readonly server_version: string | null;
  /**
   * Every route by its path: `client.api.runs[':run'].$get({ param: { run: '12' } })`, typed by the server's schemas. What
   * does not go well is thrown as an ApiError; `ok()` gives the body of what does.
   */
  readonly api: Routes;
  /**
   * A request of your own with the same token, key, tries and errors: `client.send('/runs/12/artifacts.zip')`.
   * Sign-in is beside the API: `/auth/…`.
   * @throws ApiError
   */
  send(path: string, init?: RequestInit): Promise<Response>;
  /**
   * What happens, as it happens. A connection that is lost is made anew, and nothing is missed or told twice. It ends when
   * `signal` does.
   * @throws ApiError for what trying again does not change
   */
  events(query?: EventsQuery): AsyncGenerator<LiveMessage, undefined>;
  /**
   * What a job printed, piece by piece; with `follow` also what it prints from now on, until the attempt is over.
   * @throws ApiError
   */
  log(job: string, query?: LogQuery & { readonly follow?: boolean }): AsyncGenerator<LogPiece, undefined>;
  /** One piece of a log. @throws ApiError */
  readLog(job: string, query?: LogQuery & { readonly limit?: number | undefined }): Promise<LogPiece>;
}

/** A client of the server at `url`. Nothing is asked before the first call. */
export function createClient(options: ClientOptions): Client {
  const { token = null, retries_ms = [250, 1000] } = options;
  const base = options.url.replace(/\/+$/, '');
  // Looked up at each call, and called as the global one wants to be.
  const fetch: Fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  let server_version: string | null = null;
  const url = base === '' ? 'this address' : base;
  const send: Send = sender({ url, token, fetch, retries_ms, onVersion: (told) => (server_version = told) });
  return {
    url: base,
    get server_version() {
      return server_version;
    },
    api: hc<Api>(`${base}${API}`, { fetch: send }),
    send: (path, init) => send(`${base}${path.startsWith('/auth/') ? '' : API}${path}`, init),
    events: (query = {}) => liveEvents(send, base, query),
    log: (job, query = {}) => jobLog(send, base, job, query),
    readLog: (job, query = {}) => readLog(send, base, job, query),
  };
}
