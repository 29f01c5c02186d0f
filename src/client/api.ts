import type { Env, Hono } from 'hono';
import type { hc } from 'hono/client';
import type { ClientResponse, InferResponseType } from 'hono/client';
import type { ROUTES } from '../server/api-type.ts';

/** The one path below the server's address under which it answers. */
export const API = '/api/v1';

/** What every route takes and gives. Source: the schemas that the server checks requests and answers with. */
export type Api = Hono<Env, NonNullable<typeof ROUTES>, '/'>;
/** Every route of the API by its path. */
export type Routes = ReturnType<typeof hc<Api>>;

/** What a route answers when all went well; any of them may answer with a problem, which is thrown as an ApiError. */
export type Good<R> =
  R extends ClientResponse<infer T, number, string>
    ? T extends { readonly detail: string; readonly hint: string | null; readonly problems: unknown }
      ? never
      : T
    : never;

/** A page of a list; `next` is the cursor of the next one, null on the last. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

type ItemOf<Route extends (...args: never[]) => unknown> =
  InferResponseType<Route, 200> extends { readonly items: readonly (infer T)[] } ? T : never;

/** An event, as lists and the stream have it. */
export type ApiEvent = ItemOf<Routes['events']['$get']>;
/** A run with its stages. */
export type ApiRun = InferResponseType<Routes['runs'][':run']['$get'], 200>;
