import type { QueryClient } from '@tanstack/react-query';
import { TOPICS } from './topics.ts';
import type { Topic } from './topics.ts';

/** Fetches topics again, each at once and then no oftener than its pause says, however much happens. */
export class Refresher {
  readonly #queries: QueryClient;
  readonly #timers = new Map<Topic, { again: boolean; timer: ReturnType<typeof setTimeout> }>();

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
      // What is being fetched already may be from before: it is waited for, and then fetched once more.
      again: this.#queries.isFetching({ queryKey: [topic] }) > 0,
      timer: setTimeout(() => {
        this.#timers.delete(topic);
        if (entry.again) this.#refresh(topic);
      }, TOPICS[topic]),
    };
    this.#timers.set(topic, entry);
    void this.#queries.invalidateQueries({ queryKey: [topic] }, { cancelRefetch: false });
  }
}
