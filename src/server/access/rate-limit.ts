import type { Clock } from '../../kernel/clock.ts';

/** How often something may happen: `burst` times at once, then again and again with a pause of `every_ms`. */
export interface Rate {
  readonly burst: number;
  readonly every_ms: number;
}

export interface RateLimit {
  /** Counts one more; returns 0, or how many milliseconds it comes too early, and then it does not count. */
  take(key: string): number;
}

/** As many keys are remembered at once; whoever floods with new ones makes the oldest be forgotten. */
const MOST_KEYS = 20_000;

/** Counts by key in memory. What it knows is lost with the process, which is no worse than waiting. */
export function rateLimit(clock: Clock, { burst, every_ms }: Rate, most_keys = MOST_KEYS): RateLimit {
  // By key, until when its turns are used up: a turn costs `every_ms`, and `burst` of them may be ahead of the clock.
  const used = new Map<string, number>();
  return {
    take: (key) => {
      const now = clock.now();
      const most = burst * every_ms;
      // A clock that was set back must not lock anybody out.
      const before = Math.min(Math.max(used.get(key) ?? 0, now), now + most);
      const wait = Math.max(0, before + every_ms - now - most);
      used.delete(key);
      used.set(key, wait > 0 ? before : before + every_ms);
      if (used.size > most_keys) {
        const oldest = used.keys().next();
        if (oldest.done !== true) used.delete(oldest.value);
      }
      return wait;
    },
  };
}
