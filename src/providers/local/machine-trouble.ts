import { resolve, sep } from 'node:path';
import { backoff } from '../../kernel/backoff.ts';
import type { Clock } from '../../kernel/clock.ts';
import { ProviderError, TrainyardError, messageOf, systemCode } from '../../kernel/errors.ts';

/** What runs out on a machine, whoever asks for it. */
const EXHAUSTED = new Set('ENOSPC EDQUOT EROFS EMFILE ENFILE ENOMEM EAGAIN EIO'.split(' '));

/** Does an error say that the machine is in trouble (then waiting helps), and nothing of the attempt that met it? */
export function isMachineTrouble(error: unknown, state_folder: string): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof ProviderError || EXHAUSTED.has(systemCode(at) ?? '')) return true;
    // Whatever is wrong below the state folder is nothing that a component could cause.
    const path = 'syscall' in at && 'path' in at && typeof at.path === 'string' ? resolve(at.path) : '';
    if (path === state_folder || path.startsWith(state_folder + sep)) return true;
  }
  return false;
}

const FIRST_MS = 250;
const MOST_MS = 60_000;
/** A moment's trouble is not worth a word. */
const TRIES_UNTOLD = 2;

/** While the machine is in trouble: waits between tries, each time twice as long, up to a minute. */
export class Setback {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #resume: () => void;
  #tries = 0;
  #waiting = false;
  #complaint: ProviderError | null = null;

  /** `resume` is the next try, after each wait. */
  constructor(clock: Clock, signal: AbortSignal, resume: () => void) {
    this.#clock = clock;
    this.#signal = signal;
    this.#resume = resume;
  }

  /** A try failed and the next one is due later. */
  get waiting(): boolean {
    return this.#waiting;
  }

  /** Something failed, and nothing has gone well since. */
  get lasts(): boolean {
    return this.#tries > 0;
  }

  /** Waits for the next try; what fails meanwhile waits along. */
  begin(error: unknown): void {
    if (this.#waiting || this.#signal.aborted) return;
    this.#waiting = true;
    const wait_ms = backoff(this.#tries, FIRST_MS, MOST_MS);
    if (++this.#tries > TRIES_UNTOLD) {
      const hint = (error instanceof TrainyardError ? error.hint : undefined) ?? 'Run `trainyard doctor`.';
      this.#complaint = new ProviderError(
        'local',
        `This machine cannot start jobs at present; they wait. ${messageOf(error)}`,
        { retryable: true, hint, cause: error },
      );
    }
    void this.#clock.sleep(wait_ms, this.#signal).then(() => {
      this.#waiting = false;
      if (!this.#signal.aborted) this.#resume();
    });
  }

  /** Something went well again. */
  over(): void {
    this.#tries = 0;
    this.#complaint = null;
  }

  /** What a caller should hear of it: once per try, so that observations reach it in between. */
  takeComplaint(): ProviderError | null {
    const complaint = this.#complaint;
    this.#complaint = null;
    return complaint;
  }
}
