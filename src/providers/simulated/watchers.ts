import type { Clock } from '../../kernel/clock.ts';

/** No more than twenty calls a second. */
const PAUSE_MS = 50;

interface Source {
  readonly clock: Clock;
  /** Notes what is due: how many changes there were so far, and when the next one comes (null: none in sight). */
  readonly look: () => { readonly changes: number; readonly next_at: number | null };
}

/** Tells watchers of changes with one timer for the next of them, and with none while nobody watches or nothing is due. */
export class Watchers {
  readonly #source: Source;
  readonly #callbacks = new Set<(over: boolean) => void>();
  #timer: { readonly at: number; readonly stop: AbortController } | null = null;
  #told = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(source: Source) {
    this.#source = source;
  }

  add(changed: (over: boolean) => void): () => void {
    // Each gets its own identity, so that one function can watch twice.
    const callback = (over: boolean): void => changed(over);
    if (this.#callbacks.size === 0) this.#told = this.#source.look().changes;
    this.#callbacks.add(callback);
    this.arm();
    return () => {
      this.#callbacks.delete(callback);
      if (this.#callbacks.size === 0) this.#disarm();
    };
  }

  /** Sets the timer for the next change; to be called whenever that may have moved. */
  arm(): void {
    if (this.#callbacks.size === 0) return;
    const { changes, next_at } = this.#source.look();
    const now = this.#source.clock.now();
    const due = changes === this.#told ? next_at : now;
    if (due === null) {
      this.#disarm();
      return;
    }
    const at = Math.ceil(Math.max(due, this.#toldAt + PAUSE_MS));
    if (this.#timer !== null && this.#timer.at <= at) return;
    this.#disarm();
    const stop = new AbortController();
    this.#timer = { at, stop };
    void this.#source.clock.sleep(Math.max(0, at - now), stop.signal).then(() => {
      if (stop.signal.aborted) return;
      this.#timer = null;
      this.#tell();
    });
  }

  close(): void {
    this.#callbacks.clear();
    this.#disarm();
  }

  #tell(): void {
    const { changes, next_at } = this.#source.look();
    if (changes !== this.#told) {
      this.#told = changes;
      this.#toldAt = this.#source.clock.now();
      for (const callback of this.#callbacks) callback(next_at === null);
    }
    this.arm();
  }

  #disarm(): void {
    this.#timer?.stop.abort();
    this.#timer = null;
  }
}
