/**
 * The port through which jobs reach a world that trains: this machine, a simulation, Azure ML, Kubernetes, Ray.
 * Small and batch first: a provider lists, it is never asked job by job. Outcomes of the work are observations;
 * an exception means that the call itself failed (`ProviderError`, whose `retryable` says whether to try again).
 */
import type { Component, Environment, InputValue } from '../assets/index.ts';
import type { OutputFile } from '../registry/index.ts';

export type { OutputFile };

/** One attempt of one job, ready to be handed over. */
export interface Submission {
  /**
   * Names the attempt in the provider's world, `[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}`. Handing a key over twice yields
   * one piece of work, whatever crashed in between.
   */
  readonly key: string;
  readonly job_name: string;
  readonly run_id: string;
  readonly circuit_id: string;
  /** From 1. */
  readonly attempt: number;
  /** Per attempt; null means none. */
  readonly timeout_s: number | null;
  readonly component: Component;
  /** The environment the circuit asks for; null where the component names none. */
  readonly environment: Environment | null;
  /** Values for the component's inputs. Secrets stand in them as `${env:NAME}` and are resolved by the provider at use. */
  readonly inputs: Readonly<Record<string, InputValue>>;
  /** Extra environment variables, same rule for secrets. */
  readonly environment_variables: Readonly<Record<string, string>>;
  /** Left out: in a clean folder of its own, with the component's code. */
  readonly in_place?: InPlace;
}

/** Work that runs where its files lie; only a provider on this machine can. Paths are absolute. */
export interface InPlace {
  /** Its working folder. */
  readonly folder: string;
  /** Program and arguments, instead of the component's command. */
  readonly argv: readonly string[];
  /** A second name for its log, made when it starts. */
  readonly log: string;
  /** What all its processes may hold together before they are ended (`out_of_memory`); null: no limit. */
  readonly memory_limit_mib: number | null;
  /** How many GPUs are handed to it, by `CUDA_VISIBLE_DEVICES`. */
  readonly gpus: number;
}

/** Why an attempt failed; the same words in every provider. */
export const FAILURE_REASONS = [
  'user_code',
  'setup',
  'out_of_memory',
  'timed_out',
  'no_model',
  'lost',
  'no_capacity',
  'preempted',
  'provider_error',
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** What an attempt used, where the provider can tell. Null: not known. */
export interface Usage {
  readonly cpu_s: number | null;
  /** Of the largest process of the attempt. */
  readonly peak_memory_mib: number | null;
}

/** What a provider says of one attempt. Times are ISO text in UTC; a phase's clock stands still once it is over. */
export type Observation = ObservationBase &
  (
    | { readonly state: 'queued' | 'preparing' | 'running' }
    | { readonly state: 'succeeded'; readonly exit_code: number | null; readonly ended_at: string }
    | {
        readonly state: 'failed';
        readonly reason: FailureReason;
        /** One line that says what happened, fit for a table. */
        readonly message: string;
        readonly exit_code: number | null;
        readonly ended_at: string;
      }
    | { readonly state: 'canceled'; readonly ended_at: string }
  );

interface ObservationBase {
  readonly key: string;
  readonly submitted_at: string;
  readonly running_at: string | null;
  /** Seconds in each phase so far, by the provider's own clock (a simulation's runs faster than ours). */
  readonly queued_s: number;
  readonly preparing_s: number;
  readonly running_s: number;
  readonly usage: Usage;
  /** The provider's own page about the attempt. */
  readonly url: string | null;
}

/** What became of one submission. Refused is an outcome of the work (a bad spec), not of the call. */
export type SubmitOutcome =
  | { readonly key: string; readonly accepted: true }
  | {
      readonly key: string;
      readonly accepted: false;
      readonly reason: FailureReason;
      readonly message: string;
    };

/** Something that would make jobs fail, found before the first one is submitted. */
export interface PreflightProblem {
  readonly kind: 'compute' | 'quota' | 'files' | 'data' | 'names' | 'environment';
  /** Empty: all of them. */
  readonly circuit_ids: readonly string[];
  readonly message: string;
  readonly hint: string;
}

export interface JobOutputs {
  /** Files of the named output; empty when the job wrote nothing there. */
  files(output: string): Promise<readonly OutputFile[]>;
  /** Numbers of the first `metrics.json` found in the outputs; null when there is none. */
  readonly metrics: Readonly<Record<string, number>> | null;
  /** What was wrong with `metrics.json`, if anything. */
  readonly metrics_problem: string | null;
}

export interface LogChunk {
  readonly text: string;
  /** Ask again from here. */
  readonly next_offset: number;
  /** True when the attempt is over and nothing more will come. */
  readonly ended: boolean;
}

/** `true`, or the reason why the provider lacks it: that sentence is what the user is told. */
export type Capability = true | string;

export interface ComputeDescription {
  readonly name: string;
  /** For people, for example `this machine, 2 at a time`. */
  readonly title: string;
  readonly capabilities: {
    readonly logs: Capability;
    readonly push: Capability;
    readonly usage: Capability;
    readonly outputs: Capability;
    readonly capacity: Capability;
  };
}

export interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
  readonly hint: string | null;
}

