import type { Attempt } from './attempt.ts';

/** Attempts in the order in which they came, those that are tried again before all others. */
export class AttemptQueue {
  #waiting: Attempt[] = [];
  #head = 0;
  #again: Attempt[] = [];

  get size(): number {
    return this.#again.length + this.#waiting.length - this.#head;
  }

  push(attempt: Attempt): void {
    this.#waiting.push(attempt);
  }

  /** To be tried again, first. */
  putBack(attempt: Attempt): void {
    this.#again.push(attempt);
  }

  next(): Attempt | null {
    const again = this.#again.shift();
    if (again !== undefined) return again;
    const attempt = this.#waiting[this.#head];
    if (attempt === undefined) return null;
    // Shifting a long array would move all of it, each time.
    if (++this.#head > 1000) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return attempt;
  }

  /** Empties the queue; returns what was in it. */
  drain(): Attempt[] {
    const all = [...this.#again, ...this.#waiting.slice(this.#head)];
    this.#again = [];
    this.#waiting = [];
    this.#head = 0;
    return all;
  }
}
