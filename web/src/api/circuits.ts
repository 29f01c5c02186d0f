import { queryOptions } from '@tanstack/react-query';
import type { InferResponseType } from 'hono/client';
import { api, ok } from './client.ts';

/** The whole fleet, compactly. */
export type Board = InferResponseType<typeof api.circuits.board.$get, 200>;
/** A circuit as a list shows it. */
export type CircuitRow = InferResponseType<typeof api.circuits.$get, 200>['items'][number];

/** The board. Its arrays are new or they are not: comparing ten thousand of them to find out would be dearer. */
export const boardQuery = queryOptions({
  queryKey: ['circuits', 'board'],
  queryFn: async ({ signal }): Promise<Board> => {
    const answer = await ok(api.circuits.board.$get({}, { init: { signal } }));
    // That nothing changed (304) is between the server and the browser's cache.
    return answer as Board;
  },
  structuralSharing: false,
});

/** One circuit with all that its page shows. */
export const circuitQuery = (id: string) =>
  queryOptions({
    queryKey: ['circuits', 'one', id],
    queryFn: ({ signal }) => ok(api.circuits[':id'].$get({ param: { id } }, { init: { signal } })),
  });
