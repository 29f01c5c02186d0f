import type { FailureReason } from '../../jobs/compute.ts';

/** Where in its life an attempt ends when it fails so. */
export type FailurePhase = 'queued' | 'preparing' | 'running';

export interface Failure {
  readonly reason: FailureReason;
  readonly message: string;
  readonly exit_code: number | null;
}

interface CatalogEntry extends Failure {
  /** How often it happens, against the others. */
  readonly weight: number;
}

/** Failures as they look in practice. Same cause, same text: that is how systematic faults are found. */
const CATALOG: readonly CatalogEntry[] = [
  { weight: 20, reason: 'user_code', exit_code: 1, message: 'ValueError: Input X contains NaN.' },
  { weight: 14, reason: 'user_code', exit_code: 1, message: "KeyError: 'flow_temperature'" },
  {
    weight: 10,
    reason: 'user_code',
    exit_code: 1,
    message: "FileNotFoundError: [Errno 2] No such file or directory: 'data/train.parquet'",
  },
  { weight: 6, reason: 'user_code', exit_code: 1, message: 'ZeroDivisionError: float division by zero' },
  {
    weight: 14,
    reason: 'out_of_memory',
    exit_code: 1,
    message: 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.',
  },
  {
    weight: 6,
    reason: 'out_of_memory',
    exit_code: 137,
    message: 'Killed: the process used more memory than it may.',
  },
  {
    weight: 8,
    reason: 'no_capacity',
    exit_code: null,
    message: 'The quota for this kind of machine is used up.',
  },
  { weight: 8, reason: 'preempted', exit_code: null, message: 'The node was preempted.' },
  {
    weight: 8,
    reason: 'provider_error',
    exit_code: null,
    message: 'ConnectionResetError: [Errno 104] Connection reset by peer',
  },
  { weight: 6, reason: 'setup', exit_code: null, message: 'The image could not be pulled: i/o timeout.' },
];

const TOTAL = CATALOG.reduce((sum, entry) => sum + entry.weight, 0);

/** The failure that a number in [0, 1) stands for. */
export function pickFailure(number: number): Failure {
  let rest = number * TOTAL;
  for (const entry of CATALOG) {
    rest -= entry.weight;
    if (rest < 0) return { reason: entry.reason, message: entry.message, exit_code: entry.exit_code };
  }
  return { reason: 'user_code', message: 'RuntimeError', exit_code: 1 };
}

/** Words that tell the reason of an error text somebody chose; the first match counts, else it is the user's code. */
const WORDS: readonly (readonly [RegExp, FailureReason])[] = [
  [/out of memory|outofmemory|\boom\b|memoryerror/i, 'out_of_memory'],
  [/quota|capacity|no free node/i, 'no_capacity'],
  [/preempt|evicted/i, 'preempted'],
  [/\blost\b|went away|vanished/i, 'lost'],
  [/connection (?:reset|refused)|\b50[234]\b|service unavailable/i, 'provider_error'],
  [/\bimage\b.*\bpull|conda|pip install|modulenotfounderror/i, 'setup'],
];

/** A failure with a text of one's own; what kind it is follows from its words, as does an `exit code 3` in it. */
export function failureWithText(text: string): Failure {
  const message = text.split(/\r?\n/, 1)[0]?.trim() ?? '';
  const reason = WORDS.find(([pattern]) => pattern.test(message))?.[1] ?? 'user_code';
  const exit_code = reason === 'user_code' || reason === 'out_of_memory' ? 1 : null;
  const written = /\bexit code (\d{1,3})\b/i.exec(message)?.[1];
  return { reason, message, exit_code: written === undefined ? exit_code : Number(written) };
}

export function phaseOf(reason: FailureReason): FailurePhase {
  if (reason === 'no_capacity') return 'queued';
  return reason === 'setup' ? 'preparing' : 'running';
}
