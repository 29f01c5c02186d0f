import type { Project } from '../app.ts';
import { circuitState, settingsOf } from '../fleet/index.ts';
import type { CircuitStanding } from '../fleet/index.ts';
import { circuitsInTraining, firstTried } from '../jobs/index.ts';
import { toIso } from '../kernel/clock.ts';
import { goodModels } from '../registry/index.ts';
import { planProject } from './plan-project.ts';

/** What is remembered of a circuit between two looks. */
export type KnownDebt = Pick<CircuitStanding, 'training_hash' | 'inputs_digest' | 'owed_since'>;

/**
 * How every circuit stands against its good model, sorted by id: a plan with default options, told as states.
 * `known` is what an earlier look found, so that a debt keeps the time at which it was first seen.
 */
export async function fleetStates(
  project: Project,
  known: ReadonlyMap<string, KnownDebt>,
): Promise<CircuitStanding[]> {
  const { db } = project.store;
  const { plan, fleet } = await planProject(
    project,
    {
      // Against the good models: what a base commit says explains a change, and makes no circuit better or worse.
      detection: 'hash',
      base_ref: null,
      circuits: [],
      if_changed: false,
      include_failed: false,
      allow_wide: null,
    },
    { keep_digests: true },
  );
  const [good, training] = [await goodModels(db), await circuitsInTraining(db)];
  const now = toIso(project.clock.now());
  const standings: (CircuitStanding & { owed_since: string | null })[] = [];
  for (const planned of plan.circuits) {
    const circuit = fleet.by_id.get(planned.id);
    if (circuit === undefined) continue;
    const { id, plant_id, circuit_id, model_name } = circuit;
    const model = good.get(id);
    const state = circuitState(planned, { offered: plan.pinned.has(id), in_training: training.has(id) });
    const before = known.get(id);
    const same =
      before !== undefined &&
      before.training_hash === planned.training_hash &&
      before.inputs_digest === planned.inputs_digest;
    const { cause, reason, training_hash, inputs_digest, previous_hash, line, changes } = planned;
    standings.push({
      id,
      plant_id,
      circuit_id,
      model_name,
      state,
      cause,
      reason,
      training_hash,
      inputs_digest,
      previous_hash,
      line,
      changes,
      good: model === undefined ? null : { version: model.version, created_at: model.created_at },
      owed_since: cause === 'unchanged' || cause === 'accepted' ? null : (same && before.owed_since) || now,
      settings: JSON.stringify(settingsOf(circuit)),
    });
  }
  // What was tried and did not come off has been owed since the first try, whoever looked.
  const tried = await firstTried(
    db,
    standings.filter((c) => c.cause === 'owed_failed' || c.cause === 'owed_unfinished'),
  );
  for (const standing of standings) {
    const at = tried.get(standing.id);
    if (at !== undefined && standing.owed_since !== null && at < standing.owed_since)
      standing.owed_since = at;
  }
  return standings.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
