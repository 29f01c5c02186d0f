import type { Project } from '../app.ts';
import { fastForward, fetchUpstream } from '../fleet/index.ts';
import { openRunOfHook, waitingDeliveries, waitingHooks } from '../hooks/index.ts';
import type { Delivery } from '../hooks/index.ts';
import type { Ticker } from '../pipelines/index.ts';
import { failHook, fireHook } from './fire-hook.ts';
import { whyOf } from './prepare-triggered.ts';
import type { SettingsWatch } from './settings-watch.ts';

/** How often it is looked whether git has answered. */
const LOOK_MS = 200;

/** git asks elsewhere what is new, for the calls that waited when it began. */
interface Fetch {
  readonly deliveries: readonly Delivery[];
  /** Undefined: it is still asking; null: it worked; else why it did not. */
  failed: string | null | undefined;
}

/** Calls to deal with now; `failed`: why the checkout is not as they want it. */
interface Due {
  readonly deliveries: readonly Delivery[];
  readonly failed: string | null;
}

/**
 * Starts what waiting calls of the project's hooks are for. While a run that a hook started is open its next calls wait, and
 * then go together: ten pushes during a training are one more training, not ten, and none is lost.
 * @param signal aborted when the process is to end
 */
export function hooksTicker(
  project: Project,
  settings: SettingsWatch,
  signal: AbortSignal,
  say: (line: string) => void = () => undefined,
): Ticker {
  const { store, root } = project;
  const fetches = new Map<string, Fetch>();

  /** Hooks that have something to do now. */
  const ready = async (): Promise<string[]> => {
    const found: string[] = [];
    for (const name of await waitingHooks(store.db)) {
      const fetch = fetches.get(name);
      if (fetch !== undefined && fetch.failed === undefined) continue;
      if ((await openRunOfHook(store.db, name)) === null) found.push(name);
    }
    return found;
  };

  const begin = (name: string, deliveries: readonly Delivery[]): Fetch => {
    const fetch: Fetch = { deliveries, failed: undefined };
    fetches.set(name, fetch);
    void fetchUpstream(root, signal).then(
      () => (fetch.failed = null),
      (error: unknown) => (fetch.failed = whyOf(error)),
    );
    return fetch;
  };

  /** The calls to deal with now, with the checkout as they want it; null: git is still asking. */
  const upToDate = async (name: string): Promise<Due | null> => {
    const fetch = fetches.get(name) ?? begin(name, await waitingDeliveries(store.db, name));
    if (fetch.failed === undefined) return null;
    fetches.delete(name);
    const { deliveries, failed } = fetch;
    if (failed !== null) return { deliveries, failed };
    try {
      // Here and not beside it: nobody of this loop reads the files meanwhile.
      await fastForward(root);
    } catch (error) {
      return { deliveries, failed: whyOf(error) };
    }
    await settings.lookNow();
    return { deliveries, failed: null };
  };

  const turn = async (name: string): Promise<void> => {
    const hook = project.settings.hooks[name];
    if (hook?.enabled !== true) {
      const deliveries = await waitingDeliveries(store.db, name);
      await failHook(project, name, deliveries, 'it is gone from trainyard.yaml, or not enabled');
      return;
    }
    const due = hook.pull
      ? await upToDate(name)
      : { deliveries: await waitingDeliveries(store.db, name), failed: null };
    if (due === null) return;
    const { deliveries, failed } = due;
    const decided =
      failed === null
        ? // The file may say something else since.
          await fireHook(project, name, project.settings.hooks[name] ?? hook, deliveries)
        : await failHook(project, name, deliveries, failed);
    if (decided !== null) say(`Hook ${name} ${decided.outcome}: ${decided.message}`);
  };

  return {
    name: 'hooks',
    next: async () => {
      const now = project.clock.now();
      if ((await ready()).length > 0) return now;
      return [...fetches.values()].some((fetch) => fetch.failed === undefined) ? now + LOOK_MS : null;
    },
    tick: async () => {
      for (const name of await ready()) await turn(name);
    },
    busy: () => fetches.size > 0,
  };
}
