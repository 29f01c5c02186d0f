import type { Project } from '../app.ts';
import type { Cause, PlanOptions } from '../fleet/index.ts';
import type { Actor } from '../gates/index.ts';
import { toIso } from '../kernel/clock.ts';
import { accept, wasTrainedOn } from '../registry/index.ts';
import { appendEvents } from '../store/index.ts';

/** What a plan says of a circuit whose model is to stand for it. */
interface Wanting {
  readonly id: string;
  readonly cause: Cause;
  readonly training_hash: string;
  readonly inputs_digest: string;
}

/** A good model, and what it stands for from now on. */
export interface AcceptedModel {
  readonly circuit: string;
  readonly model_name: string;
  readonly version: number;
  readonly training_hash: string;
}

/** The plan to accept models by: of these circuits, whatever is not as their good models have it. */
export const acceptOptions = (circuits: readonly string[]): PlanOptions => ({
  detection: 'hash',
  base_ref: null,
  circuits: [...circuits],
  if_changed: true,
  include_failed: false,
  allow_wide: null,
});

/**
 * Records that the good models of some circuits stand for what a plan says that the circuits want; all of them or none.
 * Circuits that the plan leaves alone are passed over, and models that were trained on just that.
 * @throws NotFoundError for a circuit without a good model
 */
export async function acceptModels(
  { store, clock }: Pick<Project, 'store' | 'clock'>,
  circuits: readonly Wanting[],
  { reason, actor }: { readonly reason: string; readonly actor: Actor },
): Promise<AcceptedModel[]> {
  const changed = circuits.filter((c) => c.cause !== 'unchanged');
  if (changed.length === 0) return [];
  const now = clock.now();
  return store.tx(async (tx) => {
    const models = await accept(
      tx,
      changed.map(({ id, training_hash, inputs_digest }) => ({
        circuit_id: id,
        training_hash,
        inputs_digest,
      })),
      { reason, by: actor.name, at: toIso(now) },
    );
    const wanted = new Map(changed.map((c) => [c.id, c]));
    const accepted = models.flatMap((model) => {
      const { circuit_id, model_name, version } = model;
      const circuit = wanted.get(circuit_id);
      // What was picked by hand may be what it was trained on.
      if (circuit === undefined || wasTrainedOn(model, circuit)) return [];
      return [{ circuit: circuit_id, model_name, version, training_hash: circuit.training_hash }];
    });
    await appendEvents(
      tx,
      now,
      accepted.map((each) => ({
        type: 'model.accepted',
        actor,
        circuit_id: each.circuit,
        message: `${actor.name} accepted ${each.model_name} v${each.version} for ${each.training_hash}: ${reason}`,
        data: { ...each, reason },
      })),
    );
    return accepted;
  });
}
