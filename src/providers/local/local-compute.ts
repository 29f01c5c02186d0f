import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { Environment } from '../../assets/index.ts';
import type {
  Capacity,
  CheckResult,
  Compute,
  ComputeDescription,
  JobOutputs,
  LogChunk,
  Submission,
  SubmitOutcome,
} from '../../jobs/compute.ts';
import { backoff } from '../../kernel/backoff.ts';
import type { Clock } from '../../kernel/clock.ts';
import { newId } from '../../kernel/ids.ts';
import { NotFoundError, ProviderError } from '../../kernel/errors.ts';
import { observe, type Attempt } from './attempt.ts';
import { Books, type RunBook } from './books.ts';
import { checkMachine } from './check.ts';
import { Dispatcher } from './dispatcher.ts';
import type { LedgerLine } from './facts.ts';
import { LocalRuns } from './kept-runs.ts';
import { Listeners } from './listeners.ts';
import { Setback } from './machine-trouble.ts';
import { OtherOwners } from './other-owners.ts';
import { preflight } from './preflight.ts';
import { Preparation, type Env } from './preparation.ts';
import { readLog, readOutputs } from './results.ts';
import { newAssets, store } from './stored-submission.ts';

export interface LocalComputeOptions {
  /** `<project>/.trainyard`. Relative data paths start at the folder above it. */
  readonly state_folder: string;
  /** How many jobs run at once; `auto`: one per core. */
  readonly max_workers: number | 'auto';
  /** What `CUDA_VISIBLE_DEVICES` may say; left out: jobs that need one cannot run. */
  readonly gpus?: readonly string[];
  /** `ambient`: jobs see the packages that are installed. `managed`: a virtual environment per environment version. */
  readonly environment: 'ambient' | 'managed';
  /** An environment by its reference in a component (`azureml:name:version`), or null. */
  readonly environments: (reference: string) => Environment | null;
  /** What jobs inherit, and where `${env:NAME}` is looked up. */
  readonly env: Env;
  /** Variables that jobs do not inherit: secrets of messages and sign-in. `${env:NAME}` still finds them. */
  readonly withheld?: readonly string[];
  readonly clock: Clock;
  /** Seconds between asking a job to end and ending it. */
  readonly grace_s: number;
  /** Why nothing is kept of a run that was here once; left out: nobody removes anything. */
  readonly removed?: (run_id: string) => Promise<Error | null>;
}

/**
 * Runs jobs as processes of this machine. Everything it must remember lies in files below the state folder, so that a
 * crash at any moment loses nothing: jobs that run go on, jobs that wait are taken over by the next process.
 */
export function createLocalCompute(options: LocalComputeOptions): Compute {
  return new LocalCompute(options);
}

const KEY = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}$/;
/** Run ids become folders too; they may hold dots, as long as they climb nowhere. */
const RUN_ID = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,200}$/;

class LocalCompute implements Compute {
  readonly kept: LocalRuns;
  readonly #options: LocalComputeOptions;
  readonly #workers: number;
  readonly #books: Books;
  readonly #preparation: Preparation;
  readonly #dispatcher: Dispatcher;
  #others: OtherOwners | null = null;
  readonly #listeners: Listeners;
  readonly #closing = new AbortController();
  #tending = false;
  /** Waits between looks at earlier processes' work while the machine is in trouble. */
  readonly #setback: Setback;
  /** A look was cut short by an error: attempts may be ours that are in no queue. */
  #astray = false;
  /** Cursors of another instance mean nothing to this one. */
  readonly #instance: string;

