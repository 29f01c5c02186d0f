import type { ProjectConfig } from '../config/index.ts';
import type { Compute } from '../jobs/index.ts';
import type { Clock } from '../kernel/clock.ts';
import type { ModelRegistry } from '../registry/index.ts';
import type { Db, Store, Tx } from '../store/index.ts';
import type { Run, Stage } from './run-store.ts';

/** `dev` takes what a run registers, `shared` what promotion copies. */
export interface Registries {
  readonly dev: ModelRegistry;
  readonly shared: ModelRegistry;
}

export const registriesOf = (
  world: Pick<World, 'registries' | 'rehearsal_registries'>,
  run: Pick<Run, 'rehearsal'>,
): Registries => (run.rehearsal === 1 ? world.rehearsal_registries : world.registries);

/** Everything stages work with; made once by the composition root. */
export interface World {
  readonly store: Store;
  readonly clock: Clock;
  readonly config: ProjectConfig;
  /** Absolute project folder. */
  readonly project: string;
  /** The provider of the run; loaded when first needed. */
  compute(name: string): Promise<Compute>;
  readonly registries: Registries;
  /** Where the models of rehearsals go, apart from all others. */
  readonly rehearsal_registries: Registries;
  /** Begins what goes on beside the loop in a process that advances runs; harmless twice. Left out: nothing. */
  readonly background?: () => void;
  /** Named places where crash tests end the process; does nothing otherwise. */
  faultPoint(name: string): void;
}

/** Counts by terminal state; every stage that takes circuits in accounts for each of them. */
export type StageCounts = Readonly<Record<string, number>>;

/**
 * What one call of a stage came to. `wait` with `until` null: only a wake-up helps. A stage is called again at any
 * time, after any crash, and goes on from what the rows say.
 */
export type StageOutcome =
  | {
      readonly kind: 'done';
      readonly counts?: StageCounts;
      readonly output?: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: 'wait';
      readonly on: 'jobs' | 'approval' | 'time';
      readonly until: number | null;
      readonly counts?: StageCounts;
      readonly reason?: string;
    }
  | {
      readonly kind: 'failed';
      readonly reason: string;
      readonly counts?: StageCounts;
      readonly output?: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'canceled'; readonly reason: string };

export interface StageContext {
  readonly world: World;
  /** Those that this run registers into and promotes to. */
  readonly registries: Registries;
  readonly run: Run;
  readonly stage: Stage;
  readonly db: Db;
  readonly signal: AbortSignal;
  /** All stages of the run, as they are now. */
  stageNamed(name: string): Stage;
  /** A transaction that is refused when another process has taken the run over. */
  tx<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  now(): number;
  /** Merges into the stage's own notes, at once and durably; `together` is written in the same transaction. */
  remember(notes: Readonly<Record<string, unknown>>, together?: (tx: Tx) => Promise<void>): Promise<void>;
}

export interface StageDefinition {
  readonly name: string;
  /** Stages that must be over first. Left out: the one before in the list. */
  readonly after?: readonly string[];
  /** The gate that may hold this stage, for the picture. */
  readonly gate?: string;
  /** Asked once its predecessors are over: true to run, or the reason to skip. Left out: run when none of them failed. */
  readonly when?: (context: StageContext) => Promise<true | string>;
  readonly advance: (context: StageContext) => Promise<StageOutcome>;
  /**
   * Ends what the stage has in flight or asked for, harmless twice; the stage is advanced once more after it and comes
   * to what is left. Left out: it has nothing outside, and ends where it stands.
   */
  readonly cancel?: (context: StageContext, why: string) => Promise<void>;
}

export interface Pipeline {
  readonly name: string;
  /** A run keeps the version of the list it began with. */
  readonly version: number;
  readonly stages: readonly StageDefinition[];
  /** Ends whatever the run has in flight outside, on request or because it cannot go on; harmless twice. */
  readonly cancel: (contextFor: (stage: string) => StageContext, why: string) => Promise<void>;
  /** Asked when every stage is over: how the run ended. */
  readonly conclude: (
    context: ConcludeContext,
  ) => Promise<{ readonly status: 'succeeded' | 'failed'; readonly reason: string | null }>;
}

export interface ConcludeContext {
  readonly world: World;
  readonly run: Run;
  readonly stages: readonly Stage[];
  readonly db: Db;
}

/** Names of the stages a stage waits for. */
export function predecessors(pipeline: Pipeline, index: number): readonly string[] {
  const stage = pipeline.stages[index];
  if (stage?.after !== undefined) return stage.after;
  const before = pipeline.stages[index - 1];
  return before === undefined ? [] : [before.name];
}
