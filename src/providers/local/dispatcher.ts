import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Submission } from '../../jobs/compute.ts';
import { compactTime, type Clock } from '../../kernel/clock.ts';
import { messageOf } from '../../kernel/errors.ts';
import { processStart } from '../../kernel/processes.ts';
import type { Attempt } from './attempt.ts';
import { launcherId, type Books } from './books.ts';
import { LauncherProcess } from './launcher-process.ts';
import { bootId, type Owner } from './owner.ts';
import type { Preparation } from './preparation.ts';

/** How many jobs the launcher has in hand beyond its slots, so that it never waits for us between two short ones. */
const AHEAD = 8;

export interface DispatcherOptions {
  readonly books: Books;
  readonly preparation: Preparation;
  readonly clock: Clock;
  readonly grace_s: number;
  readonly slots: number;
  readonly onChange: () => void;
  /** Its launcher died; the owner is nobody's now. */
  readonly onOrphaned: (owner: Owner) => void;
}

/** This process's own attempts: a queue, and a launcher that is handed only as much of it as it can soon start. */
export class Dispatcher {
  /** True while an earlier launcher might still start something. */
  blocked = false;
  readonly #options: DispatcherOptions;
  #owner: Owner | null = null;
  #launcher: LauncherProcess | null = null;
  #launching: Promise<LauncherProcess> | null = null;
  #queue: Attempt[] = [];
  #head = 0;
  readonly #in_hand = new Set<Attempt>();
  readonly #making = new Set<Promise<void>>();
  #slots: number;
  #closed = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#slots = options.slots;
  }

  get owner(): Owner | null {
    return this.#owner;
  }

  /** The name under which this process takes attempts over, in the books before its first use. */
  own(): Owner {
    if (this.#owner !== null) return this.#owner;
    const { books, clock } = this.#options;
    const id = `${compactTime(clock.now())}_${randomBytes(4).toString('hex')}`;
    const owner = books.owner(id);
    mkdirSync(owner.folder, { recursive: true });
    const me = { pid: process.pid, start: processStart(process.pid), boot: bootId() };
    writeFileSync(join(owner.folder, 'orchestrator.json'), JSON.stringify(me));
    this.#owner = owner;
    return owner;
  }

  enqueue(attempts: readonly Attempt[]): void {
    for (const attempt of attempts) {
      attempt.phase = 'queued';
      this.#queue.push(attempt);
    }
    this.pump();
  }

  setSlots(slots: number): void {
    if (slots === this.#slots) return;
    this.#slots = slots;
    this.#launcher?.setSlots(slots);
  }

  /** Takes in what the launcher wrote, and hands it more. */
  follow(): void {
    if (this.#owner !== null && this.#launcher !== null) this.#options.books.follow(this.#owner);
    for (const attempt of this.#in_hand) if (attempt.end !== null) this.#in_hand.delete(attempt);
    this.pump();
  }

  pump(): void {
    const window = this.#slots > 0 ? this.#slots + AHEAD : 0;
    while (!this.blocked && !this.#closed && this.#in_hand.size < window && this.#head < this.#queue.length) {
      const attempt = this.#queue[this.#head++];
      if (this.#head > 1000) {
        this.#queue = this.#queue.slice(this.#head);
        this.#head = 0;
      }
      if (attempt === undefined || attempt.end !== null || attempt.phase !== 'queued') continue;
      attempt.phase = 'making_ready';
      this.#in_hand.add(attempt);
      const making = this.#makeReady(attempt, this.own()).finally(() => {
        this.#making.delete(making);
        if (attempt.end === null) return;
        this.#in_hand.delete(attempt);
        this.#options.onChange();
        this.pump();
      });
      this.#making.add(making);
    }
  }

  /** Asks the launcher to end those that it has. */
  cancel(attempts: readonly Attempt[]): void {
    const sent = attempts.filter((attempt) => attempt.phase === 'sent');
    this.#launcher?.cancel(sent.map(({ submission: s }) => launcherId(s.run_id, s.key)));
  }

  /** Hands nothing more out; waits a moment for copies of code that are being made, not for environments. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#launcher !== null) this.#launcher.close();
    // Without a launcher nobody else would tell the next process that this owner is free.
    else this.#owner?.journal.append([{ e: 'closed', at: this.#options.clock.now() }]);
    const waited = new AbortController();
    await Promise.race([Promise.all(this.#making), this.#options.clock.sleep(1000, waited.signal)]);
    waited.abort();
  }

  async #makeReady(attempt: Attempt, owner: Owner): Promise<void> {
    const { books, preparation } = this.#options;
    const { submission } = attempt;
    const still = (): boolean =>
      !this.#closed && attempt.end === null && this.#owner === owner && attempt.owner === owner.id;
    try {
      const steps = preparation.steps(submission);
      await this.#environments(attempt, preparation.environmentsOf(submission, steps), still);
      const order = await preparation.order(
        submission,
        steps,
        books.attemptFolder(submission.run_id, submission.key),
      );
      if (!still()) return;
      const launcher = this.#launcher ?? (await this.#launch(owner));
      this.#endIfCanceled(submission);
      if (!still()) return;
      attempt.phase = 'sent';
      launcher.feed(order);
    } catch (error) {
      if (!still()) return;
      books.append(books.run(submission.run_id), [
        {
          e: 'failed',
          at: this.#options.clock.now(),
          keys: [submission.key],
          reason: 'setup',
          message: messageOf(error),
        },
      ]);
    }
  }

  /** Another process may have canceled it while it waited here. */
  #endIfCanceled(submission: Submission): void {
    const { books, clock } = this.#options;
    const book = books.run(submission.run_id);
    const attempt = book.attempts.get(submission.key);
    if (attempt === undefined || attempt.cancel_at === null || attempt.end !== null) return;
    books.append(book, [{ e: 'canceled', at: clock.now(), keys: [submission.key] }]);
  }

  async #environments(
    attempt: Attempt,
    environments: ReturnType<Preparation['environmentsOf']>,
    still: () => boolean,
  ): Promise<void> {
    const { books, clock, preparation } = this.#options;
    const missing = environments.filter((environment) => !preparation.managed.isReady(environment));
    if (missing.length === 0) return;
    const python = await preparation.python();
    const env = await preparation.env();
    if (!still()) return;
    const { run_id, key } = attempt.submission;
    books.append(books.run(run_id), [{ e: 'preparing', at: clock.now(), keys: [key] }]);
    this.#options.onChange();
    for (const environment of missing) await preparation.managed.ready(environment, python, env);
  }

  async #launch(owner: Owner): Promise<LauncherProcess> {
    this.#launching ??= this.#start(owner).finally(() => (this.#launching = null));
    return this.#launching;
  }

  async #start(owner: Owner): Promise<LauncherProcess> {
    const { preparation, grace_s, onChange } = this.#options;
    const python = await preparation.python();
    const env = await preparation.env();
    this.#launcher = new LauncherProcess({
      owner,
      python,
      env,
      grace_s,
      slots: this.#slots,
      onKnock: () => {
        this.follow();
        onChange();
      },
      onDeath: () => this.#orphan(owner),
    });
    if (this.#closed) this.#launcher.close();
    return this.#launcher;
  }

  #orphan(owner: Owner): void {
    for (const attempt of [...this.#in_hand, ...this.#queue.slice(this.#head)]) attempt.phase = 'elsewhere';
    this.#in_hand.clear();
    this.#queue = [];
    this.#head = 0;
    this.#launcher = null;
    this.#owner = null;
    this.#options.onOrphaned(owner);
  }
}
