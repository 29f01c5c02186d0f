import { getJson } from '../api/client.ts';
import type { PageOf } from '../api/list.ts';

/** Something that happened. */
export interface EventRow {
  readonly seq: number;
  readonly at: string;
  readonly type: string;
  readonly severity: 'info' | 'warning' | 'error';
  readonly run: number | null;
  readonly stage: string | null;
  readonly circuit_id: string | null;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly actor: string | null;
  readonly identity: string | null;
}

export interface EventFilter {
  readonly run?: string | undefined;
  readonly circuit?: string | undefined;
  readonly type?: string | undefined;
  readonly severity?: 'warning' | 'error' | undefined;
}

export const pageOfEvents = (
  filter: EventFilter,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<PageOf<EventRow>> => getJson('/events', { ...filter, cursor, limit: 100 }, signal);
