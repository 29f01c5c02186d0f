import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import type { ApiEvent } from '../../../src/client/index.ts';
import { client } from './client.ts';
import { patchProgress } from './progress.ts';
import { Refresher } from './refresher.ts';
import { shareLine } from './shared-line.ts';
import type { Heard } from './shared-line.ts';
import { TOPICS, topicsOf } from './topics.ts';
import type { Topic } from './topics.ts';

/** How the page hears of changes: over the stream, not yet, or not any more. */
export type Liveness = 'live' | 'connecting' | 'lost';

/**
 * The one event stream of the app. It keeps what is shown in step with the server: whatever a message is about is
 * fetched again if it is on the screen, and no oftener than its topic allows. Nothing polls.
 */
export function useLiveUpdates(): void {
  const queries = useQueryClient();
  useEffect(() => {
    const refresh = new Refresher(queries);
    const stop = new AbortController();
    const follow = async (
      after: () => number | undefined,
      tell: (heard: Heard) => void,
      signal: AbortSignal,
    ): Promise<void> => {
      for (let tries = 0; !signal.aborted; tries++) {
        try {
          const from = after();
          for await (const message of client.events({ after: from, signal })) {
            if (message.kind === 'open') tries = 0;
            tell(
              message.kind === 'open'
                ? { kind: 'open', after: from }
                : message.kind === 'lost'
                  ? { kind: 'lost' }
                  : message,
            );
          }
        } catch {
          if (signal.aborted) return;
          // Was it because of who asks?
          tell({ kind: 'refused' });
          await pause(Math.min(30_000, 1000 * 2 ** tries), signal);
        }
      }
    };
    const hear = (message: Heard): void => {
      switch (message.kind) {
        case 'open':
          // What happened while the line was down and is no event, such as the progress of jobs, is read anew; and what
          // may have happened before another window began with one.
          if (liveness === 'lost' || (message.shared === true && message.after === undefined)) refresh.all();
          return say('live');
        case 'lost':
          return say('lost');
        case 'refused':
          say('lost');
          return void queries.invalidateQueries({ queryKey: ['me'] });
        case 'event':
          refresh.topics(...topicsOf(message.event.type));
          for (const listener of eventListeners) listener(message.event);
          return undefined;
        case 'progress':
          patchProgress(queries, message);
          return refresh.topics('progress', 'jobs');
        case 'changed':
          return refresh.topics(...message.what.filter((topic): topic is Topic => topic in TOPICS));
        case 'reset':
          // More happened while this page was away than is told one by one.
          return refresh.all();
      }
    };
    shareLine({ follow, hear, signal: stop.signal });
    return () => {
      stop.abort();
      refresh.stop();
      say('connecting');
    };
  }, [queries]);
}

/** How the line stands. */
export const useLiveness = (): Liveness => useSyncExternalStore(subscribe, () => liveness);

/** Calls `listener` with each event while the component is there. It must keep its identity (useCallback). */
export function useEvents(listener: (event: ApiEvent) => void): void {
  useEffect(() => {
    eventListeners.add(listener);
    return () => void eventListeners.delete(listener);
  }, [listener]);
}

let liveness: Liveness = 'connecting';
const livenessListeners = new Set<() => void>();
const eventListeners = new Set<(event: ApiEvent) => void>();

function say(now: Liveness): void {
  liveness = now;
  for (const listener of livenessListeners) listener();
}

function subscribe(listener: () => void): () => void {
  livenessListeners.add(listener);
  return () => void livenessListeners.delete(listener);
}

/** A while, or until the signal. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((over) => {
    const timer = setTimeout(over, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      over();
    });
  });
