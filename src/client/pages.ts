import type { ClientResponse } from 'hono/client';
import type { Good, Page } from './api.ts';
import { brokenOff } from './api-error.ts';

/**
 * The body of an answer: `await ok(client.api.runs[':run'].$get({ param: { run: '12' } }))`.
 * @throws ApiError for an answer that did not go well, and where nobody answered
 */
export async function ok<R extends ClientResponse<unknown, number, string>>(
  answer: Promise<R>,
): Promise<Good<R>> {
  const response = await answer;
  try {
    return (await response.json()) as Good<R>;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw brokenOff(response.url, error);
  }
}

/** Asks for one page of a list. */
type Ask<R> = (cursor: string | undefined) => Promise<R>;

/**
 * The pages of a list, each asked for when the one before is done with:
 * `for await (const page of pages((cursor) => client.api.runs.$get({ query: { cursor } })))`.
 * @throws ApiError
 */
export async function* pages<R extends ClientResponse<unknown, number, string>>(
  ask: Ask<R>,
): AsyncGenerator<Good<R> & Page<unknown>, undefined> {
  let cursor: string | undefined;
  do {
    const page = (await ok(ask(cursor))) as Good<R> & Page<unknown>;
    yield page;
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return undefined;
}

/** What the pages of a list hold, one after the other. @throws ApiError */
export async function* items<R extends ClientResponse<unknown, number, string>>(
  ask: Ask<R>,
): AsyncGenerator<Good<R> extends Page<infer T> ? T : never, undefined> {
  for await (const page of pages(ask)) yield* page.items as (Good<R> extends Page<infer T> ? T : never)[];
  return undefined;
}
