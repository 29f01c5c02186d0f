import type { ApiError } from './api-error.ts';
import type { ApiEvent, ApiRun } from './api.ts';
import { API } from './api.ts';
import { eventStream } from './event-stream.ts';
import type { Frame } from './event-stream.ts';
import type { Send } from './send.ts';

/** How far an open run is, as the stream tells it once a second at most. */
export interface RunProgress {
  readonly number: number;
  readonly status: ApiRun['status'];
  readonly stages: readonly Pick<ApiRun['stages'][number], 'name' | 'status' | 'reason'>[];
  readonly jobs: ApiRun['jobs'];
}

/** What the event stream brings. */
export type LiveMessage =
  /** The line stands: at first, and again each time after it was lost. Nothing is missed between the two. */
  | { readonly kind: 'open' }
  /** The line is down; it is tried again. */
  | { readonly kind: 'lost'; readonly error: ApiError }
  | { readonly kind: 'event'; readonly event: ApiEvent }
  | { readonly kind: 'progress'; readonly runs: readonly RunProgress[] }
  /** More happened meanwhile than is told one by one: read anew what is shown. */
  | { readonly kind: 'reset'; readonly seq: number }
  /** Changed without an event: `notifications`, `schedules` … */
  | { readonly kind: 'changed'; readonly what: readonly string[] };

export interface EventsQuery {
  /** Number or id of a run; left out: everything. */
  readonly run?: string | undefined;
  /** Begin after the event with this `seq`; left out: with what comes now. */
  readonly after?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What happens, as it happens, over as many connections as it takes. */
export async function* liveEvents(
  send: Send,
  base: string,
  { run, after, signal }: EventsQuery,
): AsyncGenerator<LiveMessage, undefined> {
  const query = run === undefined ? '' : `?run=${encodeURIComponent(run)}`;
  const last_id = after === undefined ? undefined : String(after);
  for await (const line of eventStream(send, `${base}${API}/events/stream${query}`, { last_id, signal })) {
    if (line.kind !== 'frame') yield line;
    else {
      const message = messageOf(line.frame);
      if (message !== null) yield message;
    }
  }
  return undefined;
}

/** Messages of a kind that is not known yet are passed over: a server may be newer than its client. */
function messageOf({ event, data }: Frame): LiveMessage | null {
  switch (event) {
    case 'event':
      return { kind: 'event', event: JSON.parse(data) as ApiEvent };
    case 'progress':
      return { kind: 'progress', ...(JSON.parse(data) as { readonly runs: readonly RunProgress[] }) };
    case 'reset':
      return { kind: 'reset', ...(JSON.parse(data) as { readonly seq: number }) };
    case 'changed':
      return { kind: 'changed', ...(JSON.parse(data) as { readonly what: readonly string[] }) };
    default:
      return null;
  }
}
