import { queryOptions } from '@tanstack/react-query';
import type { InferRequestType, InferResponseType } from 'hono/client';
import { api, ok } from '../api/client.ts';
import type { Registry } from './links.tsx';

const registered = api['registered-models'];
const versions = api.models[':name'];

export type RegisteredModelRow = InferResponseType<typeof registered.$get, 200>['items'][number];
export type VersionRow = InferResponseType<typeof versions.$get, 200>['items'][number];
export type VersionView = InferResponseType<(typeof versions.versions)[':version']['$get'], 200>;

type ModelFilter = Pick<InferRequestType<typeof registered.$get>['query'], 'q' | 'plant' | 'standing'>;
type VersionState = InferRequestType<typeof versions.$get>['query']['state'];

export const fetchModels = (
  registry: Registry,
  filter: ModelFilter,
  cursor: string | undefined,
  signal: AbortSignal,
) => ok(registered.$get({ query: { registry, ...filter, limit: '50', cursor } }, { init: { signal } }));

/** One model with how its versions stand. */
export const registeredQuery = (registry: Registry, name: string) =>
  queryOptions({
    queryKey: ['models', 'one', registry, name],
    queryFn: ({ signal }) =>
      ok(registered[':name'].$get({ param: { name }, query: { registry } }, { init: { signal } })),
  });

export const fetchVersions = (
  registry: Registry,
  name: string,
  state: VersionState | undefined,
  cursor: string | undefined,
  signal: AbortSignal,
) =>
  ok(
    versions.$get(
      { param: { name }, query: { registry, state, limit: '100', cursor } },
      { init: { signal } },
    ),
  );

/** What the versions of a model reported. */
export const metricsQuery = (registry: Registry, name: string) =>
  queryOptions({
    queryKey: ['models', 'metrics', registry, name],
    queryFn: ({ signal }) =>
      ok(versions.metrics.$get({ param: { name }, query: { registry } }, { init: { signal } })),
  });

/** One version with all that is known of it. */
export const versionQuery = (registry: Registry, name: string, version: number) =>
  queryOptions({
    queryKey: ['models', 'version', registry, name, version],
    queryFn: ({ signal }) =>
      ok(
        versions.versions[':version'].$get(
          { param: { name, version: String(version) }, query: { registry } },
          { init: { signal } },
        ),
      ),
  });