/** Room for work, as it is now. */
export interface Capacity {
  /** How many jobs could begin at once; null: not known. */
  readonly free: number | null;
  /** How many can run at the same time at most; null: no limit that is known. */
  readonly slots: number | null;
  /** For people, for example `2 of 2 workers are free`. */
  readonly message: string;
}

/** What lies on this machine of runs: logs, work folders, outputs, journals. */
export interface KeptRuns {
  /** Runs of which something lies here. */
  runs(): Promise<readonly string[]>;
  size(run_id: string): Promise<Kept>;
  /** Removes all of it, harmless twice. The run is over; whoever asks for its logs then is told so. */
  remove(run_id: string): Promise<void>;
  /**
   * Removes what belongs to no single run, such as journals of processes that have ended, once all runs it speaks of are
   * removed. `without`: as if these were, too. With `dry_run` nothing is removed; returns how much it is.
   */
  removeRest(options: { readonly dry_run: boolean; readonly without: ReadonlySet<string> }): Promise<Kept>;
}

export interface Kept {
  readonly files: number;
  readonly bytes: number;
}

export interface Compute {
  describe(): ComputeDescription;
  /** Is everything there that the provider needs? For `doctor`; changes nothing. */
  check(): Promise<readonly CheckResult[]>;
  /** A plan will be submitted soon: begins what takes a moment to get ready. Returns at once and never throws. */
  warmUp?(): void;
  /** Looks at a whole plan before its first job. Parts of components that this provider cannot honour come as `warnings`. */
  preflight(
    submissions: readonly Submission[],
  ): Promise<{ problems: readonly PreflightProblem[]; warnings: readonly string[] }>;
  /** Takes attempts over, idempotent per key. Returns one outcome per submission, in order. */
  submit(submissions: readonly Submission[]): Promise<readonly SubmitOutcome[]>;
  /**
   * Everything the provider knows of a run's attempts, in one call. `cursor` from the last answer asks only for what
   * changed since; a provider may ignore it. An attempt that was accepted and is known no more comes as failed/lost.
   */
  list(query: { readonly run_id: string; readonly cursor: string | null }): Promise<{
    readonly observations: readonly Observation[];
    readonly cursor: string | null;
  }>;
  /**
   * Asks for the end of attempts, with no grace where `at_once`; unknown and ended ones are silently fine. Returns when
   * their processes are gone or going.
   */
  cancel(run_id: string, keys: readonly string[], options?: { readonly at_once: boolean }): Promise<void>;
  /** Missing where `capabilities.logs` gives a reason. Offsets are bytes; a negative one counts from the present end. */
  logs?(query: {
    readonly run_id: string;
    readonly key: string;
    readonly offset: number;
    readonly limit: number;
  }): Promise<LogChunk>;
  /** Missing where `capabilities.outputs` gives a reason. */
  outputs?(run_id: string, key: string): Promise<JobOutputs>;
  /**
   * Calls back after something changed, never more than about 20 times a second; `over` when nothing that was submitted
   * here is under way any more, so that waiting for further news would be in vain. Missing where `capabilities.push`
   * gives a reason.
   */
  watch?(changed: (over: boolean) => void): () => void;
  /** Whether there is room for more work now. Missing where `capabilities.capacity` gives a reason. */
  capacity?(): Promise<Capacity>;
  /** For retention; missing where nothing lies on this machine. */
  readonly kept?: KeptRuns;
  /** Lets go; work in flight goes on. */
  close(): Promise<void>;
}
