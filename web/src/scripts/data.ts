import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { InferRequestType, InferResponseType } from 'hono/client';
import { api, ok } from '../api/client.ts';

const ofRun = api.runs[':run'].scripts;

export type ScriptRow = InferResponseType<typeof api.scripts.$get, 200>['items'][number];
export type Results = InferResponseType<typeof ofRun.$get, 200>;
export type ResultRow = Results['items'][number];
export type ResultFilter = Pick<InferRequestType<typeof ofRun.$get>['query'], 'q' | 'status' | 'sort'>;
export type ScriptsRequest = NonNullable<InferRequestType<typeof api.scripts.run.$post>['json']>;
export type Preview = InferResponseType<typeof api.scripts.preview.$post, 200>;

export const fetchScripts = (q: string | undefined, cursor: string | undefined, signal: AbortSignal) =>
  ok(api.scripts.$get({ query: { q, limit: '100', cursor } }, { init: { signal } }));

/** Every script that there is, for the form. Files change without an event: it is looked at again on every visit. */
export const allScriptsQuery = queryOptions({
  queryKey: ['scripts', 'all'],
  queryFn: async ({ signal }) => {
    const all: ScriptRow[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await ok(api.scripts.$get({ query: { limit: '500', cursor } }, { init: { signal } }));
      all.push(...page.items);
      if (page.next === null) return all;
      cursor = page.next;
    }
  },
  staleTime: 5000,
});

export const fetchResults = (
  run: string,
  filter: ResultFilter,
  cursor: string | undefined,
  signal: AbortSignal,
) => ok(ofRun.$get({ param: { run }, query: { ...filter, limit: '200', cursor } }, { init: { signal } }));

/** Jobs on a chart. */
const MOST_POINTS = 2000;

/** The jobs of a run for a chart: in this order the first ones. */
export const resultsQuery = (run: string, sort: string | undefined) =>
  queryOptions({
    queryKey: ['jobs', 'scripts', run, 'chart', sort],
    queryFn: async ({ signal }) => {
      const rows: ResultRow[] = [];
      for (let cursor: string | undefined; ;) {
        const query = { sort, limit: '500', cursor };
        const page = await ok(ofRun.$get({ param: { run }, query }, { init: { signal } }));
        rows.push(...page.items);
        if (page.next === null || rows.length >= MOST_POINTS) return { ...page, items: rows };
        cursor = page.next;
      }
    },
    placeholderData: keepPreviousData,
  });

/** What such a request would run. It runs nothing. */
export const previewQuery = (request: ScriptsRequest) =>
  queryOptions({
    queryKey: ['scripts', 'preview', request],
    queryFn: ({ signal }) => ok(api.scripts.preview.$post({ json: request }, { init: { signal } })),
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 5000,
  });

export const startScripts = (request: ScriptsRequest) => ok(api.scripts.run.$post({ json: request }));
