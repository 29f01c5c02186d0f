import { createHash } from 'node:crypto';
import type { LastJob } from '../jobs/index.ts';
import { isOver } from '../jobs/index.ts';
import type { GoodModel } from '../registry/index.ts';
import type { InHand } from './in-hand.ts';
import type { Circuit } from './load-fleet.ts';
import type { FieldChange } from './settings.ts';

/** Why a circuit is in or out, one word for machines. */
export const CAUSES = [
  'new',
  'config',
  'data',
  'component',
  'inputs',
  'owed_unfinished',
  'owed_failed',
  'selected',
  'unchanged',
  'accepted',
] as const;
export type Cause = (typeof CAUSES)[number];

/** What the plan says of one circuit. `line` is where it stands in circuits.yaml. */
export interface PlannedCircuit {
  readonly id: string;
  readonly action: 'train' | 'skip';
  readonly reason: string;
  readonly cause: Cause;
  readonly line: number;
  readonly training_hash: string;
  readonly inputs_digest: string;
  readonly previous_hash: string | null;
  readonly changes: readonly FieldChange[];
}

/** How a plan looked for changes. */
export type Detection =
  | { readonly mode: 'hash' }
  | { readonly mode: 'git'; readonly base_ref: string; readonly base_commit: string };

/** A circuit with what it wants to be trained on, all pinned. */
export interface WantedCircuit {
  readonly circuit: Circuit;
  readonly training_hash: string;
  readonly inputs_digest: string;
}

/** Everything that deciding about one circuit looks at. */
export interface CircuitFacts {
  readonly wanted: WantedCircuit;
  readonly good: GoodModel | null;
  readonly last_job: LastJob | null;
  /** An open run that has the circuit on its list. */
  readonly in_hand?: InHand | null;
  /** Fields that differ from the base commit (git) or from the good model's settings (hash); null: not known. */
  readonly changes: readonly FieldChange[] | null;
  readonly changed_since_base: boolean;
  readonly detection: Detection;
  /** Null: no manual selection. */
  readonly selected: boolean | null;
  readonly if_changed: boolean;
  readonly include_failed: boolean;
}

/** True when the circuit's good model stands for exactly what the circuit wants. The digest counts only where the model has one. */
export function isUpToDate(wanted: WantedCircuit, good: GoodModel | null): boolean {
  if (good === null) return false;
  const standsFor = (hash: string, digest: string): boolean =>
    hash === wanted.training_hash && (digest === '' || digest === wanted.inputs_digest);
  // What it was trained on, and what somebody accepted it for besides.
  return (
    standsFor(good.training_hash, good.inputs_digest) ||
    (good.accepted !== null && standsFor(good.accepted.hash, good.accepted.digest))
  );
}

/** Decides about one circuit. Pure. */
export function planCircuit(facts: CircuitFacts): PlannedCircuit {
  const { wanted, good } = facts;
  const decided = decide(facts);
  return {
    id: wanted.circuit.id,
    ...decided,
    line: wanted.circuit.line,
    training_hash: wanted.training_hash,
    inputs_digest: wanted.inputs_digest,
    previous_hash: good?.training_hash ?? null,
    changes: decided.cause === 'unchanged' || decided.cause === 'accepted' ? [] : (facts.changes ?? []),
  };
}

function decide(facts: CircuitFacts): { action: 'train' | 'skip'; cause: Cause; reason: string } {
  const { wanted, good } = facts;
  if (facts.selected === false) return { action: 'skip', cause: 'unchanged', reason: 'not selected' };
  const elsewhere = inHand(facts);
  if (elsewhere !== null) return elsewhere;
  const forced = facts.selected === true && !facts.if_changed;
  if (forced && !isInFlight(facts)) return { action: 'train', cause: 'selected', reason: 'selected by hand' };
  if (!forced && good !== null && isUpToDate(wanted, good)) return upToDate(wanted, good);
  return owed(facts) ?? changed(facts);
}

function upToDate(wanted: WantedCircuit, good: GoodModel): { action: 'skip'; cause: Cause; reason: string } {
  const trainedOnThis =
    good.training_hash === wanted.training_hash &&
    (good.inputs_digest === '' || good.inputs_digest === wanted.inputs_digest);
  if (good.accepted !== null && !trainedOnThis) {
    return {
      action: 'skip',
      cause: 'accepted',
      reason: `${good.model_name} v${good.version} was accepted for these settings by ${good.accepted.by}: ${good.accepted.reason}`,
    };
  }
  return { action: 'skip', cause: 'unchanged', reason: `same as ${good.model_name} v${good.version}` };
}

/** An open run is going to train exactly this, or asks about it at its retry gate: it is decided there, and once. */
function inHand({
  in_hand,
  wanted,
  last_job,
}: CircuitFacts): { action: 'skip'; cause: Cause; reason: string } | null {
  if (
    in_hand == null ||
    in_hand.training_hash !== wanted.training_hash ||
    in_hand.inputs_digest !== wanted.inputs_digest
  )
    return null;
  // Once that run has a job for it, the job tells more.
  if (last_job !== null && last_job.run_number >= in_hand.run_number) return null;
  if (in_hand.action === 'train')
    return {
      action: 'skip',
      cause: 'owed_unfinished',
      reason: `run ${in_hand.run_number} is about to train it`,
    };
  return {
    action: 'skip',
    cause: 'owed_failed',
    reason: `run ${in_hand.run_number} offers it at its retry gate`,
  };
}

/** Another run is training exactly this right now: not even a hand-picked circuit is paid for twice. */
function isInFlight({ last_job, wanted }: CircuitFacts): boolean {
  return (
    last_job !== null &&
    !last_job.run_over &&
    !isOver(last_job.status) &&
    last_job.training_hash === wanted.training_hash &&
    last_job.inputs_digest === wanted.inputs_digest
  );
}

