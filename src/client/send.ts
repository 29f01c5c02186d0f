import { foreign, problemOf, unreachable } from './api-error.ts';
import { wait } from './wait.ts';

/** `fetch`, or something that takes and gives the same. */
export type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

/** Sends a request and gives the answer that went well. @throws ApiError for every other one, and where nobody answered */
export type Send = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

export interface SendOptions {
  /** The server, for what people read. */
  readonly url: string;
  readonly token: string | null;
  readonly fetch: Fetch;
  /** The waits before the tries after the first, where nobody answered. */
  readonly retries_ms: readonly number[];
  readonly onVersion: (version: string) => void;
}

/** An answer to the same request came meanwhile, or will in a moment. */
const UNDER_WAY_MS = 500;
const MOST_UNDER_WAY = 20;

/**
 * Requests that may be sent again: one that reads changes nothing, one that changes carries a key by which the server does
 * it once, however often it comes.
 */
export function sender({ url, token, fetch, retries_ms, onVersion }: SendOptions): Send {
  return async (input, init = {}) => {
    const target = input instanceof Request ? input.url : String(input);
    const headers = new Headers(init.headers);
    if (token !== null) headers.set('authorization', `Bearer ${token}`);
    const changes = !['GET', 'HEAD'].includes(init.method?.toUpperCase() ?? 'GET');
    if (changes && !headers.has('idempotency-key')) headers.set('idempotency-key', newKey());
    const { signal = null } = init;
    const givenUp = (): boolean => signal !== null && signal.aborted;
    const request: RequestInit = { ...init, headers, credentials: 'same-origin', redirect: 'manual' };
    let under_way = 0;
    for (let tries = 0; ;) {
      let response: Response;
      try {
        response = await fetch(target, request);
      } catch (error) {
        if (givenUp()) throw error;
        const pause_ms = retries_ms[tries++];
        if (pause_ms === undefined) throw unreachable(url, error);
        await wait(pause_ms, signal);
        if (givenUp()) throw error;
        continue;
      }
      const version = response.headers.get('trainyard-version');
      if (version !== null) onVersion(version);
      if (response.ok) {
        if (version === null) throw foreign(response, url);
        return response;
      }
      const problem = await problemOf(response, url);
      // The server still works on the first try, whose answer was lost.
      const again =
        tries > 0 && changes && response.status === 409 && /Idempotency-Key/.test(problem.message);
      if (!again || ++under_way > MOST_UNDER_WAY) throw problem;
      await wait(UNDER_WAY_MS, signal);
      if (givenUp()) throw problem;
    }
  };
}

/** `crypto.randomUUID` is there on secure pages only; this is there on all. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}
