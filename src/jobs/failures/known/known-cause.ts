import type { FailureClass } from '../failure.ts';

/**
 * A cause that is recognised by its words. The first that fits a text counts, so narrow ones stand before wide ones.
 * Patterns meet texts of anybody: every repetition in them is bounded.
 */
export interface KnownCause {
  readonly id: string;
  readonly class: FailureClass;
  /** Tried on `ErrorName: message`, on log lines and on providers' messages. Named groups tell causes of this kind apart. */
  readonly pattern: RegExp;
  /** What else tells them apart: the text without what varies, or the host it speaks of (the text where it names none). */
  readonly by?: 'host' | 'text';
  /** Where the real text says too little, or too much that varies. */
  readonly title?: string;
  /**
   * `root`: explains the errors after it in a log, too. `weak`: names no cause of its own; anything else that is known
   * says more.
   */
  readonly says?: 'root' | 'weak';
  /** What to do; without it the advice of the class holds. */
  readonly advice?: string;
}
