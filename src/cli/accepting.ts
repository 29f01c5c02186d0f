import type { Project } from '../app.ts';
import { selectCircuits } from '../fleet/index.ts';
import { toIso } from '../kernel/clock.ts';
import { accept } from '../registry/index.ts';
import { appendEvents } from '../store/index.ts';
import type { Planned } from '../actions/index.ts';
import { print, printJson } from './render/output.ts';

/** Records that the good models of some circuits stand for what the circuits want now; all of them or none. */
export async function acceptCircuits(
  project: Project,
  { plan, fleet }: Planned,
  selectors: readonly string[],
  reason: string,
  json: boolean,
): Promise<void> {
  const wanted = new Set((selectCircuits(fleet, selectors) ?? fleet.circuits).map((c) => c.id));
  const circuits = plan.circuits.filter((c) => wanted.has(c.id));
  const actor = await project.actor();
  const now = project.clock.now();
  const accepted = await project.store.tx(async (tx) => {
    const done = [];
    for (const c of circuits) {
      if (c.cause === 'unchanged') continue;
      const model = await accept(tx, {
        circuit_id: c.id,
        training_hash: c.training_hash,
        inputs_digest: c.inputs_digest,
        reason,
        by: actor.name,
        at: toIso(now),
      });
      done.push({
        circuit: c.id,
        model_name: model.model_name,
        version: model.version,
        training_hash: c.training_hash,
      });
    }
    await appendEvents(
      tx,
      now,
      done.map((d) => ({
        type: 'model.accepted',
        actor,
        circuit_id: d.circuit,
        message: `${actor.name} accepted ${d.model_name} v${d.version} for ${d.training_hash}: ${reason}`,
        data: { ...d, reason },
      })),
    );
    return done;
  });
  if (json) printJson({ accepted });
  else {
    for (const a of accepted)
      print(`${a.circuit}: ${a.model_name} v${a.version} stands for ${a.training_hash}`);
    print(
      accepted.length === 0
        ? 'Nothing to accept: these circuits are unchanged.'
        : `Accepted ${accepted.length}.`,
    );
  }
}
