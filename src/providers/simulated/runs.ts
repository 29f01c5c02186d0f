import { randomBytes } from 'node:crypto';
import type { Observation } from '../../jobs/compute.ts';
import type { Clock } from '../../kernel/clock.ts';
import { NotFoundError } from '../../kernel/errors.ts';
import type { Accepted, LedgerLine } from './attempt.ts';
import { LedgerFile } from './ledger-file.ts';
import { RunBook } from './run-book.ts';
import { stateAt } from './state-at.ts';

/** Runs that are over stay in memory for looking back, but not all of them. */
const RUNS_IN_MEMORY = 16;

/** The runs in memory. Their time never goes back: not with the clock, nor behind the newest line they read. */
export class Runs {
  readonly #state_folder: string;
  readonly #clock: Clock;
  readonly #runs = new Map<string, Run>();
  #now = Number.NEGATIVE_INFINITY;
  /** Changes in runs that are no longer in memory. */
  #forgotten = 0;

  constructor(state_folder: string, clock: Clock) {
    this.#state_folder = state_folder;
    this.#clock = clock;
  }

  /** Forgets a run whose ledger is gone. */
  drop(run_id: string): void {
    const run = this.#runs.get(run_id);
    if (run === undefined) return;
    this.#runs.delete(run_id);
    this.#forgotten += run.book.position;
  }

  now(): number {
    this.#now = Math.max(this.#now, this.#clock.now());
    return this.#now;
  }

  /** One piece of work on a run after the other, each knowing all that its ledger says. */
  async with<T>(run_id: string, work: (run: Run) => T | Promise<T>): Promise<T> {
    const run = this.#runs.get(run_id) ?? new Run(this.#state_folder, run_id);
    // The most recently used stand last.
    this.#runs.delete(run_id);
    this.#runs.set(run_id, run);
    const result = await run.exclusively(async () => {
      await run.catchUp();
      this.#now = Math.max(this.#now, run.newest);
      return await work(run);
    });
    this.#now = Math.max(this.#now, run.newest);
    this.#forget();
    return result;
  }

  /** @throws NotFoundError for a key that nobody submitted */
  async find(run_id: string, key: string): Promise<{ accepted: Accepted; seen: Observation }> {
    return await this.with(run_id, (run) => {
      const attempt = run.book.get(key);
      if (attempt === undefined)
        throw new NotFoundError(`The simulation knows no attempt ${key} of run ${run_id}.`);
      return { accepted: attempt.accepted, seen: stateAt(attempt, this.now()) };
    });
  }

  look(): { changes: number; next_at: number | null } {
    const now = this.now();
    let changes = this.#forgotten;
    let next_at: number | null = null;
    for (const { book } of this.#runs.values()) {
      const next = book.advance(now);
      if (next !== null) next_at = Math.min(next, next_at ?? next);
      changes += book.position;
    }
    return { changes, next_at };
  }

  /** How many attempts hold a slot, of all runs in memory. */
  holding(): number {
    const now = this.now();
    return [...this.#runs.values()].reduce((sum, run) => sum + run.book.holding(now), 0);
  }

  #forget(): void {
    for (const [id, run] of this.#runs) {
      if (this.#runs.size <= RUNS_IN_MEMORY) return;
      if (run.busy || run.book.advance(this.now()) !== null) continue;
      this.#runs.delete(id);
      this.#forgotten += run.book.position;
    }
  }
}

class Run {
  book = new RunBook();
  /** The time of the newest line of the ledger. */
  newest = Number.NEGATIVE_INFINITY;
  readonly #file: LedgerFile;
  /** Cursors of another incarnation are strange to this one, which then tells everything. */
  #incarnation = randomBytes(6).toString('hex');
  #last: Promise<unknown> = Promise.resolve();
  #callers = 0;

  constructor(state_folder: string, run_id: string) {
    this.#file = new LedgerFile(state_folder, run_id);
  }

  get busy(): boolean {
    return this.#callers > 0;
  }

  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    this.#callers += 1;
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#callers -= 1;
    }
  }

  /** Takes in what the ledger says by now. */
  async catchUp(): Promise<void> {
    const { lines, restarted } = await this.#file.read();
    if (restarted) {
      this.book = new RunBook();
      this.#incarnation = randomBytes(6).toString('hex');
    }
    for (const line of lines) {
      this.book.apply(line);
      this.newest = Math.max(this.newest, line.at);
    }
  }

  async append(lines: readonly LedgerLine[]): Promise<void> {
    if (lines.length === 0) return;
    await this.#file.append(lines);
    await this.catchUp();
  }

  cursor(): string {
    return `${this.#incarnation}.${this.book.position}`;
  }

  /** 0, that is everything, for null and for cursors of others. */
  positionOf(cursor: string | null): number {
    const [incarnation, position] = cursor?.split('.') ?? [];
    return incarnation === this.#incarnation && position !== undefined ? Number(position) : 0;
  }
}
