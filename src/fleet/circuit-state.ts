import type { Cause, PlannedCircuit } from './plan.ts';
import type { FieldChange } from './settings.ts';

/**
 * How a circuit stands, in one word: `good` (its good model is what it wants), `new` (no model yet), `stale` (settings or
 * data moved on), `owed` (the next run trains it: something began and did not end), `failed` (the next run's retry gate
 * offers it), `waiting` (an open run's gate does), `training`.
 */
export const CIRCUIT_STATES = ['good', 'stale', 'owed', 'failed', 'training', 'waiting', 'new'] as const;
export type CircuitState = (typeof CIRCUIT_STATES)[number];

/** How one circuit stands, and why. */
export interface CircuitStanding {
  readonly id: string;
  readonly plant_id: string;
  readonly circuit_id: string;
  readonly model_name: string;
  readonly state: CircuitState;
  readonly cause: Cause;
  readonly reason: string;
  readonly training_hash: string;
  readonly inputs_digest: string;
  readonly previous_hash: string | null;
  readonly line: number;
  readonly changes: readonly FieldChange[];
  readonly good: { readonly version: number; readonly created_at: string } | null;
  /** Since when it is known to be without the model it wants; null: it has it. */
  readonly owed_since: string | null;
  /** The circuit after defaults, JSON. */
  readonly settings: string;
}

/** From what a plan with default options says of the circuit. Pure. */
export function circuitState(
  { action, cause }: Pick<PlannedCircuit, 'action' | 'cause'>,
  facts: {
    /** The plan has it for the retry gate of the next run. */
    readonly offered: boolean;
    /** A job of an open run is under way. */
    readonly in_training: boolean;
  },
): CircuitState {
  if (facts.in_training) return 'training';
  switch (cause) {
    case 'unchanged':
    case 'accepted':
      return 'good';
    case 'new':
      return 'new';
    case 'config':
    case 'data':
    case 'component':
    case 'inputs':
    case 'selected':
      return 'stale';
    case 'owed_unfinished':
      return action === 'train' ? 'owed' : 'training';
    case 'owed_failed':
      return facts.offered ? 'failed' : 'waiting';
    default:
      return cause satisfies never;
  }
}
