import { join } from 'node:path';
import type { Clock } from '../../kernel/clock.ts';
import { isAlive } from '../../kernel/processes.ts';
import type { Attempt } from './attempt.ts';
import { attemptProcesses, killAttemptProcesses, signal } from './attempt-processes.ts';
import type { Books, RunBook } from './books.ts';
import { lives, readProcess, type Owner } from './owner.ts';

/**
 * How it stands with an orchestrator that is not this one:
 * - `working`: it lives, and so does its queue;
 * - `closing`: it has gone, its launcher has not noticed yet and may still start something;
 * - `finishing`: its launcher starts no further attempt and waits for what runs;
 * - `gone`: the launcher too.
 */
type OwnerStatus = 'working' | 'closing' | 'finishing' | 'gone';

export interface Tended {
  /** An earlier launcher may still start something: wait. */
  readonly blocked: boolean;
  /** Attempts that run without us, and take room. */
  readonly running: number;
  /** Something is going on that deserves another look soon. */
  readonly unsettled: boolean;
}

/** What earlier orchestrators of this state folder left behind, brought to an end attempt by attempt. */
export class OtherOwners {
  readonly #books: Books;
  readonly #clock: Clock;
  readonly #grace_s: number;
  /** Attempts that are being ended, with the processes that were signaled and when. */
  readonly #stopping = new Map<
    Attempt,
    { readonly why: 'canceled' | 'timed_out'; readonly signaled: Map<string, number> }
  >();
  /** Attempts whose last processes were killed, and when that was done first. */
  readonly #killed = new Map<Attempt, number>();

  constructor(books: Books, { clock, grace_s }: { readonly clock: Clock; readonly grace_s: number }) {
    this.#books = books;
    this.#clock = clock;
    this.#grace_s = grace_s;
    books.findOwners();
  }

  /**
   * One look at all of them but `own`. `take` names the owner that attempts go to which nobody started; `taken` hears of
   * them at once, whatever fails after that.
   */
  tend(own: Owner | null, take: () => Owner, taken: (attempts: readonly Attempt[]) => void): Tended {
    let blocked = false;
    let unsettled = false;
    let running = 0;
    for (const owner of [...this.#books.owners.values()]) {
      if (owner.done || owner === own) continue;
      const status = this.#status(owner);
      if (status === 'working') continue;
      unsettled = true;
      if (status === 'closing') {
        blocked = true;
        continue;
      }
      for (const run_id of this.#books.runsOf(owner)) this.#books.run(run_id);
      this.#takeOver(owner, take, taken);
      for (const { book, attempt } of this.#books.openAttempts(owner)) {
        if (status === 'gone') this.#orphan(book, attempt);
        else if (attempt.cancel_at !== null) this.#stop(attempt, 'canceled');
        if (attempt.end === null) running++;
      }
      if (status === 'gone' && this.#books.openAttempts(owner).length === 0) {
        this.#books.markDone(owner);
      }
    }
    return { blocked, unsettled, running };
  }

  #status(owner: Owner): OwnerStatus {
    // First who lives, then what they wrote: what the dead wrote is all there.
    const launcher = readProcess(join(owner.folder, 'launcher.json'));
    const orchestrator = readProcess(join(owner.folder, 'orchestrator.json'));
    const launcher_lives = launcher !== null && lives(launcher);
    const orchestrator_lives = orchestrator !== null && lives(orchestrator);
    this.#books.follow(owner);
    if (launcher_lives) return owner.closed ? 'finishing' : orchestrator_lives ? 'working' : 'closing';
    // No launcher yet: the orchestrator has everything in its own queue.
    return launcher === null && orchestrator_lives && !owner.closed ? 'working' : 'gone';
  }

  #takeOver(owner: Owner, take: () => Owner, taken: (attempts: readonly Attempt[]) => void): void {
    const free = this.#books.openAttempts(owner).filter(({ attempt }) => !attempt.intended);
    for (const book of new Set(free.map((f) => f.book))) {
      const mine = free.filter((f) => f.book === book).map((f) => f.attempt);
      const canceled = mine.filter((attempt) => attempt.cancel_at !== null);
      this.#end(book, canceled, 'canceled');
      const wanted = mine.filter((attempt) => attempt.cancel_at === null);
      if (wanted.length === 0) continue;
      const to = take();
      this.#books.markRun(to, book.run_id);
      const keys = wanted.map((attempt) => attempt.submission.key);
      this.#books.append(book, [{ e: 'taken', at: this.#clock.now(), from: owner.id, to: to.id, keys }]);
      // Another process may have been quicker.
      taken(wanted.filter((attempt) => attempt.owner === to.id));
    }
  }

