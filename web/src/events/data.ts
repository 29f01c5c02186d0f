import { api, ok } from '../api/client.ts';

export interface EventFilter {
  readonly run?: string | undefined;
  readonly circuit?: string | undefined;
  readonly type?: string | undefined;
  readonly severity?: 'warning' | 'error' | undefined;
}

export const pageOfEvents = (filter: EventFilter, cursor: string | undefined, signal: AbortSignal) =>
  ok(api.events.$get({ query: { ...filter, cursor, limit: 100 } }, { init: { signal } }));