/** What the newest job at the wanted hash left behind. */
function owed(facts: CircuitFacts): { action: 'train' | 'skip'; cause: Cause; reason: string } | null {
  const job = facts.last_job;
  if (
    job === null ||
    job.training_hash !== facts.wanted.training_hash ||
    job.inputs_digest !== facts.wanted.inputs_digest
  )
    return null;
  const run = `run ${job.run_number}`;
  if (job.status === 'failed') {
    const why = job.message === null ? '' : ` (${job.message})`;
    if (facts.include_failed && job.settled)
      return {
        action: 'train',
        cause: 'owed_failed',
        reason: `failed in ${run}${why}; trained again as asked`,
      };
    return {
      action: 'skip',
      cause: 'owed_failed',
      reason: job.settled
        ? `failed in ${run}${why}; the retry gate offers it again`
        : `failed in ${run}${why}, which still waits at its retry gate`,
    };
  }
  if (!job.run_over && job.status !== 'canceled') {
    const state = isOver(job.status) ? 'has trained it and goes on with it' : 'is training it';
    return { action: 'skip', cause: 'owed_unfinished', reason: `${run} ${state} (job ${job.name})` };
  }
  switch (job.status) {
    case 'canceled':
      return { action: 'train', cause: 'owed_unfinished', reason: `its job was canceled in ${run}` };
    case 'succeeded':
      return {
        action: 'train',
        cause: 'owed_unfinished',
        reason: `trained in ${run}, but that model is not in the registry as good`,
      };
    default:
      return { action: 'train', cause: 'owed_unfinished', reason: `${run} ended before its job did` };
  }
}

function changed(facts: CircuitFacts): { action: 'train'; cause: Cause; reason: string } {
  const { good, detection, changes } = facts;
  if (good === null) return { action: 'train', cause: 'new', reason: 'no model yet' };
  if (changes === null || changes.length === 0) {
    return {
      action: 'train',
      cause: 'config',
      reason: `training hash ${facts.wanted.training_hash} differs from ${good.training_hash} of ${good.model_name} v${good.version}`,
    };
  }
  const cause = causeOf(changes);
  const told = describeChanges(changes);
  if (detection.mode === 'git' && !facts.changed_since_base) {
    return { action: 'train', cause, reason: `owed since before ${detection.base_ref}: ${told}` };
  }
  return { action: 'train', cause, reason: told };
}

/** What each setting is the cause of; settings that are not here change nothing that is trained. */
const CAUSE_OF_FIELD: Readonly<Record<string, Cause>> = {
  cutoff_date: 'config',
  training_days: 'config',
  hyperparameters: 'config',
  delta_version: 'data',
  pipeline_component_version: 'component',
  features: 'inputs',
  filter: 'inputs',
  data_path: 'inputs',
  delta_table_path: 'inputs',
  data_content: 'inputs',
  plant_column: 'inputs',
  circuit_column: 'inputs',
  time_column: 'inputs',
};

/** The most telling cause first: what somebody typed for the circuit, then its data, the component, its inputs. */
function causeOf(changes: readonly FieldChange[]): Cause {
  const causes = new Set(changes.map((c) => CAUSE_OF_FIELD[c.field.split('.', 1)[0] ?? '']));
  for (const cause of ['config', 'data', 'component', 'inputs'] as const) if (causes.has(cause)) return cause;
  return 'config';
}

/** `hyperparameters.ridge 1 → 2, training_days 30 → 60`, at most three. */
function describeChanges(changes: readonly FieldChange[]): string {
  const told = changes.slice(0, 3).map(({ field, before, after }) => {
    // A number that was put into quotation marks looks the same without them.
    const alike = typeof before !== typeof after && show(before) === show(after);
    const write = alike ? JSON.stringify : show;
    return `${field} ${write(before)} → ${write(after)}`;
  });
  return changes.length > 3 ? `${told.join(', ')} and ${changes.length - 3} more` : told.join(', ');
}

function show(value: unknown): string {
  if (value === undefined || value === null) return 'none';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 37)}…` : text;
}

/** What the guard on breadth found. */
export interface Guard {
  readonly blocked: boolean;
  /** Circuits with a good model that would be trained again. */
  readonly retrain: number;
  readonly with_model: number;
  /** The share that needs no reason. */
  readonly max_changed: number;
  readonly allow_wide: string | null;
}

/** A plan that would retrain more than the allowed share of the fleet, and at least ten, needs a reason. */
export function guardBreadth(
  counts: { retrain: number; with_model: number },
  max_changed: number,
  allow_wide: string | null,
): Guard {
  // A hair of tolerance: 35 % of 5,200 is a little under 1,820 in binary fractions.
  const wide = counts.retrain >= 10 && counts.retrain > max_changed * counts.with_model + 1e-6;
  return { blocked: wide && allow_wide === null, ...counts, max_changed, allow_wide };
}

/** Identifies a plan by what it says: the same decisions on the same inputs give the same id. */
export function planId(parts: {
  readonly detection: Detection;
  readonly circuits: Iterable<PlannedCircuit>;
  readonly seal: string;
}): string {
  const hasher = createHash('sha256');
  hasher.update(JSON.stringify(parts.detection));
  hasher.update(parts.seal);
  for (const c of parts.circuits)
    hasher.update(`${c.id}\0${c.action}\0${c.cause}\0${c.training_hash}\0${c.inputs_digest}\n`);
  return `plan_${hasher.digest('hex').slice(0, 12)}`;
}
