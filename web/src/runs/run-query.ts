import { queryOptions } from '@tanstack/react-query';
import { api, ok } from '../api/client.ts';

/** The key of a run is what `patchProgress` writes to. */
export const runQuery = (run: string) =>
  queryOptions({
    queryKey: ['runs', 'one', run],
    queryFn: ({ signal }) => ok(api.runs[':run'].$get({ param: { run } }, { init: { signal } })),
  });
