import { queryOptions } from '@tanstack/react-query';
import type { InferRequestType, InferResponseType } from 'hono/client';
import { api, ok } from '../../api/client.ts';

export type System = Awaited<ReturnType<typeof askSystem>>;
export type Channel = Awaited<ReturnType<typeof askChannels>>['items'][number];
export type Schedule = Awaited<ReturnType<typeof askSchedules>>['items'][number];
export type Hook = Awaited<ReturnType<typeof askHooks>>['items'][number];
export type Delivery = Awaited<ReturnType<typeof deliveries>>['items'][number];
export type Message = InferResponseType<typeof api.notifications.$get, 200>['items'][number];
export type Token = Awaited<ReturnType<typeof tokens>>['items'][number];
export type Retention = Awaited<ReturnType<typeof askRetention>>;
export type PruneReport = NonNullable<NonNullable<Retention['last']>['report']>;
export type NewToken = InferRequestType<typeof api.tokens.$post>['json'];

/** `fresh`: ask the provider now, whatever was seen a moment ago. */
export const askSystem = (fresh: boolean, signal?: AbortSignal) =>
  ok(api.system.$get({ query: { fresh: fresh ? 'true' : 'false' } }, { init: { signal: signal ?? null } }));
export const askDoctor = (fresh: boolean, signal?: AbortSignal) =>
  ok(api.doctor.$get({ query: { fresh: fresh ? 'true' : 'false' } }, { init: { signal: signal ?? null } }));
const askChannels = (signal: AbortSignal) => ok(api.channels.$get({}, { init: { signal } }));
const askHooks = (signal: AbortSignal) => ok(api.hooks.$get({}, { init: { signal } }));
const askSchedules = (signal: AbortSignal) => ok(api.schedules.$get({}, { init: { signal } }));

const askRetention = (signal: AbortSignal) => ok(api.retention.$get({}, { init: { signal } }));
/** What would go now, with the first thousand things by name. */
export const previewRetention = () => ok(api.retention.preview.$post({ json: { items: 1000 } }));

export const retentionQuery = queryOptions({
  queryKey: ['retention', 'view'],
  queryFn: ({ signal }) => askRetention(signal),
});
export const systemQuery = queryOptions({
  queryKey: ['system', 'view'],
  queryFn: ({ signal }) => askSystem(false, signal),
});
export const doctorQuery = queryOptions({
  queryKey: ['system', 'doctor'],
  queryFn: ({ signal }) => askDoctor(false, signal),
});
export const channelsQuery = queryOptions({
  queryKey: ['notifications', 'channels'],
  queryFn: ({ signal }) => askChannels(signal),
});
export const schedulesQuery = queryOptions({
  queryKey: ['schedules', 'list'],
  queryFn: ({ signal }) => askSchedules(signal),
});
export const scheduleQuery = (name: string) =>
  queryOptions({
    queryKey: ['schedules', 'one', name],
    queryFn: ({ signal }) =>
      ok(api.schedules[':name'].$get({ param: { name }, query: { count: 20 } }, { init: { signal } })),
  });

export const hooksQuery = queryOptions({
  queryKey: ['hooks', 'list'],
  queryFn: ({ signal }) => askHooks(signal),
});
export const deliveries = (name: string, cursor: string | undefined, signal: AbortSignal) =>
  ok(
    api.hooks[':name'].deliveries.$get(
      { param: { name }, query: { cursor, limit: '50' } },
      { init: { signal } },
    ),
  );

export const messages = (
  filter: { readonly state?: Message['state'] | undefined; readonly channel?: string | undefined },
  cursor: string | undefined,
  signal: AbortSignal,
) => ok(api.notifications.$get({ query: { ...filter, cursor, limit: '50' } }, { init: { signal } }));

export const tokens = (revoked: boolean, cursor: string | undefined, signal: AbortSignal) =>
  ok(
    api.tokens.$get(
      { query: { revoked: revoked ? 'true' : 'false', cursor, limit: '50' } },
      { init: { signal } },
    ),
  );
