import { statSync } from 'node:fs';
import { mkdir, open, readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ProviderError, fileErrorHint, messageOf, systemCode } from '../../kernel/errors.ts';
import { syncFolder } from '../../kernel/files.ts';
import { LedgerLine } from './attempt.ts';

/** One accepted attempt of a run, as crash tests count them. */
export interface LedgerEntry {
  readonly key: string;
  readonly job_name: string;
  readonly circuit_id: string;
  readonly attempt: number;
  /** How often its work was started; anything but 1 is a defect. */
  readonly started: number;
}

const SUFFIX = '.ledger.jsonl';

/** Runs that have a ledger. */
export async function ledgers(state_folder: string): Promise<string[]> {
  const names = await readdir(join(state_folder, 'simulated')).catch(() => []);
  return names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length));
}

/** What a run's ledger says was started, in order; empty for a run nobody submitted. */
export async function ledger(state_folder: string, run_id: string): Promise<readonly LedgerEntry[]> {
  const { lines } = await new LedgerFile(state_folder, run_id).read();
  const entries = new Map<string, LedgerEntry>();
  for (const line of lines) {
    if (line.kind !== 'accepted') continue;
    const { key, job_name, circuit_id, attempt } = line;
    entries.set(key, { key, job_name, circuit_id, attempt, started: (entries.get(key)?.started ?? 0) + 1 });
  }
  return [...entries.values()];
}

/**
 * The append-only file that is the simulation's only state. Several processes may read and append: every call first
 * reads what others wrote. A torn last line, left by a crash while writing, was never accepted and is passed over.
 */
export class LedgerFile {
  readonly path: string;
  #offset = 0;
  /** The file does not end with a line break, so the next line has to bring one. */
  #openEnd = false;

  constructor(state_folder: string, run_id: string) {
    if (!/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,199}$/.test(run_id)) {
      throw new ProviderError('simulated', `The run id ${JSON.stringify(run_id)} cannot name a file.`, {
        retryable: false,
      });
    }
    this.path = join(state_folder, 'simulated', `${run_id}${SUFFIX}`);
  }

  /** Lines that came since the last call; `restarted` when the file is another one or gone, and the lines are all there are. */
  async read(): Promise<{ lines: LedgerLine[]; restarted: boolean }> {
    const { size, bytes } = await this.#bytesFrom(this.#offset);
    const restarted = size < this.#offset;
    if (restarted) {
      this.#offset = 0;
      this.#openEnd = false;
      return { lines: (await this.read()).lines, restarted };
    }
    const lines: LedgerLine[] = [];
    const end = bytes.lastIndexOf(10) + 1;
    for (let from = 0; from < end;) {
      const to = bytes.indexOf(10, from);
      this.#parse(bytes.toString('utf8', from, to), lines);
      from = to + 1;
    }
    this.#offset += end;
    this.#openEnd = end < bytes.length || (this.#openEnd && bytes.length === 0);
    // A last line that is whole but for its line break counts: its work was started.
    if (this.#parse(bytes.toString('utf8', end), lines)) this.#offset += bytes.length - end;
    return { lines, restarted };
  }

  /** Appends lines in one write and makes them survive a power cut. */
  async append(lines: readonly LedgerLine[]): Promise<void> {
    const text = `${this.#openEnd ? '\n' : ''}${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
    await this.#attempt('append to', async () => {
      await mkdir(dirname(this.path), { recursive: true });
      const file = await open(this.path, 'a');
      try {
        await file.appendFile(text);
        await file.datasync();
      } finally {
        await file.close();
      }
      if (this.#offset === 0) await syncFolder(dirname(this.path));
    });
  }

  async #bytesFrom(offset: number): Promise<{ size: number; bytes: Buffer }> {
    // Asked for every output of every attempt: mostly there is nothing new, and one look says so.
    if (offset > 0 && statSync(this.path, { throwIfNoEntry: false })?.size === offset) {
      return { size: offset, bytes: Buffer.alloc(0) };
    }
    return await this.#attempt('read', async () => {
      if (offset === 0) {
        const bytes = await readFile(this.path);
        return { size: bytes.length, bytes };
      }
      const file = await open(this.path, 'r');
      try {
        const { size } = await file.stat();
        const bytes = Buffer.alloc(Math.max(0, size - offset));
        const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
        return { size, bytes: bytes.subarray(0, bytesRead) };
      } finally {
        await file.close();
      }
    }).catch((error: unknown) => {
      if (error instanceof ProviderError && systemCode(error.cause) === 'ENOENT')
        return { size: 0, bytes: Buffer.alloc(0) };
      throw error;
    });
  }

  /** True when the text was a line of the ledger. */
  #parse(text: string, into: LedgerLine[]): boolean {
    if (text === '') return false;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return false;
    }
    const line = LedgerLine.safeParse(value);
    if (!line.success) {
      throw new ProviderError(
        'simulated',
        `A line of ${this.path} cannot be understood: ${text.slice(0, 60)}`,
        {
          retryable: false,
          hint: 'Was it written by a newer version, or edited? Move the file away to forget what the simulation did in this run.',
          cause: line.error,
        },
      );
    }
    into.push(line.data);
    return true;
  }

  async #attempt<T>(action: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const code = systemCode(error);
      throw new ProviderError('simulated', `Could not ${action} ${this.path}: ${messageOf(error)}`, {
        retryable: code === 'ENOSPC' || code === 'EDQUOT' || code === 'EMFILE' || code === 'EIO',
        hint: fileErrorHint(code),
        cause: error,
      });
    }
  }
}
