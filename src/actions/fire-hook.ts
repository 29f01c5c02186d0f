import type { Project } from '../app.ts';
import type { HookConfig, TriggeredRun } from '../config/index.ts';
import { decideDeliveries, openRunOfHook } from '../hooks/index.ts';
import type { Decision, Delivery, WaitingDelivery } from '../hooks/index.ts';
import { AnsweredError, ConflictError, TrainyardError } from '../kernel/errors.ts';
import { appendEvents } from '../store/index.ts';
import type { NewEvent, Tx } from '../store/index.ts';
import { prepareTriggered, whyOf } from './prepare-triggered.ts';
import { hookActor } from './take-delivery.ts';

/** Another run may be written down while this one is planned; then it is planned again. */
const TRIES = 3;

/**
 * Starts what a hook is for, once for all calls that wait, and puts on record what came of them: the run, the calls and
 * the event in one transaction, so that it happened whole or not at all, and once. Null: they still wait, for a run of the
 * hook that is open, or somebody else was quicker.
 */
export async function fireHook(
  project: Project,
  name: string,
  hook: HookConfig,
  waiting: readonly WaitingDelivery[],
): Promise<Decision | null> {
  const { store, world } = project;
  const deliveries = alike(hook, waiting);
  const actor = hookActor(name);
  for (let tried = 1; ; tried++) {
    try {
      const prepared = await prepareTriggered(project, runOf(hook, deliveries), actor, actor.name);
      world.faultPoint('hook.prepared');
      const decided = await store.tx(async (tx) => {
        // Seen before the work of planning, and looked at once more when the run is written.
        if ((await openRunOfHook(tx, name)) !== null) return null;
        const triggered = await prepared(tx);
        const done = await write(tx, project, name, deliveries, triggered);
        if (!done && triggered.run !== null) throw new DecidedElsewhere(name);
        return done ? triggered : null;
      });
      world.faultPoint('hook.fired');
      return decided;
    } catch (error) {
      if (error instanceof AnsweredError) throw error;
      if (error instanceof DecidedElsewhere) return null;
      if (error instanceof ConflictError && tried < TRIES) continue;
      const [strange, others] = apart(deliveries, error);
      if (strange.length > 0 && others.length > 0) {
        // Who names a circuit that is not there does not take the others along.
        await failHook(project, name, strange, whyOf(error));
        return fireHook(project, name, hook, others);
      }
      return failHook(project, name, deliveries, whyOf(error));
    }
  }
}

/** Puts on record why nothing could be started for calls that wait. Null: somebody else was quicker. */
export async function failHook(
  project: Project,
  name: string,
  deliveries: readonly Delivery[],
  message: string,
): Promise<Decision | null> {
  const failed: Decision = { outcome: 'failed', message, run: null };
  return (await project.store.tx((tx) => write(tx, project, name, deliveries, failed))) ? failed : null;
}

/** Undoes a transaction that wrote a run for calls that had one. */
class DecidedElsewhere extends ConflictError {
  constructor(name: string) {
    super(`Another process has dealt with the calls of hook ${name}.`);
  }
}

/**
 * Calls that one run can be for. Where the hook goes by the circuits that calls name, those from before it did so are for
 * everything, and go first by themselves.
 */
function alike(
  { circuits_from_body }: HookConfig,
  deliveries: readonly WaitingDelivery[],
): readonly WaitingDelivery[] {
  if (!circuits_from_body) return deliveries;
  const unnamed = deliveries.filter(({ circuits }) => circuits === null);
  return unnamed.length === 0 ? deliveries : unnamed;
}

/** What the hook runs, for the circuits that any of the calls named. */
function runOf(
  { run, circuits_from_body }: HookConfig,
  deliveries: readonly WaitingDelivery[],
): TriggeredRun {
  if (!circuits_from_body || run.pipeline === 'scripts') return run;
  const named = new Set(deliveries.flatMap(({ circuits }) => circuits ?? []));
  return named.size === 0 ? run : { ...run, circuits: [...named] };
}

/** Calls that name circuits which the fleet does not have, and the others. */
function apart(
  deliveries: readonly WaitingDelivery[],
  error: unknown,
): readonly [strange: readonly WaitingDelivery[], others: readonly WaitingDelivery[]] {
  const details = error instanceof TrainyardError ? error.details['unknown'] : undefined;
  const unknown = new Set<unknown>(Array.isArray(details) ? details : []);
  const isStrange = ({ circuits }: WaitingDelivery): boolean =>
    circuits?.some((circuit) => unknown.has(circuit)) === true;
  return [deliveries.filter(isStrange), deliveries.filter((delivery) => !isStrange(delivery))];
}

async function write(
  tx: Tx,
  { clock, world }: Project,
  name: string,
  deliveries: readonly Delivery[],
  decision: Decision,
): Promise<boolean> {
  const now = clock.now();
  if (!(await decideDeliveries(tx, now, deliveries, decision))) return false;
  await appendEvents(tx, now, [eventOf(name, deliveries, decision)]);
  world.faultPoint('hook.written');
  return true;
}

function eventOf(
  name: string,
  deliveries: readonly Delivery[],
  { outcome, message, run }: Decision,
): NewEvent {
  const newest = deliveries.at(-1);
  const data = {
    hook: name,
    delivery: newest?.id ?? null,
    calls: deliveries.length,
    run: run?.number ?? null,
  };
  const times = deliveries.length === 1 ? '' : ` for ${deliveries.length} calls`;
  const common = { actor: hookActor(name), run_id: run?.id ?? null, data };
  return outcome === 'failed'
    ? {
        ...common,
        type: 'hook.failed',
        severity: 'error',
        message: `Hook ${name} failed${times}: ${message}`,
      }
    : { ...common, type: 'hook.fired', message: `Hook ${name} fired${times}: ${message}` };
}
