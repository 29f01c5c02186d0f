import type { Project } from '../app.ts';
import type { Actor } from '../gates/index.ts';
import { waitAgain } from '../hooks/index.ts';
import { NotFoundError } from '../kernel/errors.ts';
import { appendEvents } from '../store/index.ts';
import { hookNamed } from './take-delivery.ts';

/**
 * Has calls of a hook that failed wait once more, once what was wrong is put right. Returns how many.
 * @param ids null: the newest that failed
 * @throws NotFoundError where none of them failed
 */
export async function retryDeliveries(
  project: Project,
  name: string,
  ids: readonly string[] | null,
  actor: Actor,
): Promise<number> {
  hookNamed(project, name);
  const { store, clock } = project;
  const found = await store.tx(async (tx) => {
    const waiting = await waitAgain(tx, name, ids);
    if (waiting.length > 0)
      await appendEvents(tx, clock.now(), [
        {
          type: 'hook.retried',
          actor,
          message: `${actor.name} had ${waiting.length === 1 ? `call ${waiting[0] ?? ''}` : `${waiting.length} calls`} of hook ${name} tried again`,
          data: { hook: name, deliveries: waiting },
        },
      ]);
    return waiting;
  });
  if (found.length > 0) return found.length;
  throw new NotFoundError(
    ids === null ? `No call of hook ${name} failed.` : `None of these calls of hook ${name} failed.`,
    { hint: `See them with \`trainyard hooks history ${name}\`.` },
  );
}
