import type { Accepted } from './attempt.ts';
import { MinHeap } from './min-heap.ts';
import { endOf, realMs } from './state-at.ts';

/**
 * Gives attempts their slots, first come, first served, in the order of the ledger. Asked again from the first line on
 * after a cancellation, it moves only attempts that had not begun by then: what has been seen stays true.
 */
export class SlotQueue {
  /** When the slots that were given out last come free. */
  readonly #ends = new MinHeap<number>((end) => end);
  #earliest = Number.NEGATIVE_INFINITY;

  /** When the attempt begins, in milliseconds since 1970. */
  place(accepted: Accepted, cut_at: number | null): number {
    const queued = accepted.at + realMs(accepted, accepted.queue_s);
    if (accepted.slots === null) return queued;
    // Nobody overtakes, else the freed slot of a canceled attempt could have begun another one in the past.
    this.#earliest = Math.max(this.#earliest, queued);
    let free = Number.NEGATIVE_INFINITY;
    while (this.#ends.size >= accepted.slots) free = this.#ends.pop() ?? free;
    const starts_at = Math.max(this.#earliest, free);
    if (cut_at !== null && cut_at <= starts_at) {
      if (free > Number.NEGATIVE_INFINITY) this.#ends.push(free);
    } else {
      this.#ends.push(Math.min(endOf(accepted, starts_at), cut_at ?? Number.POSITIVE_INFINITY));
    }
    return starts_at;
  }
}
