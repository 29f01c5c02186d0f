import { useQueryClient } from '@tanstack/react-query';
import type { QueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import type { ApiEvent } from '../../../src/client/index.ts';
import { client } from './client.ts';
import { patchProgress } from './progress.ts';
import { shareLine } from './shared-line.ts';
import type { Heard } from './shared-line.ts';
import { TOPICS } from './topics.ts';
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

/** What an event of this type is about: the subject is what stands before the dot. */
function topicsOf(type: string): Topic[] {
  const subject = type.slice(0, type.indexOf('.'));
  return ['events', ...(BY_SUBJECT[subject] ?? [])];
}

const BY_SUBJECT: Readonly<Record<string, readonly Topic[]>> = {
  run: ['runs', 'circuits'],
  stage: ['runs'],
  job: ['jobs', 'runs', 'circuits'],
  jobs: ['jobs'],
  training: ['jobs', 'runs', 'circuits'],
  approval: ['approvals', 'runs', 'models', 'circuits'],
  model: ['models', 'circuits', 'runs'],
  environment: ['system'],
  component: ['system'],
  schedule: ['schedules'],
  hook: ['hooks'],
  access: ['tokens'],
  notification: ['notifications'],
  retention: ['retention', 'runs', 'models'],
};

/** Fetches topics again, each at once and then no oftener than its pause says, however much happens. */
class Refresher {
  readonly #queries: QueryClient;
  readonly #timers = new Map<Topic, { again: boolean; timer: number }>();

  constructor(queries: QueryClient) {
    this.#queries = queries;
  }

  topics(...topics: readonly Topic[]): void {
    for (const topic of topics) {
      const running = this.#timers.get(topic);
      if (running === undefined) this.#refresh(topic);
      else running.again = true;
    }
  }

  all(): void {
    void this.#queries.invalidateQueries();
  }

  stop(): void {
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #refresh(topic: Topic): void {
    const entry = {
      again: false,
      timer: window.setTimeout(() => {
        this.#timers.delete(topic);
        if (entry.again) this.#refresh(topic);
      }, TOPICS[topic]),
    };
    this.#timers.set(topic, entry);
    void this.#queries.invalidateQueries({ queryKey: [topic] }, { cancelRefetch: false });
  }
}
