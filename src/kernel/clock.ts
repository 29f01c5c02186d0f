/**
 * Time is injected: nothing outside this file reads the wall clock or sets a timer in deciding code.
 * Times are ISO-8601 text in UTC with milliseconds (`2026-11-22T02:53:52.123Z`), so that they sort as text.
 */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after `ms`, or at once when the signal is aborted; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      // A timer longer than 2^31 ms fires at once, so long waits are cut; callers look at the clock again anyway.
      const timer = setTimeout(done, Math.min(Math.max(0, ms), 2_147_000_000));
      signal?.addEventListener('abort', done, { once: true });
    }),
};

/** Lets everybody else have a turn: timers, files, processes. It passes no time, so it needs no clock. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const toIso = (ms: number): string => new Date(ms).toISOString();
export const fromIso = (iso: string): number => Date.parse(iso);

/** `2026-11-22T02:53:52.123Z` → `20261122_025352`, as in the names of retries and summaries. */
export const compactTime = (ms: number): string =>
  toIso(ms).slice(0, 19).replaceAll('-', '').replaceAll(':', '').replace('T', '_');
