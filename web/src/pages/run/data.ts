import { queryOptions } from '@tanstack/react-query';
import type { FailuresView, MatrixView, RunView } from '../../../../src/views/index.ts';
import { api, getJson, ok } from '../../api/client.ts';

export type { FailuresView, MatrixView, RunView };
export type Stage = RunView['stages'][number];

/** The key of a run is what `patchProgress` writes to. */
export const runQuery = (run: string) =>
  queryOptions({
    queryKey: ['runs', 'one', run],
    queryFn: ({ signal }) => ok(api.runs[':run'].$get({ param: { run } }, { init: { signal } })),
  });

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

/** How many jobs stood how, over time. */
export interface Timeline {
  readonly stages: readonly {
    readonly name: string;
    readonly status: string;
    readonly started_at: string | null;
    readonly ended_at: string | null;
  }[];
  readonly bucket_s: number;
  readonly buckets: readonly {
    readonly at: string;
    readonly queued: number;
    readonly preparing: number;
    readonly running: number;
  }[];
}

export const timelineQuery = (run: string) =>
  queryOptions({
    queryKey: ['progress', 'timeline', run],
    queryFn: ({ signal }) => getJson<Timeline>(`/runs/${run}/timeline`, {}, signal),
  });

export interface Artifact {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  readonly created_at: string;
}

export const artifactsQuery = (run: string) =>
  queryOptions({
    queryKey: ['runs', 'artifacts', run],
    queryFn: ({ signal }) =>
      getJson<{ readonly items: readonly Artifact[] }>(`/runs/${run}/artifacts`, {}, signal),
  });

export const runIsOpen = (run: RunView): boolean => run.ended_at === null;
