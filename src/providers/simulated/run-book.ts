import type { Observation } from '../../jobs/compute.ts';
import type { Accepted, Attempt, Cut, LedgerLine } from './attempt.ts';
import { MinHeap } from './min-heap.ts';
import { SlotQueue } from './slot-queue.ts';
import { nextChange, stateAt } from './state-at.ts';

interface BookedAttempt extends Attempt {
  starts_at: number;
  cut: Cut | null;
  /** When it changes next; infinite once nothing more comes. */
  due: number;
  /** The position of its newest change; older positions of it say nothing new. */
  changed: number;
}

/**
 * A run's ledger in memory, built so that time passing costs only as much as it changes: attempts wait in a heap by
 * their next change, and every change gets a position, which is what cursors point at.
 */
export class RunBook {
  /** How many attempts were looked at so far; tests put a bound on it. */
  touched = 0;
  readonly #attempts = new Map<string, BookedAttempt>();
  readonly #perCircuit = new Map<string, number>();
  readonly #outputs = new Map<string, Accepted['outputs']>();
  readonly #changes: BookedAttempt[] = [];
  #waiting = byDue();
  #slots = new SlotQueue();
  #slotsMoved = false;

  /** The position behind the newest change. */
  get position(): number {
    return this.#changes.length;
  }

  get(key: string): Attempt | undefined {
    this.#settleSlots();
    return this.#attempts.get(key);
  }

  /** How many attempts of a circuit were taken over. */
  attemptsOf(circuit_id: string): number {
    return this.#perCircuit.get(circuit_id) ?? 0;
  }

  /** How many attempts hold a slot. */
  holding(now: number): number {
    this.#settleSlots();
    let count = 0;
    for (const attempt of this.#attempts.values()) {
      const { state } = stateAt(attempt, now);
      if (state === 'preparing' || state === 'running') count++;
    }
    return count;
  }

  /** Takes a line of the ledger in. Of a key, the first acceptance counts and the first cut. */
  apply(line: LedgerLine): void {
    if (line.kind === 'accepted') this.#accept(line);
    else this.#cut(line);
  }

  /** Notes every change that is due; returns when the next one will be, null when nothing is going on. */
  advance(now: number): number | null {
    this.#settleSlots();
    for (let first = this.#waiting.peek(); first !== undefined; first = this.#waiting.peek()) {
      const isCut = first.cut !== null;
      if (first.due > now && !isCut) return first.due;
      this.#waiting.pop();
      this.touched += 1;
      // A cut was noted when it came.
      if (!isCut) this.#note(first);
      first.due = (isCut ? null : nextChange(first, now)) ?? Number.POSITIVE_INFINITY;
      if (first.due < Number.POSITIVE_INFINITY) this.#waiting.push(first);
    }
    return null;
  }

  /** What changed since a position, each attempt once, as it is now; from 0 that is all of them. */
  observe(since: number, now: number): Observation[] {
    this.advance(now);
    const observations: Observation[] = [];
    if (since <= 0) {
      for (const attempt of this.#attempts.values()) observations.push(this.#look(attempt, now));
      return observations;
    }
    for (let at = since; at < this.#changes.length; at++) {
      const attempt = this.#changes[at];
      if (attempt?.changed === at) observations.push(this.#look(attempt, now));
    }
    return observations;
  }

  #look(attempt: BookedAttempt, now: number): Observation {
    this.touched += 1;
    return stateAt(attempt, now);
  }

  #accept(line: Accepted): void {
    if (this.#attempts.has(line.key)) return;
    // The attempts of a run share a component; they need not hold its outputs ten thousand times.
    const shape = JSON.stringify(line.outputs);
    const outputs = this.#outputs.get(shape) ?? line.outputs;
    this.#outputs.set(shape, outputs);
    // With slots to give out anew, this attempt waits for that too.
    const starts_at = this.#slotsMoved ? 0 : this.#slots.place(line, null);
    const attempt = { accepted: { ...line, outputs }, starts_at, cut: null, due: starts_at, changed: 0 };
    this.#attempts.set(line.key, attempt);
    this.#perCircuit.set(line.circuit_id, this.attemptsOf(line.circuit_id) + 1);
    this.#note(attempt);
    if (!this.#slotsMoved) this.#waiting.push(attempt);
  }

  #cut(line: Cut): void {
    const attempt = this.#attempts.get(line.key);
    if (attempt === undefined || attempt.cut !== null) return;
    attempt.cut = line;
    this.#note(attempt);
    if (attempt.accepted.slots !== null) this.#slotsMoved = true;
  }

  #note(attempt: BookedAttempt): void {
    attempt.changed = this.#changes.length;
    this.#changes.push(attempt);
  }

  /** After cancellations: gives the slots out anew. Who waits may begin earlier, but never before the cancellation. */
  #settleSlots(): void {
    if (!this.#slotsMoved) return;
    this.#slotsMoved = false;
    this.#slots = new SlotQueue();
    this.#waiting = byDue();
    for (const attempt of this.#attempts.values()) {
      const starts_at = this.#slots.place(attempt.accepted, attempt.cut?.at ?? null);
      if (attempt.due === attempt.starts_at) attempt.due = starts_at;
      attempt.starts_at = starts_at;
      if (attempt.due < Number.POSITIVE_INFINITY) this.#waiting.push(attempt);
    }
  }
}

const byDue = (): MinHeap<BookedAttempt> => new MinHeap((attempt) => attempt.due);
