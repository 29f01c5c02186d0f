import { NotFoundError, UsageError } from '../kernel/errors.ts';
import { addSeconds } from '../store/index.ts';
import type { Db } from '../store/index.ts';
import { goodModel } from './good-models.ts';
import type { GoodModel } from './good-models.ts';

export interface Acceptance {
  readonly circuit_id: string;
  /** What the good model shall stand for from now on. */
  readonly training_hash: string;
  readonly inputs_digest: string;
  readonly reason: string;
  readonly by: string;
  /** ISO text. */
  readonly at: string;
}

/**
 * Puts on record that a circuit's good model stands for another hash, and returns the model as it counts now. The word
 * holds for this version only: a newer model, or an older one after a withdrawal, does not inherit it. Saying the same
 * again adds nothing. Call it inside a transaction.
 * @throws NotFoundError when the circuit has no good model
 * @throws UsageError without a reason or a name
 */
export async function accept(tx: Db, acceptance: Acceptance): Promise<GoodModel> {
  const { circuit_id, training_hash, inputs_digest, reason, by, at } = acceptance;
  if (reason.trim() === '' || by.trim() === '') {
    throw new UsageError(`Accepting the model of ${circuit_id} needs a reason and a name.`, {
      hint: `Type \`trainyard accept ${circuit_id} --reason "…"\`.`,
    });
  }
  const model = await goodModel(tx, circuit_id);
  if (model === null) {
    throw new NotFoundError(`The circuit ${circuit_id} has no good model that could be accepted.`, {
      hint: `Train it: \`trainyard run --circuits ${circuit_id}\`.`,
    });
  }
  const said = model.accepted;
  if (
    said?.hash === training_hash &&
    said.digest === inputs_digest &&
    said.reason === reason &&
    said.by === by
  )
    return model;

  const newest = await tx
    .selectFrom('acceptances')
    .select((eb) => eb.fn.max('accepted_at').as('at'))
    .where('circuit_id', '=', circuit_id)
    .executeTakeFirst();
  // The newest word counts, so no later one may bear an earlier time, whatever the machine's clock does.
  const before = newest?.at ?? null;
  const accepted_at = before === null || before < at ? at : addSeconds(before, 0.001);
  await tx
    .insertInto('acceptances')
    .values({
      circuit_id,
      model_name: model.model_name,
      version: model.version,
      training_hash,
      inputs_digest,
      reason,
      accepted_by: by,
      accepted_at,
    })
    .execute();
  return { ...model, accepted: { hash: training_hash, digest: inputs_digest, reason, by, at: accepted_at } };
}