  constructor(options: LocalComputeOptions) {
    const state_folder = resolve(options.state_folder);
    this.#options = options;
    this.#workers =
      options.max_workers === 'auto' ? availableParallelism() : Math.max(1, options.max_workers);
    this.#instance = newId('wrk', options.clock.now());
    this.#books = new Books(state_folder);
    this.kept = new LocalRuns(this.#books);
    this.#listeners = new Listeners(options.clock, this.#closing.signal, () => ({
      revision: this.#books.revision,
      over: this.#dispatcher.idle && !this.#tending,
    }));
    const { environment, environments, env } = options;
    const project_folder = dirname(state_folder);
    const withheld = options.withheld ?? [];
    this.#preparation = new Preparation({
      state_folder,
      project_folder,
      environment,
      environments,
      env,
      withheld,
    });
    this.#setback = new Setback(options.clock, this.#closing.signal, () => this.#tend());
    this.#dispatcher = new Dispatcher({
      books: this.#books,
      state_folder,
      preparation: this.#preparation,
      clock: options.clock,
      grace_s: options.grace_s,
      slots: this.#workers,
      gpus: options.gpus ?? [],
      onChange: () => this.#changed(),
      onOrphaned: () => this.#tend(),
    });
  }

  describe(): ComputeDescription {
    return {
      name: 'local',
      title: `this machine, ${this.#workers} at a time`,
      capabilities: { logs: true, push: true, usage: true, outputs: true, capacity: true },
    };
  }

  async check(): Promise<readonly CheckResult[]> {
    return checkMachine(this.#preparation, resolve(this.#options.state_folder), this.#workers);
  }

  warmUp(): void {
    try {
      this.#open();
    } catch {
      return; // whoever submits hears of it
    }
    this.#dispatcher.warmUp();
  }

  async preflight(submissions: readonly Submission[]): ReturnType<Compute['preflight']> {
    return preflight(submissions, this.#preparation, this.#options);
  }

  async submit(submissions: readonly Submission[]): Promise<readonly SubmitOutcome[]> {
    this.#open();
    const refused = new Map<string, string>();
    const runs = Map.groupBy(submissions, (s) => s.run_id);
    for (const [run_id, batch] of runs) {
      for (const { key } of batch) {
        if (!RUN_ID.test(run_id)) refused.set(key, `The run id "${run_id}" cannot be a folder's name.`);
        else if (!KEY.test(key)) refused.set(key, `The key "${key}" cannot be a folder's name.`);
      }
      this.#accept(
        run_id,
        batch.filter((s) => !refused.has(s.key)),
      );
    }
    return submissions.map(({ key }) => {
      const message = refused.get(key);
      return message === undefined
        ? { key, accepted: true }
        : { key, accepted: false, reason: 'setup', message };
    });
  }

  async list({ run_id, cursor }: Parameters<Compute['list']>[0]): ReturnType<Compute['list']> {
    this.#open();
    if (!RUN_ID.test(run_id)) return { observations: [], cursor: null };
    const book = this.#books.run(run_id);
    this.#dispatcher.follow();
    this.#tend();
    // Told between observations, not instead of them: what runs goes on.
    const complaint = this.#dispatcher.takeComplaint() ?? this.#setback.takeComplaint();
    if (complaint !== null) throw complaint;
    const since = this.#revisionOf(cursor);
    const now = this.#options.clock.now();
    return {
      observations: [...book.attempts.values()].filter((a) => a.revision > since).map((a) => observe(a, now)),
      cursor: `${this.#instance}:${this.#books.revision}`,
    };
  }

  async cancel(
    run_id: string,
    keys: readonly string[],
    { at_once }: { readonly at_once: boolean } = { at_once: false },
  ): Promise<void> {
    this.#open();
    if (!RUN_ID.test(run_id) || keys.length === 0) return;
    const book = this.#books.run(run_id);
    this.#dispatcher.follow();
    this.#tend();
    const open = keys
      .flatMap((key) => book.attempts.get(key) ?? [])
      .filter((attempt) => attempt.end === null);
    const idle = open.filter((attempt) => attempt.phase === 'queued' || attempt.phase === 'making_ready');
    const others = open.filter((attempt) => !idle.includes(attempt));
    const line = (e: 'cancel' | 'canceled', attempts: readonly Attempt[]): LedgerLine[] =>
      attempts.length === 0
        ? []
        : [{ e, at: this.#options.clock.now(), keys: attempts.map((a) => a.submission.key) }];
    // In one turn with the look above, so that what ended before it keeps its outcome.
    this.#books.append(book, [...line('canceled', idle), ...line('cancel', others)]);
    this.#dispatcher.cancel(others, at_once);
    this.#changed();
    await this.#untilEnded(others);
  }

  async logs({ run_id, key, offset, limit }: Parameters<NonNullable<Compute['logs']>>[0]): Promise<LogChunk> {
    const { book, attempt } = await this.#find(run_id, key);
    this.#dispatcher.follow();
    // Whoever only reads learns from the journal of the launcher that has it, wherever the one that asked for it is.
    const owner = this.#books.owners.get(attempt.owner);
    if (owner !== undefined) this.#books.follow(owner);
    return readLog(this.#books.attemptFolder(book.run_id, key), {
      offset,
      limit,
      over: attempt.end !== null,
    });
  }

  async outputs(run_id: string, key: string): Promise<JobOutputs> {
    const { attempt } = await this.#find(run_id, key);
    return readOutputs(this.#books.attemptFolder(run_id, key), attempt.submission.component);
  }

  capacity(): Promise<Capacity> {
    this.#open();
    this.#dispatcher.follow();
    const slots = this.#workers;
    const free = Math.max(0, slots - this.#books.inHand());
    return Promise.resolve({ free, slots, message: `${free} of ${slots} workers of this machine are free` });
  }

  watch(changed: (over: boolean) => void): () => void {
    return this.#listeners.add(changed);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#listeners.clear();
    await this.#dispatcher.close();
  }

  #accept(run_id: string, batch: readonly Submission[]): void {
    if (batch.length === 0) return;
    const book = this.#books.run(run_id);
    const by_key = new Map(batch.toReversed().map((s) => [s.key, s]));
    const fresh = [...by_key.values()].toReversed().filter((s) => !book.attempts.has(s.key));
    if (fresh.length > 0) this.#write(book, fresh);
    // Another process may have been quicker with the same key. And a call that failed after its lines were written is
    // made again: then they are in the book and in no queue.
    this.#enqueueOwn([...by_key.keys()].toReversed().flatMap((key) => book.attempts.get(key) ?? []));
    this.#changed();
  }

  #write(book: RunBook, fresh: readonly Submission[]): void {
    const owner = this.#dispatcher.own();
    this.#books.markRun(owner, book.run_id);
    const at = this.#options.clock.now();
    this.#books.append(
      book,
      [
        ...newAssets(book, fresh),
        ...fresh.map((s): LedgerLine => ({ e: 'accepted', at, owner: owner.id, submission: store(s) })),
      ],
      { sync: true },
    );
  }

  /** Those of the attempts that are this process's and in no queue yet. */
  #enqueueOwn(attempts: readonly Attempt[]): void {
    const owner = this.#dispatcher.owner?.id;
    this.#dispatcher.enqueue(
      attempts.filter((a) => a.owner === owner && a.phase === 'elsewhere' && a.end === null),
    );
  }

  async #find(run_id: string, key: string): Promise<{ book: RunBook; attempt: Attempt }> {
    const book = RUN_ID.test(run_id) ? this.#books.run(run_id) : undefined;
    const attempt = book?.attempts.get(key);
    if (book === undefined || attempt === undefined) {
      const removed = (await this.#options.removed?.(run_id)) ?? null;
      if (removed !== null) throw removed;
      throw new NotFoundError(`Run ${run_id} has no attempt ${key} on this machine.`, {
        hint: 'List the jobs of the run with `trainyard jobs list`.',
      });
    }
    return { book, attempt };
  }

  #revisionOf(cursor: string | null): number {
    const [instance, revision] = cursor?.split(':') ?? [];
    return instance === this.#instance ? Number(revision) || 0 : 0;
  }

  /** Before the first piece of work: looks for what an earlier process left. */
  #open(): void {
    if (this.#closing.signal.aborted) {
      throw new ProviderError('local', 'The local provider was closed.', { retryable: false });
    }
    if (this.#others !== null) return;
    this.#others = new OtherOwners(this.#books, this.#options);
    this.#tend();
  }

  /** One look at what earlier processes left, and more until it is settled. Never throws: a failed look is repeated. */
  #tend(): void {
    if (this.#others === null || this.#closing.signal.aborted || this.#setback.waiting) return;
    if (this.#tendOnce(this.#others) && !this.#tending) {
      this.#tending = true;
      void this.#keepTending(this.#others).then(() => (this.#tending = false));
    }
  }

  async #keepTending(others: OtherOwners): Promise<void> {
    const { signal } = this.#closing;
    let quiet = 0;
    for (let unsettled = true; unsettled && !signal.aborted;) {
      const before = this.#books.revision;
      await this.#options.clock.sleep(backoff(quiet, 20, 250), signal);
      if (signal.aborted) return;
      if (!this.#setback.waiting) unsettled = this.#tendOnce(others);
      quiet = this.#books.revision === before ? quiet + 1 : 0;
    }
  }

  #tendOnce(others: OtherOwners): boolean {
    const dispatcher = this.#dispatcher;
    const taken: Attempt[] = [];
    let unsettled = true;
    try {
      const tended = others.tend(
        dispatcher.owner,
        () => dispatcher.own(),
        (attempts) => taken.push(...attempts),
      );
      unsettled = tended.unsettled;
      dispatcher.blocked = tended.blocked;
      // What still runs from before takes room, so that a crash never leads to more work at once.
      dispatcher.setSlots(Math.max(0, this.#workers - tended.running));
      this.#setback.over();
    } catch (error) {
      // Until the next look nobody knows what an earlier launcher might still start.
      dispatcher.blocked = true;
      this.#astray = true;
      this.#setback.begin(error);
    }
    dispatcher.enqueue(taken);
    if (this.#astray && !dispatcher.blocked) {
      this.#astray = false;
      if (dispatcher.owner !== null) {
        this.#enqueueOwn(this.#books.openAttempts(dispatcher.owner).map(({ attempt }) => attempt));
      }
    }
    this.#changed();
    return unsettled;
  }

  async #untilEnded(attempts: readonly Attempt[]): Promise<void> {
    const { clock, grace_s } = this.#options;
    const limit = clock.now() + grace_s * 1000 + 2000;
    // One that another process has in its queue is going, and holds nobody up here.
    const going = (): boolean => attempts.some((a) => a.end === null && (a.intended || a.phase === 'sent'));
    while (going() && clock.now() < limit && !this.#closing.signal.aborted) {
      await clock.sleep(10, this.#closing.signal);
      this.#dispatcher.follow();
      this.#tend();
    }
  }

  #changed(): void {
    this.#listeners.tell();
  }
}
