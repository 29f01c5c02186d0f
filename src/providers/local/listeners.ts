import type { Clock } from '../../kernel/clock.ts';

const NOTIFY_MS = 50;

/** Those who want to hear of changes: called back after something changed, never more than 20 times a second. */
export class Listeners {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #revision: () => number;
  readonly #listeners = new Set<() => void>();
  #notifying = false;
  #told = 0;

  /** `revision` counts up with each change. */
  constructor(clock: Clock, signal: AbortSignal, revision: () => number) {
    this.#clock = clock;
    this.#signal = signal;
    this.#revision = revision;
  }

  /** Returns how to let go. */
  add(changed: () => void): () => void {
    // Each call a registration of its own, even with the same function.
    const listener = (): void => changed();
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  clear(): void {
    this.#listeners.clear();
  }

  /** Something may have changed. Never throws. */
  tell(): void {
    if (this.#revision() === this.#told || this.#notifying) return;
    this.#notifying = true;
    void this.#clock.sleep(NOTIFY_MS, this.#signal).then(() => {
      this.#notifying = false;
      this.#told = this.#revision();
      for (const listener of this.#listeners) callQuietly(listener);
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
