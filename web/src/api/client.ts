import { createClient } from '../../../src/client/index.ts';

export { API, ApiError, items, ok } from '../../../src/client/index.ts';
export type { Good } from '../../../src/client/index.ts';

/** The server that this page comes from, as whoever is signed in. */
export const client = createClient({ url: '', retries_ms: [300] });
/** Every route of the API by its path, typed by the server's own schemas. */
export const { api } = client;
