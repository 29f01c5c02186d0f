import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Component, Environment } from '../../assets/index.ts';
import { systemCode } from '../../kernel/errors.ts';
import { fileError } from '../../kernel/files.ts';
import { endOf, type Attempt } from './attempt.ts';
import { LineFile, type Fact, type LedgerLine } from './facts.ts';
import type { Owner } from './owner.ts';
import { restore } from './stored-submission.ts';

/** One run's attempts, as its ledger and the journals of its owners tell. */
export interface RunBook {
  readonly run_id: string;
  readonly ledger: LineFile<LedgerLine>;
  readonly attempts: Map<string, Attempt>;
  readonly components: Map<string, Component>;
  readonly environments: Map<string, Environment>;
}

/**
 * What the files below the state folder say: a ledger per run (`jobs/<run>/ledger.jsonl`, written by orchestrators) and a
 * journal per owner (`launchers/<owner>/journal.jsonl`, written by its launcher). Runs are read when they are asked for.
 */
export class Books {
  readonly runs = new Map<string, RunBook>();
  readonly owners = new Map<string, Owner>();
  /** The latest revision. */
  revision = 0;
  readonly #state_folder: string;

  constructor(state_folder: string) {
    this.#state_folder = state_folder;
  }

  runFolder(run_id: string): string {
    return join(this.#state_folder, 'jobs', run_id);
  }

  attemptFolder(run_id: string, key: string): string {
    return join(this.runFolder(run_id), key);
  }

  ownerFolder(id: string): string {
    return join(this.#state_folder, 'launchers', id);
  }

  /** Runs that have a folder here. */
  runNames(): string[] {
    return namesIn(join(this.#state_folder, 'jobs'));
  }

  /** Owners that have a folder here. */
  ownerNames(): string[] {
    return namesIn(join(this.#state_folder, 'launchers')).toSorted();
  }

  /** Gets to know all owners. Those that are done and whose runs were all removed since are removed too. */
  findOwners(): void {
    for (const name of this.ownerNames()) {
      const owner = this.owner(name);
      if (owner.done && !this.runsOf(owner).some((run_id) => existsSync(this.runFolder(run_id)))) {
        rmSync(owner.folder, { recursive: true, force: true });
        this.owners.delete(name);
      }
    }
  }

  owner(id: string): Owner {
    const known = this.owners.get(id);
    if (known !== undefined) return known;
    const folder = this.ownerFolder(id);
    const owner: Owner = {
      id,
      folder,
      journal: new LineFile(join(folder, 'journal.jsonl')),
      done: existsSync(join(folder, 'done')),
      closed: false,
    };
    this.owners.set(id, owner);
    return owner;
  }

  /** The runs that an owner ever had attempts of. */
  runsOf(owner: Owner): string[] {
    return namesIn(join(owner.folder, 'runs'));
  }

  /** Says, before its first line in the run's ledger, that an owner has attempts of a run. */
  markRun(owner: Owner, run_id: string): void {
    mkdirSync(join(owner.folder, 'runs'), { recursive: true });
    writeFileSync(join(owner.folder, 'runs', run_id), '');
  }

  markDone(owner: Owner): void {
    owner.done = true;
    mkdirSync(owner.folder, { recursive: true });
    writeFileSync(join(owner.folder, 'done'), '');
  }

  /** The run's book, brought up to date with the files. */
  run(run_id: string): RunBook {
    const known = this.runs.get(run_id);
    if (known !== undefined) {
      this.#readLedger(known);
      return known;
    }
    const book: RunBook = {
      run_id,
      ledger: new LineFile(join(this.runFolder(run_id), 'ledger.jsonl')),
      attempts: new Map(),
      components: new Map(),
      environments: new Map(),
    };
    this.runs.set(run_id, book);
    this.#readLedger(book);
    for (const id of new Set([...book.attempts.values()].map((attempt) => attempt.owner))) {
      // Its journal may have been read before this run was of interest.
      const owner = this.owner(id);
      for (const fact of new LineFile<Fact>(owner.journal.path).readNew()) this.#apply(owner, fact, run_id);
    }
    return book;
  }

  /** Reads what an owner's launcher wrote since. True when there was something. */
  follow(owner: Owner): boolean {
    const facts = owner.journal.readNew();
    // Read in this order, a wish to cancel is never learned of after an end that came later.
    for (const run_id of new Set(facts.flatMap((f) => (f.e === 'ended' ? splitId(f.key).run_id : [])))) {
      const book = this.runs.get(run_id);
      if (book !== undefined) this.#readLedgerIfPossible(book);
    }
    for (const fact of facts) this.#apply(owner, fact, null);
    return facts.length > 0;
  }

  /** How many attempts are with a launcher and not over. */
  inHand(): number {
    let count = 0;
    for (const { attempts } of this.runs.values())
      for (const attempt of attempts.values())
        if (attempt.end === null && (attempt.intended || attempt.phase === 'sent')) count++;
    return count;
  }

  append(book: RunBook, lines: readonly LedgerLine[], options?: { sync: boolean }): void {
    book.ledger.append(lines, options);
    this.#readLedger(book);
  }

  changed(attempt: Attempt): void {
    attempt.revision = ++this.revision;
  }

  /** Attempts of loaded runs that an owner has and that are not over. */
  openAttempts(owner: Owner): { book: RunBook; attempt: Attempt }[] {
    const found: { book: RunBook; attempt: Attempt }[] = [];
    for (const book of this.runs.values()) {
      for (const attempt of book.attempts.values()) {
        if (attempt.owner === owner.id && attempt.end === null) found.push({ book, attempt });
      }
    }
    return found;
  }

  #endCanceled(attempt: Attempt, at: number): void {
    const from = attempt.running_at ?? attempt.preparing_at ?? attempt.submitted_at;
    attempt.end = { at: Math.max(at, from), cpu_s: null, rss_kib: null, state: 'canceled' };
    this.changed(attempt);
  }

  /** The facts in hand are read once and must not be lost to an error here. */
  #readLedgerIfPossible(book: RunBook): void {
    try {
      this.#readLedger(book);
    } catch {
      // The next look at the run meets the same error, and somebody hears of it.
    }
  }

  #readLedger(book: RunBook): void {
    for (const line of book.ledger.readNew()) this.#applyLedger(book, line);
  }

  #applyLedger(book: RunBook, line: LedgerLine): void {
    switch (line.e) {
      // The values were written by this program from these types.
      case 'component':
        book.components.set(line.digest, line.value as Component);
        return;
      case 'environment':
        book.environments.set(line.digest, line.value as Environment);
        return;
      case 'accepted': {
        const submission = restore(book, line.submission);
        if (submission === null || book.attempts.has(submission.key)) return;
        const attempt: Attempt = {
          submission,
          submitted_at: line.at,
          owner: line.owner,
          phase: 'elsewhere',
          preparing_at: null,
          running_at: null,
          intended: false,
          returned: null,
          process: null,
          cancel_at: null,
          end: null,
          revision: 0,
        };
        book.attempts.set(submission.key, attempt);
        this.owner(line.owner);
        this.changed(attempt);
        return;
      }
      case 'taken':
        this.owner(line.to);
        for (const attempt of this.#named(book, line.keys)) {
          if (attempt.owner === line.from) attempt.owner = line.to;
        }
        return;
      case 'preparing':
        for (const attempt of this.#named(book, line.keys)) {
          if (attempt.preparing_at !== null) continue;
          attempt.preparing_at = Math.max(line.at, attempt.submitted_at);
          this.changed(attempt);
        }
        return;
      case 'cancel':
        for (const attempt of this.#named(book, line.keys)) attempt.cancel_at ??= line.at;
        return;
      case 'canceled':
        for (const attempt of this.#named(book, line.keys)) this.#endCanceled(attempt, line.at);
        return;
      case 'failed':
        for (const attempt of this.#named(book, line.keys)) {
          const at = Math.max(line.at, attempt.running_at ?? attempt.preparing_at ?? attempt.submitted_at);
          const { reason, message } = line;
          attempt.end = { at, cpu_s: null, rss_kib: null, state: 'failed', reason, message, exit_code: null };
          this.changed(attempt);
        }
    }
  }

  /** Those of the attempts that are not over. */
  #named(book: RunBook, keys: readonly string[]): Attempt[] {
    return keys.flatMap((key) => book.attempts.get(key) ?? []).filter((attempt) => attempt.end === null);
  }

  #apply(owner: Owner, fact: Fact, only_run: string | null): void {
    if (fact.e === 'closed') owner.closed = true;
    if (fact.e === 'open' || fact.e === 'closed') return;
    const { run_id, key } = splitId(fact.key);
    if (only_run !== null && run_id !== only_run) return;
    const attempt = this.runs.get(run_id)?.attempts.get(key);
    if (attempt === undefined) return;
    switch (fact.e) {
      case 'intent':
        attempt.intended = true;
        attempt.process = null;
        return;
      case 'started':
        attempt.process = { pid: fact.pid, start: fact.start };
        if (attempt.running_at !== null) return;
        attempt.running_at = Math.max(fact.at, attempt.preparing_at ?? attempt.submitted_at);
        break;
      case 'ended':
        if (attempt.end !== null) return;
        attempt.end = endOf(fact, attempt);
        break;
      case 'dropped':
        if (attempt.end === null) this.#endCanceled(attempt, fact.at);
        return;
      case 'returned':
        attempt.intended = false;
        attempt.returned = fact.why;
        return;
    }
    this.changed(attempt);
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw fileError(`read ${folder}`, error);
  }
}

/** What launchers know an attempt by; neither half holds a slash. */
export const launcherId = (run_id: string, key: string): string => `${run_id}/${key}`;

function splitId(id: string): { run_id: string; key: string } {
  const slash = id.indexOf('/');
  return { run_id: id.slice(0, slash), key: id.slice(slash + 1) };
}
