import { createClient } from '../../../src/client/index.ts';

export { API, ApiError, items, ok } from '../../../src/client/index.ts';
export type { Good } from '../../../src/client/index.ts';

/** The server that this page comes from, as whoever is signed in. */
export const client = createClient({ url: '', retries_ms: [300] });
/** Every route of the API by its path, typed by the server's own schemas. */
export const { api } = client;

/** A GET by its path below the API. */
export async function getJson<T>(
  path: string,
  query: Readonly<Record<string, string | number | boolean | undefined>>,
  signal?: AbortSignal,
): Promise<T> {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, String(value));
  const search = params.size === 0 ? '' : `?${params.toString()}`;
  const response = await client.send(`${path}${search}`, signal === undefined ? {} : { signal });
  return (await response.json()) as T;
}
