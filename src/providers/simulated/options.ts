import picomatch from 'picomatch';
import type { PreflightProblem, Submission } from '../../jobs/compute.ts';
import { type Clock, systemClock } from '../../kernel/clock.ts';
import { UsageError } from '../../kernel/errors.ts';
import type { Failure } from './failures.ts';

export interface SimulatedOptions {
  /** Ledgers lie in `<state_folder>/simulated/`. */
  readonly state_folder: string;
  readonly clock?: Clock;
  /** Virtual seconds that an attempt runs; 30 unless told. */
  readonly duration_s?: number;
  /** How far durations spread around that, as a share of it, from 0 to 1; 0.2 unless told. */
  readonly duration_spread?: number;
  /** Virtual seconds before a slot is asked for, and for preparing; 2 and 3 unless told. */
  readonly queue_s?: number;
  readonly prepare_s?: number;
  /** The share of attempts that fail, from 0 to 1. */
  readonly fail_rate?: number;
  /**
   * Who fails for certain: `flottec_2130` or a glob, every attempt; `flottec_2130:2` the first two attempts;
   * `flottec_2130=CUDA out of memory` with this text; `flottec_*:1=The node was preempted.` both.
   */
  readonly fail?: readonly string[];
  /** Virtual seconds per real second; 1000 unless told, 1 is real time. */
  readonly speed?: number;
  /** How many attempts of a run hold a slot at once; null, the default: no limit. */
  readonly max_parallel?: number | null;
  /** Another seed, another fate. */
  readonly seed?: number;
  /** Overrules chance for a submission, for tests and rehearsals with a plot; asked once, when it is taken over. */
  readonly script?: (submission: Submission) => Scripted;
  /** What a run was started with, whichever process goes on with it; goes before the options here. */
  readonly of_run?: (run_id: string) => Promise<Partial<RunSimulation> | null>;
  /** Why nothing is known of a run that was here once. */
  readonly removed?: (run_id: string) => Promise<Error | null>;
  /** What `preflight` finds. */
  readonly preflight?: readonly PreflightProblem[];
}

/** Options that a run keeps. */
export type RunSimulation = Pick<
  SimulatedOptions,
  | 'duration_s'
  | 'duration_spread'
  | 'queue_s'
  | 'prepare_s'
  | 'seed'
  | 'fail_rate'
  | 'fail'
  | 'speed'
  | 'max_parallel'
>;

/** What a script lays down; whatever it leaves out is left to the other options. */
export interface Scripted {
  /** Virtual seconds, exactly. */
  readonly duration_s?: number;
  /** Null: it does not fail, whatever the other options say. */
  readonly failure?: Failure | null;
  readonly metrics?: Readonly<Record<string, number>> | null;
  /** The whole log, there from the moment it runs. */
  readonly log?: string;
}

/** Options with every default filled in and every rule parsed. */
export interface Settings extends Required<Omit<SimulatedOptions, 'fail'>> {
  readonly fail: readonly FailRule[];
}

export interface FailRule {
  readonly matches: (circuit_id: string) => boolean;
  /** How many attempts of a circuit fail; null: all. */
  readonly attempts: number | null;
  /** Null: a text from the catalog. */
  readonly text: string | null;
}

/** Thirty years: longer times would leave what a date can say. */
export const MOST_SECONDS = 1e9;

/** @throws UsageError for a number out of range or a rule that names nobody */
export function toSettings(options: SimulatedOptions): Settings {
  const settings: Settings = {
    clock: systemClock,
    duration_s: 30,
    duration_spread: 0.2,
    queue_s: 2,
    prepare_s: 3,
    fail_rate: 0,
    speed: 1000,
    max_parallel: null,
    seed: 1,
    script: () => ({}),
    of_run: () => Promise.resolve(null),
    removed: () => Promise.resolve(null),
    preflight: [],
    ...options,
    fail: (options.fail ?? []).map(parseFailRule),
  };
  checkRange('duration_s', settings.duration_s, 0, MOST_SECONDS);
  checkRange('duration_spread', settings.duration_spread, 0, 1);
  checkRange('queue_s', settings.queue_s, 0, MOST_SECONDS);
  checkRange('prepare_s', settings.prepare_s, 0, MOST_SECONDS);
  checkRange('fail_rate', settings.fail_rate, 0, 1);
  checkRange('speed', settings.speed, 0.001, 1e6);
  if (settings.max_parallel !== null) checkRange('max_parallel', settings.max_parallel, 1, 1e9);
  return settings;
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new UsageError(`The simulation's ${name} is ${value}.`, {
    hint: `Give a number from ${least} to ${most}.`,
  });
}

export function parseFailRule(rule: string): FailRule {
  const parts = /^([^=]*?)(?::(\d+))?(?:=(.*))?$/s.exec(rule);
  const pattern = parts?.[1]?.trim() ?? '';
  const text = parts?.[3]?.trim();
  if (pattern === '' || text === '') {
    throw new UsageError(`The simulation cannot read the failure \`${rule}\`.`, {
      hint: 'Write a circuit id or glob, then `:2` for the first two attempts only, then `=text` for the error text.',
    });
  }
  const attempts = parts?.[2];
  return {
    matches: picomatch(pattern),
    attempts: attempts === undefined ? null : Number(attempts),
    text: text ?? null,
  };
}
