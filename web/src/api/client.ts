import { hc } from 'hono/client';
import type { ClientResponse } from 'hono/client';
import type { Api } from '../../../src/server/index.ts';
import { ApiError, asApiError, unreachable } from './problem.ts';

/** The one path under which the server answers. */
export const API = '/api/v1';

/** Every route of the API by its path, typed by the server's own code. */
export const api = hc<Api>(API, {
  fetch: (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => send(input, init),
});

/** The body of an answer that went well. @throws ApiError for every other one, and where nobody answered */
export async function ok<R extends ClientResponse<unknown, number, string>>(
  answer: Promise<R>,
): Promise<Good<R>> {
  const response = await answer;
  return (await response.json()) as Good<R>;
}

/** Every route may answer with a problem, which `send` throws: what is left is the rest. */
export type Good<R> =
  R extends ClientResponse<infer T, number, string>
    ? T extends { readonly detail: string; readonly hint: string | null; readonly problems: unknown }
      ? never
      : T
    : never;

/** One request. What does not go well is thrown, as the problem that the server told. */
export async function send(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const method = init.method?.toUpperCase() ?? 'GET';
  // A change that the network repeats is made once.
  if (method === 'POST' && !headers.has('idempotency-key')) headers.set('idempotency-key', newKey());
  let response: Response;
  try {
    response = await fetch(input, { ...init, headers, credentials: 'same-origin' });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw unreachable();
  }
  if (!response.ok) throw await asApiError(response);
  return response;
}

export { ApiError };

/** `crypto.randomUUID` is there on secure pages only; this is there on all. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}

/** A GET by its path below the API, for answers that the typed client has no route for. */
export async function getJson<T>(
  path: string,
  query: Readonly<Record<string, string | number | boolean | undefined>>,
  signal?: AbortSignal,
): Promise<T> {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, String(value));
  const search = params.size === 0 ? '' : `?${params.toString()}`;
  const response = await send(`${API}${path}${search}`, signal === undefined ? {} : { signal });
  return (await response.json()) as T;
}

/** The same for a POST. */
export async function postJson<T>(path: string, body: unknown): Promise<T> {
  const response = await send(`${API}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await response.json()) as T;
}
