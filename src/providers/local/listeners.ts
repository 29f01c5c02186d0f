import type { Clock } from '../../kernel/clock.ts';

const NOTIFY_MS = 50;

/** Those who want to hear of changes: called back after something changed, never more than 20 times a second. */
export class Listeners {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #state: () => { readonly revision: number; readonly over: boolean };
  readonly #listeners = new Set<(over: boolean) => void>();
  #notifying = false;
  #told_at = Number.NEGATIVE_INFINITY;
  #told = 0;

  /** `revision` counts up with each change; `over`: no further one is in sight. */
  constructor(
    clock: Clock,
    signal: AbortSignal,
    state: () => { readonly revision: number; readonly over: boolean },
  ) {
    this.#clock = clock;
    this.#signal = signal;
    this.#state = state;
  }

  /** Returns how to let go. */
  add(changed: (over: boolean) => void): () => void {
    // Each call a registration of its own, even with the same function.
    const listener = (over: boolean): void => changed(over);
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  clear(): void {
    this.#listeners.clear();
  }

  /** Something may have changed. Never throws. */
  tell(): void {
    if (this.#state().revision === this.#told || this.#notifying) return;
    this.#notifying = true;
    // A clock that jumped back must not make anybody wait for it.
    const wait = Math.min(NOTIFY_MS, Math.max(0, this.#told_at + NOTIFY_MS - this.#clock.now()));
    void this.#clock.sleep(wait, this.#signal).then(() => {
      this.#notifying = false;
      this.#told_at = this.#clock.now();
      const { revision, over } = this.#state();
      this.#told = revision;
      for (const listener of this.#listeners) callQuietly(() => listener(over));
    });
  }
}

/** A listener's mistake is no reason to end the process; whoever listens looks by himself from time to time too. */
function callQuietly(listener: () => void): void {
  try {
    listener();
  } catch {
    // See above.
  }
}