  /** An attempt that was started, or nearly, by a launcher that is dead. */
  #orphan(book: RunBook, attempt: Attempt): void {
    const { process, submission } = attempt;
    const { run_id, key } = submission;
    if (process !== null && isAlive(process.pid, process.start)) {
      const limit = submission.timeout_s;
      const over = limit !== null && this.#clock.now() - (attempt.running_at ?? 0) > limit * 1000;
      if (attempt.cancel_at !== null) this.#stop(attempt, 'canceled');
      else if (over) this.#stop(attempt, 'timed_out');
      return;
    }
    const why = attempt.cancel_at !== null ? 'canceled' : this.#stopping.get(attempt)?.why;
    if (why !== undefined && this.#waitsForRest(attempt, run_id, key)) return;
    if (this.#killsRest(attempt, run_id, key)) return;
    this.#stopping.delete(attempt);
    this.#killed.delete(attempt);
    this.#end(book, [attempt], why ?? 'lost');
  }

  /** The first process of a stopped attempt has ended; the others have the rest of the grace period. */
  #waitsForRest(attempt: Attempt, run_id: string, key: string): boolean {
    const [first] = this.#stopping.get(attempt)?.signaled.values() ?? [];
    if (first === undefined) return false;
    return this.#clock.now() - first < this.#grace_s * 1000 && attemptProcesses(run_id, key).length > 0;
  }

  /**
   * True while something of it that was killed is not gone: whatever follows on its end must find the folder and the GPU
   * free. The system may keep a process that hangs in a device; that long nobody waits.
   */
  #killsRest(attempt: Attempt, run_id: string, key: string): boolean {
    if (killAttemptProcesses(run_id, key) === 0) return false;
    const since = this.#killed.get(attempt) ?? this.#clock.now();
    this.#killed.set(attempt, since);
    return this.#clock.now() - since < KILL_MS;
  }

  /** Asks the group of an attempt to end, and insists after the grace period; again for each step that follows. */
  #stop(attempt: Attempt, why: 'canceled' | 'timed_out'): void {
    const { process } = attempt;
    if (process === null || !isAlive(process.pid, process.start)) return;
    const stopping = this.#stopping.get(attempt) ?? { why, signaled: new Map<string, number>() };
    this.#stopping.set(attempt, stopping);
    const id = `${process.pid} ${process.start}`;
    const since = stopping.signaled.get(id);
    if (since === undefined) {
      stopping.signaled.set(id, this.#clock.now());
      signal(-process.pid, 'SIGTERM');
    } else if (this.#clock.now() - since >= this.#grace_s * 1000) {
      signal(-process.pid, 'SIGKILL');
    }
  }

  #end(book: RunBook, attempts: readonly Attempt[], why: 'canceled' | 'timed_out' | 'lost'): void {
    if (attempts.length === 0) return;
    const line = { at: this.#clock.now(), keys: attempts.map((attempt) => attempt.submission.key) };
    if (why === 'canceled') this.#books.append(book, [{ e: 'canceled', ...line }]);
    else this.#books.append(book, [{ e: 'failed', ...line, reason: why, message: MESSAGES[why] }]);
  }
}

/** How long what was killed may take to go. */
const KILL_MS = 5000;

const MESSAGES = {
  timed_out: 'stopped at its time limit',
  lost: 'its process and the launcher that watched it have gone; nobody saw how it ended',
} as const;
