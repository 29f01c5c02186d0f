import { queryOptions } from '@tanstack/react-query';
import type { FailuresView, MatrixView, RunView, TimelineView } from '../../../../src/views/index.ts';
import { api, ok } from '../../api/client.ts';

export { runQuery } from '../../runs/index.ts';
export type { FailuresView, MatrixView, RunView, TimelineView };
export type Stage = RunView['stages'][number];

/** `progress`: it moves while the run is open. */
export const matrixQuery = (run: string) =>
  queryOptions({
    queryKey: ['progress', 'matrix', run],
    queryFn: ({ signal }) => ok(api.runs[':run'].matrix.$get({ param: { run } }, { init: { signal } })),
  });

export const failuresQuery = (run: string) =>
  queryOptions({
    queryKey: ['runs', 'failures', run],
    queryFn: ({ signal }) => ok(api.runs[':run'].failures.$get({ param: { run } }, { init: { signal } })),
  });

export const timelineQuery = (run: string) =>
  queryOptions({
    queryKey: ['progress', 'timeline', run],
    queryFn: ({ signal }) =>
      ok(api.runs[':run'].timeline.$get({ param: { run }, query: {} }, { init: { signal } })),
  });

export const artifactsQuery = (run: string) =>
  queryOptions({
    queryKey: ['runs', 'artifacts', run],
    queryFn: ({ signal }) => ok(api.runs[':run'].artifacts.$get({ param: { run } }, { init: { signal } })),
  });

export const runIsOpen = (run: RunView): boolean => run.ended_at === null;
