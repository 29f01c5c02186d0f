import type { Planned, ScriptSettings } from '../../actions/index.ts';
import type { Env } from '../../app.ts';
import type { Plan, PlanOptions, SealInputs, SealedPlan } from '../../fleet/index.ts';
import type { ErrorCode, Problem } from '../../kernel/errors.ts';

/** What a thread is started for. */
export type ThreadTask = { readonly root: string; readonly env: Env } & (
  | { readonly kind: 'states' }
  | { readonly kind: 'scripts'; readonly settings: ScriptSettings }
  | {
      readonly kind: 'retention';
      /** How many things are named. */
      readonly most: number;
    }
  | {
      readonly kind: 'plan';
      readonly options: PlanOptions;
      readonly pins: Readonly<Record<string, number>> | null;
    }
);

export type ListName = 'circuits' | 'pinned' | 'scripts';

/** What it says: lists piece by piece, then one word that it is done. */
export type FromThread =
  | { readonly kind: 'items'; readonly list: ListName; readonly json: string }
  | { readonly kind: 'states' }
  | { readonly kind: 'scripts' }
  | { readonly kind: 'plan' | 'retention'; readonly json: string }
  | {
      readonly kind: 'refused';
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint: string | null;
      readonly problems: readonly Problem[];
    }
  | { readonly kind: 'broken'; readonly message: string };

/** A plan without its long lists. */
export interface PlanTold {
  readonly plan: Omit<Plan, 'circuits' | 'pinned'>;
  readonly selected: Planned['selected'];
  readonly component: { readonly name: string; readonly version: string; readonly digest: string };
  readonly environments: readonly {
    readonly name: string;
    readonly version: string;
    readonly digest: string;
  }[];
  readonly inputs: SealInputs;
  readonly options: PlanOptions;
  /** The plan sealed, as `trainyard plan -o` writes it. */
  readonly sealed: SealedPlan;
}
