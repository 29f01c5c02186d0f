import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Submission } from '../../jobs/compute.ts';
import { compactTime, type Clock } from '../../kernel/clock.ts';
import { ProviderError, messageOf } from '../../kernel/errors.ts';
import { fileError } from '../../kernel/files.ts';
import type { Attempt } from './attempt.ts';
import { AttemptQueue } from './attempt-queue.ts';
import { launcherId, type Books } from './books.ts';
import { LauncherProcess, diedEarly } from './launcher-process.ts';
import { isMachineTrouble, Setback } from './machine-trouble.ts';
import { processId, type Owner } from './owner.ts';
import type { Preparation } from './preparation.ts';

/**
 * How many jobs the launcher has in hand beyond its slots, so that it never waits for us between two short ones: more
 * as more of them ended between two looks, but not a long queue of long ones, which runs that come later would wait for.
 */
const AHEAD = { least: 8, most: 256 };

export interface DispatcherOptions {
  readonly books: Books;
  /** Absolute. */
  readonly state_folder: string;
  readonly preparation: Preparation;
  readonly clock: Clock;
  readonly grace_s: number;
  readonly slots: number;
  readonly gpus: readonly string[];
  /** Neither this nor the next may throw. */
  readonly onChange: () => void;
  /** Its launcher died; the owner is nobody's now. */
  readonly onOrphaned: (owner: Owner) => void;
}

/**
 * This process's own attempts: a queue, and a launcher that is handed only as much of it as it can soon start. What fails
 * because of the machine goes back into the queue, and all of it waits before the next try.
 */
