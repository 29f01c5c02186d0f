import { NotFoundError, UsageError } from '../kernel/errors.ts';
import { addSeconds, batches } from '../store/index.ts';
import type { Db } from '../store/index.ts';
import { goodModelsOf } from './good-models.ts';
import type { GoodModel } from './good-models.ts';
import { ROWS } from './version-store.ts';

/** What a circuit's good model shall stand for from now on. */
export interface Acceptance {
  readonly circuit_id: string;
  readonly training_hash: string;
  readonly inputs_digest: string;
}

/** Who says so, and why. */
export interface Word {
  readonly reason: string;
  readonly by: string;
  /** ISO text. */
  readonly at: string;
}

/**
 * Puts on record that the good models of circuits stand for other hashes, all of them or none, and returns the models as
 * they count now, in the same order. The word holds for these versions only: a newer model, or an older one after a
 * withdrawal, does not inherit it. Saying the same again adds nothing, nor does saying of a model what it was trained on.
 * Call it inside a transaction.
 * @throws NotFoundError when a circuit has no good model
 * @throws UsageError without a reason or a name
 */
export async function accept(
  tx: Db,
  acceptances: readonly Acceptance[],
  { reason, by, at }: Word,
): Promise<GoodModel[]> {
  const ids = acceptances.map((each) => each.circuit_id);
  if (reason.trim() === '' || by.trim() === '') {
    throw new UsageError(`Accepting the model of ${ids.slice(0, 3).join(', ')} needs a reason and a name.`, {
      hint: `Type \`trainyard accept ${ids[0] ?? 'CIRCUIT'} --reason "…"\`.`,
    });
  }
  const models = await goodModelsOf(tx, ids);
  const newest = await newestWords(tx, ids);
  const rows = acceptances.flatMap(({ circuit_id, training_hash, inputs_digest }) => {
    const model = models.get(circuit_id);
    if (model === undefined) throw noModel(circuit_id);
    if (standsAlready(model, { training_hash, inputs_digest, reason, by })) return [];
    // The newest word counts, so no later one may bear an earlier time, whatever the machine's clock does.
    const before = newest.get(circuit_id);
    const accepted_at = before === undefined || before < at ? at : addSeconds(before, 0.001);
    const { model_name, version } = model;
    models.set(circuit_id, {
      ...model,
      accepted: { hash: training_hash, digest: inputs_digest, reason, by, at: accepted_at },
    });
    return [
      { circuit_id, model_name, version, training_hash, inputs_digest, reason, accepted_by: by, accepted_at },
    ];
  });
  for (const some of batches(rows, ROWS)) await tx.insertInto('acceptances').values(some).execute();
  return ids.flatMap((id) => models.get(id) ?? []);
}

const noModel = (circuit_id: string): NotFoundError =>
  new NotFoundError(`The circuit ${circuit_id} has no good model that could be accepted.`, {
    hint: `Train it: \`trainyard run --circuits ${circuit_id}\`.`,
  });

/** The digest counts only where the model has one. */
export const wasTrainedOn = (
  model: Pick<GoodModel, 'training_hash' | 'inputs_digest'>,
  { training_hash, inputs_digest }: Omit<Acceptance, 'circuit_id'>,
): boolean =>
  model.training_hash === training_hash &&
  (model.inputs_digest === '' || model.inputs_digest === inputs_digest);

function standsAlready(
  model: GoodModel,
  wanted: Omit<Acceptance, 'circuit_id'> & Pick<Word, 'reason' | 'by'>,
): boolean {
  const { accepted } = model;
  if (wasTrainedOn(model, wanted)) return true;
  return (
    accepted?.hash === wanted.training_hash &&
    accepted.digest === wanted.inputs_digest &&
    accepted.reason === wanted.reason &&
    accepted.by === wanted.by
  );
}

/** When somebody last accepted something of these circuits, by circuit. */
async function newestWords(tx: Db, circuit_ids: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const ids of batches(circuit_ids, ROWS)) {
    const rows = await tx
      .selectFrom('acceptances')
      .select(['circuit_id', (e) => e.fn.max('accepted_at').as('at')])
      .where('circuit_id', 'in', ids)
      .groupBy('circuit_id')
      .execute();
    for (const { circuit_id, at } of rows) found.set(circuit_id, at);
  }
  return found;
}
