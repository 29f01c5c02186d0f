/**
 * The one family of errors. A message says what happened and to what; the hint is the next thing to type.
 * Expected outcomes (no capacity, rejected, timed out) are values, not errors: an error means that the call itself failed.
 */

/** Exit codes of the command line, stable and documented in docs/cli.md. */
export const EXIT = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  not_allowed: 4,
  not_found: 5,
  conflict: 6,
  approval_refused: 7,
  provider_unavailable: 8,
  work_failed: 9,
  wait_timed_out: 10,
  waiting_for_approval: 11,
  plan_has_changes: 20,
  blocked_by_guard: 21,
  interrupted: 130,
} as const;

export type ErrorCode = Exclude<keyof typeof EXIT, 'ok' | 'plan_has_changes' | 'waiting_for_approval'>;

/** One finding in a user's file. `line` and `column` count from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
  /** Where in the document, for example `circuits[3].training_days`. */
  readonly path: string;
  readonly message: string;
  /** What to write instead. */
  readonly hint: string | null;
}

export interface ErrorOptions {
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  readonly problems?: readonly Problem[];
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Every error that a user may see. `exit_code` is what the process ends with. */
export class TrainyardError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly problems: readonly Problem[];
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
    this.problems = options.problems ?? [];
    this.details = options.details ?? {};
  }

  get exit_code(): number {
    return EXIT[this.code];
  }

  toJSON(): Record<string, unknown> {
    return {
      code: this.code,
      message: this.message,
      hint: this.hint ?? null,
      exit_code: this.exit_code,
      ...(this.problems.length > 0 ? { problems: this.problems } : {}),
      ...this.details,
    };
  }
}

/** Wrong flags, or a file that the user wrote and that cannot be used (exit 2). */
export class UsageError extends TrainyardError {
  constructor(message: string, options?: ErrorOptions) {
    super('usage', message, options);
  }
}

/** Findings in config files, all of them at once (exit 2). */
export class ConfigError extends TrainyardError {
  constructor(problems: readonly Problem[], options: Omit<ErrorOptions, 'problems'> = {}) {
    const first = problems[0];
    const where = first === undefined ? 'the configuration' : first.file;
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super(
      'usage',
      `${count} in ${where}${new Set(problems.map((p) => p.file)).size > 1 ? ' and other files' : ''}`,
      {
        ...options,
        problems,
      },
    );
  }
}

/** The caller may not do this (exit 4). */
export class NotAllowedError extends TrainyardError {
  constructor(message: string, options?: ErrorOptions) {
    super('not_allowed', message, options);
  }
}

/** The named thing does not exist (exit 5). */
export class NotFoundError extends TrainyardError {
  constructor(message: string, options?: ErrorOptions) {
    super('not_found', message, options);
  }
}

/** The world moved, or someone else holds it (exit 6). */
export class ConflictError extends TrainyardError {
  constructor(message: string, options?: ErrorOptions) {
    super('conflict', message, options);
  }
}

/** Another process did this very request meanwhile, so that nothing of it is left to do (exit 6). */
export class AnsweredError extends ConflictError {}

/** A provider or registry could not do its part just now (exit 8). `retryable` says whether trying again can help. */
export class ProviderError extends TrainyardError {
  readonly provider: string;
  readonly retryable: boolean;

  constructor(provider: string, message: string, options: ErrorOptions & { readonly retryable: boolean }) {
    super('provider_unavailable', message, options);
    this.provider = provider;
    this.retryable = options.retryable;
  }
}

/** A row of the store that does not parse: names table and key, never guesses (exit 1). */
export class CorruptRowError extends TrainyardError {
  constructor(table: string, key: string, cause: unknown) {
    super('unexpected', `The row ${key} of table ${table} cannot be read.`, {
      hint: 'Run `trainyard doctor`; restore the state folder from a backup if the file was edited or damaged.',
      cause,
    });
  }
}

/** The errno name of a system error, or null. */
export function systemCode(error: unknown): string | null {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string')
    return error.code;
  return null;
}

/** Text of anything thrown, one line. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}

/** What helps against a system error of this name, or undefined. */
export function fileErrorHint(code: string | null): string | undefined {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'The disk is full. Free some space, then run `trainyard run --resume`: nothing is lost.';
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return 'Check that the folder is writable for this user.';
    case 'ENOENT':
      return 'Check the path.';
    default:
      return undefined;
  }
}