export class Dispatcher {
  /** True while an earlier launcher might still start something. */
  blocked = false;
  readonly #options: DispatcherOptions;
  #owner: Owner | null = null;
  #launcher: LauncherProcess | null = null;
  #launching: Promise<LauncherProcess> | null = null;
  readonly #queue = new AttemptQueue();
  /** Handed to the launcher since the last trouble: the first that gets somewhere tells that it is over. */
  readonly #probes = new Set<Attempt>();
  readonly #setback: Setback;
  readonly #closing = new AbortController();
  readonly #in_hand = new Set<Attempt>();
  readonly #making = new Set<Promise<void>>();
  #slots: number;
  #ahead = AHEAD.least;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#slots = options.slots;
    this.#setback = new Setback(options.clock, this.#closing.signal, () => this.#followQuietly());
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
    try {
      mkdirSync(owner.folder, { recursive: true });
      const me = processId(process.pid);
      if (me === null)
        throw new ProviderError('local', 'This process cannot be looked at.', { retryable: true });
      writeFileSync(join(owner.folder, 'orchestrator.json'), JSON.stringify(me));
    } catch (error) {
      throw fileError(`write to ${owner.folder}`, error);
    }
    this.#owner = owner;
    return owner;
  }

  /** Nothing waits and nothing is in hand. */
  get idle(): boolean {
    return this.#in_hand.size === 0 && this.#queue.size === 0;
  }

  /** Has the launcher up by the time that the first attempt is there. */
  warmUp(): void {
    void (async () => this.#launch(this.own()))().catch(() => {
      // Whoever needs the launcher next tries again, and says what is wrong.
    });
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

  /** What the caller should hear of the machine's trouble, once per failed try. */
  takeComplaint(): ProviderError | null {
    return this.#setback.takeComplaint();
  }

  /** Takes in what the launcher wrote, and hands it more. */
  follow(): void {
    if (this.#owner !== null && this.#launcher !== null) this.#options.books.follow(this.#owner);
    let ended = 0;
    for (const attempt of this.#in_hand) {
      if (attempt.end !== null) {
        this.#in_hand.delete(attempt);
        ended++;
      } else if (attempt.phase === 'sent' && attempt.returned !== null)
        this.#tryAgain(attempt, attempt.returned);
    }
    this.#ahead = Math.min(AHEAD.most, Math.max(AHEAD.least, 2 * ended));
    for (const attempt of this.#probes) {
      if (attempt.end === null && attempt.process === null) continue;
      this.#probes.clear();
      this.#setback.over();
      break;
    }
    this.pump();
  }

  /** Where nobody is there to hear of an error. */
  #followQuietly(): void {
    try {
      this.follow();
    } catch (error) {
      this.#setback.begin(error);
    }
    this.#options.onChange();
  }

  pump(): void {
    const window = this.#slots > 0 ? this.#slots + this.#ahead : 0;
    while (!this.blocked && !this.#closed && !this.#setback.waiting && this.#in_hand.size < window) {
      const attempt = this.#queue.next();
      if (attempt === null) return;
      if (attempt.end !== null || attempt.phase !== 'queued') continue;
      attempt.phase = 'making_ready';
      this.#in_hand.add(attempt);
      const making = this.#makeReady(attempt).then(() => {
        this.#making.delete(making);
        if (attempt.end === null) return;
        this.#in_hand.delete(attempt);
        this.#options.onChange();
        this.pump();
      });
      this.#making.add(making);
    }
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Asks the launcher to end those that it has. */
  cancel(attempts: readonly Attempt[], now: boolean): void {
    const sent = attempts.filter((attempt) => attempt.phase === 'sent');
    this.#launcher?.cancel(
      sent.map(({ submission: s }) => launcherId(s.run_id, s.key)),
      now,
    );
  }

  /** Hands nothing more out; waits a moment for copies of code that are being made, not for environments. */
  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#launcher !== null) this.#launcher.close();
    else this.#noteClosed();
    const waited = new AbortController();
    await Promise.race([Promise.all(this.#making), this.#options.clock.sleep(1000, waited.signal)]);
    waited.abort();
  }

  /** Without a launcher nobody else would tell the next process that this owner is free. */
  #noteClosed(): void {
    try {
      this.#owner?.journal.append([{ e: 'closed', at: this.#options.clock.now() }]);
    } catch {
      // The end of this process tells it too.
    }
  }

  /** Never rejects. */
  async #makeReady(attempt: Attempt): Promise<void> {
    const owner = this.#owner;
    const still = (): boolean =>
      !this.#closed && attempt.end === null && this.#owner === owner && attempt.owner === owner?.id;
    if (owner === null || !still()) return;
    try {
      try {
        await this.#handOver(attempt, owner, still);
      } catch (error) {
        if (isMachineTrouble(error, this.#options.state_folder)) throw error;
        if (still()) this.#fail(attempt.submission, messageOf(error));
      }
    } catch (error) {
      // Also when what the attempt itself did wrong could not be written down: it will do it again.
      if (still()) this.#tryAgain(attempt, error);
    }
  }

  async #handOver(attempt: Attempt, owner: Owner, still: () => boolean): Promise<void> {
    const { books, preparation } = this.#options;
    const { submission } = attempt;
    const steps = preparation.steps(submission);
    await this.#environments(attempt, preparation.environmentsOf(submission, steps), still);
    const folder = books.attemptFolder(submission.run_id, submission.key);
    const order = await preparation.order(submission, steps, folder);
    if (!still()) return;
    const launcher = await this.#launch(owner);
    this.#endIfCanceled(submission);
    if (!still()) return;
    attempt.phase = 'sent';
    attempt.returned = null;
    if (this.#setback.lasts) this.#probes.add(attempt);
    launcher.feed(order);
  }

  #fail({ run_id, key }: Submission, message: string): void {
    const { books, clock } = this.#options;
    books.append(books.run(run_id), [
      { e: 'failed', at: clock.now(), keys: [key], reason: 'setup', message },
    ]);
  }

  /** Back into the queue, for the machine's sake; the attempt is not used up. */
  #tryAgain(attempt: Attempt, why: unknown): void {
    this.#probes.clear();
    this.#in_hand.delete(attempt);
    attempt.phase = 'queued';
    this.#queue.putBack(attempt);
    try {
      this.#endIfCanceled(attempt.submission);
    } catch {
      // It is ended at the next try.
    }
    this.#setback.begin(why);
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
    const { managed } = preparation;
    const missing = environments.filter((environment) => !managed.isReady(environment));
    if (missing.length === 0) return;
    const failure = missing.map((environment) => managed.failure(environment)).find((f) => f !== null);
    if (failure !== undefined) throw failure;
    const python = await preparation.python();
    const env = await preparation.env();
    if (!still()) return;
    const { run_id, key } = attempt.submission;
    books.append(books.run(run_id), [{ e: 'preparing', at: clock.now(), keys: [key] }]);
    this.#options.onChange();
    for (const environment of missing) await managed.ready(environment, python, env);
  }

  /** The one launcher of this owner, whoever asks first: two would write one journal. */
  #launch(owner: Owner): Promise<LauncherProcess> {
    if (this.#launcher !== null) return Promise.resolve(this.#launcher);
    this.#launching ??= this.#start(owner).finally(() => (this.#launching = null));
    return this.#launching;
  }

  async #start(owner: Owner): Promise<LauncherProcess> {
    const { preparation, grace_s } = this.#options;
    const python = await preparation.python();
    const env = await preparation.env();
    this.#launcher = new LauncherProcess({
      owner,
      python,
      env,
      grace_s,
      slots: this.#slots,
      onKnock: () => this.#followQuietly(),
      onDeath: () => this.#orphan(owner),
    });
    if (this.#options.gpus.length > 0) this.#launcher.setGpus(this.#options.gpus);
    if (this.#closed) this.#launcher.close();
    return this.#launcher;
  }

  #orphan(owner: Owner): void {
    this.#followQuietly();
    const in_hand = [...this.#in_hand];
    for (const attempt of [...in_hand, ...this.#queue.drain()]) attempt.phase = 'elsewhere';
    this.#in_hand.clear();
    this.#probes.clear();
    this.#launcher = null;
    this.#owner = null;
    // One that dies at its work is replaced at once; one that never gets to it would only die again.
    if (in_hand.length > 0 && !in_hand.some((attempt) => attempt.intended)) {
      this.#setback.begin(diedEarly(owner));
    }
    this.#options.onOrphaned(owner);
  }
}
