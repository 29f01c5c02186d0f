import { closeSync, fstatSync, fsyncSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { FailureReason } from '../../jobs/compute.ts';
import { systemCode } from '../../kernel/errors.ts';
import { fileError } from '../../kernel/files.ts';

/** What a launcher writes into its journal. Times are milliseconds since 1970. See launcher.py. */
export type Fact =
  | {
      readonly e: 'open';
      readonly at: number;
      readonly pid: number;
      readonly start: string;
      readonly boot: string;
    }
  | { readonly e: 'intent'; readonly at: number; readonly key: string; readonly step: number }
  | {
      readonly e: 'started';
      readonly at: number;
      readonly key: string;
      readonly step: number;
      readonly pid: number;
      readonly start: string;
    }
  | {
      readonly e: 'ended';
      readonly at: number;
      readonly key: string;
      /** Negative: the number of the signal that ended it; null: nothing was started. */
      readonly code: number | null;
      readonly cpu_s: number;
      readonly rss_kib: number;
      readonly why: 'canceled' | 'timed_out' | 'memory' | 'setup' | null;
      /** The last line of the log, or what went wrong. */
      readonly tail: string | null;
    }
  | { readonly e: 'dropped'; readonly at: number; readonly key: string }
  | { readonly e: 'returned'; readonly at: number; readonly key: string; readonly why: string }
  | { readonly e: 'closed'; readonly at: number };

/** What orchestrators write into the ledger of a run. Of two lines that disagree the first one holds. */
export type LedgerLine =
  | { readonly e: 'component' | 'environment'; readonly digest: string; readonly value: unknown }
  | {
      readonly e: 'accepted';
      readonly at: number;
      readonly owner: string;
      readonly submission: StoredSubmission;
    }
  /** Attempts that nobody started change hands, after the launcher of `from` can start nothing more. */
  | {
      readonly e: 'taken';
      readonly at: number;
      readonly from: string;
      readonly to: string;
      readonly keys: readonly string[];
    }
  /** `cancel` is the wish, for attempts that a launcher may have; `canceled` the fact. */
  | { readonly e: 'preparing' | 'cancel' | 'canceled'; readonly at: number; readonly keys: readonly string[] }
  | {
      readonly e: 'failed';
      readonly at: number;
      readonly keys: readonly string[];
      readonly reason: FailureReason;
      readonly message: string;
    };

/** A submission whose component and environment stand once per file. Secrets stand in it as references only. */
export interface StoredSubmission {
  readonly key: string;
  readonly component: string;
  readonly environment: string | null;
  readonly [field: string]: unknown;
}

/**
 * A file of JSON lines that several processes append to and follow. A torn line, the mark of a power cut, is skipped.
 * Calls are synchronous, so that what is decided on and what is written cannot drift apart.
 */
export class LineFile<Line extends { readonly e: string }> {
  readonly path: string;
  #offset = 0;
  #rest = Buffer.alloc(0);

  constructor(path: string) {
    this.path = path;
  }

  /** The complete lines that came since the last call. */
  readNew(): Line[] {
    const lines: Line[] = [];
    let fd: number;
    try {
      fd = openSync(this.path, 'r');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return lines;
      throw fileError(`read ${this.path}`, error);
    }
    try {
      const size = fstatSync(fd).size;
      while (this.#offset < size) {
        const chunk = Buffer.allocUnsafe(Math.min(1 << 22, size - this.#offset));
        const count = readSync(fd, chunk, 0, chunk.length, this.#offset);
        if (count === 0) break;
        this.#offset += count;
        this.#take(chunk.subarray(0, count), lines);
      }
    } catch (error) {
      // Lines that were read are handed out once; the next call meets the same error.
      if (lines.length === 0) throw fileError(`read ${this.path}`, error);
    } finally {
      closeSync(fd);
    }
    return lines;
  }

  #take(chunk: Buffer, lines: Line[]): void {
    const end = chunk.lastIndexOf(0x0a);
    if (end < 0) {
      this.#rest = Buffer.concat([this.#rest, chunk]);
      return;
    }
    const text = Buffer.concat([this.#rest, chunk.subarray(0, end)]).toString('utf8');
    this.#rest = Buffer.from(chunk.subarray(end + 1));
    for (const line of text.split('\n')) {
      const value = parseLine(line);
      // Only this module's own writers write these files; a line that parses is one that was written whole.
      if (value !== null) lines.push(value as Line);
    }
  }

  /** Appends lines; with `sync` they survive a power cut once this returns. */
  append(lines: readonly Line[], { sync = false } = {}): void {
    try {
      mkdirSync(dirname(this.path), { recursive: true });
      const fd = openSync(this.path, 'a+');
      try {
        const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
        const data = Buffer.from(endsTorn(fd) ? `\n${text}` : text);
        for (let done = 0; done < data.length;) done += writeSync(fd, data, done);
        if (sync) fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      throw fileError(`write ${this.path}`, error);
    }
  }
}

function parseLine(line: string): { e: string } | null {
  if (!line.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(line);
    return isFact(value) ? value : null;
  } catch {
    return null;
  }
}

const isFact = (value: unknown): value is { e: string } =>
  typeof value === 'object' && value !== null && 'e' in value && typeof value.e === 'string';

/** Does the file end in the middle of a line? What follows must not be glued to it. */
function endsTorn(fd: number): boolean {
  const { size } = fstatSync(fd);
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  readSync(fd, last, 0, 1, size - 1);
  return last[0] !== 0x0a;
}
